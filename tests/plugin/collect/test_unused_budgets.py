"""
Budgets that no test has.
"""

import pytest

from support.suite import Suite

_SETTINGS = """
    [tool.paceline.budgets_ms]
    unti = 50
    contract = 50
    smoke = 50
    [tool.paceline.test_budgets_ms]
    "test_a.py::test_gone" = 5
    "test_a.py::test_stress" = 5
    "test_a.py::test_each" = 5
    [tool.paceline.test_types]
    smoke = ["smoke/*"]
"""
_TESTS = """
    import pytest

    @pytest.mark.contract
    @pytest.mark.parametrize("number", [1, 2])
    def test_each(number): pass
    @pytest.mark.stress
    def test_stress(): pass
"""
_WARNINGS = (
    "paceline: test_budgets_ms has 'test_a.py::test_gone', but no test has this id",
    "paceline: budgets_ms has 'unti', but no test has this marker; known types: unit, integration, api, e2e",
)


@pytest.mark.parametrize(("arguments", "warnings"), [((), _WARNINGS), (("test_a.py",), ()), (("-k", "each"), ())])
def test_a_whole_suite_tells_what_is_misspelt(
    suite: Suite, arguments: tuple[str, ...], warnings: tuple[str, ...]
) -> None:
    """
    A test that is left out on purpose, a type by marker and one by path are known; a part of a suite says nothing.
    """
    suite.write("pyproject.toml", _SETTINGS)
    suite.write("test_a.py", _TESTS)
    output = suite.run(*arguments, "-W", "ignore::pytest.PytestUnknownMarkWarning").output

    assert tuple(line for line in output.splitlines() if "budgets_ms" in line) == warnings
