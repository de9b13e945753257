"""
Failures are shown as pytest shows them without Paceline.
"""

import re
from pathlib import Path

import pytest

from support.suite import Result, Suite

_FAILURES = re.compile(r"^=+ (ERRORS|FAILURES) =+\n(.*?)(?==+ )", re.DOTALL | re.MULTILINE)
_TESTS = """
    import pytest

    @pytest.fixture
    def broken():
        raise ValueError("broken")

    @pytest.fixture
    def late():
        yield
        raise ValueError("late")

    @pytest.fixture
    def twice():
        yield
        yield

    @pytest.fixture
    def narrow(): pass

    @pytest.fixture(scope="session")
    def wide(narrow): pass

    def test_fails(): assert [1] == [2]
    def test_errors(broken): pass
    def test_asks_late(request): request.getfixturevalue("broken")
    def test_ends_badly(late): pass
    def test_yields_twice(twice): pass
    def test_has_no_fixture(missing): pass
    def test_mixes_scopes(wide): pass
"""


@pytest.mark.parametrize("options", [(), ("--tb=long",), ("--tb=short",)], ids=" ".join)
def test_a_failure_is_shown_as_without_paceline(tmp_path: Path, options: tuple[str, ...]) -> None:
    """
    An error in pytest's own code has no frame of a test in its traceback, and none of Paceline either.
    """
    suite = Suite(tmp_path)
    suite.write("test_shop.py", _TESTS)
    assert _failures(suite.run(*options)) == _failures(suite.run(*options, on=False))


def _failures(result: Result) -> list[tuple[str, str]]:
    found = _FAILURES.findall(result.output)
    assert len(found) == 2, result.output
    return found
