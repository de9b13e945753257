"""
A first configuration from kept runs.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from paceline.config import load_config
from paceline.model import Case
from paceline.proposed_settings import ProposedSettings, propose_settings
from paceline.translated_names import BudgetSource
from support.values import failed, make_case, make_run


def _proposed(*cases: Case) -> ProposedSettings:
    return propose_settings([make_run(1, cases)])


def _tests(folder: str, *seconds: float) -> list[Case]:
    return [make_case(f"{folder}/test_it.py::test_{number}", one) for number, one in enumerate(seconds)]


def _budgets(proposed: ProposedSettings) -> Mapping[str, int]:
    return {name: budget.budget_ms for name, budget in proposed.budgets.items()}


def test_folders_below_the_common_one_are_test_types() -> None:
    """
    Tests beside these folders stay unit tests; a type from a marker is kept, wherever the test is.
    """
    marked = make_case("tests/web/test_it.py::test_marked", 0.2, test_type="e2e")
    proposed = _proposed(*_tests("tests/web/cart", 0.02), *_tests("tests/db", 0.4), *_tests("tests", 0.003), marked)

    assert proposed.test_types == {"db": "tests/db/*", "web": "tests/web/*"}
    assert _budgets(proposed) == {"db": 1000, "e2e": 500, "unit": 10, "web": 50}


def test_a_budget_is_twice_the_95th_percentile_rounded_up() -> None:
    """
    By the longest of the runs; slower tests have budgets of their own, the slowest first.
    """
    usual, slow = [0.02] * 98, [0.31, 1.2]
    first, second = _tests("tests", *usual, *slow), _tests("tests", *[0.01] * 100)
    proposed = propose_settings([make_run(1, first), make_run(2, second)])

    assert _budgets(proposed) == {"unit": 50}
    assert list(proposed.slow_tests.items()) == [
        ("tests/test_it.py::test_99", 1.2),
        ("tests/test_it.py::test_98", 0.31),
    ]


def test_no_more_than_20_tests_have_budgets_of_their_own() -> None:
    """
    Where more are slow, the budget of their type is higher.
    """
    proposed = _proposed(*_tests("tests", *[0.001] * 900, *[0.2] * 30))

    assert _budgets(proposed) == {"unit": 500}
    assert proposed.slow_tests == {}


def test_failed_tests_and_budgets_of_markers_say_nothing() -> None:
    """
    A failed test ended early, and a marker is a budget already.
    """
    marked = make_case("tests/test_a.py::test_marked", 5.0, budget_source=BudgetSource.MARKER)
    proposed = _proposed(failed("tests/test_a.py::test_failed"), marked, *_tests("tests", 0.01))

    assert (proposed.tests, _budgets(proposed), proposed.slow_tests) == (1, {"unit": 20}, {})


def test_a_test_with_parameters_counts_once() -> None:
    """
    The settings say so, as pytest counts each parameter.
    """
    text = _proposed(*(make_case(f"tests/test_it.py::test_total[{number}]", 0.01) for number in range(3))).toml()

    assert "from 1 run of 1 test; a test with parameters counts once." in text


def test_the_settings_are_a_valid_configuration(tmp_path: Path) -> None:
    """
    Names of folders and tests that TOML has to quote as well.
    """
    name = 'tests/grüße/test_it.py::test_"quoted"\\n'
    text = _proposed(make_case(name, 9.0), *_tests("tests/grüße", *[0.01] * 40), *_tests("tests/v1.2", 0.01)).toml()
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    config = load_config(tmp_path / "pyproject.toml", {}, {})

    assert config.test_types == {"grüße": ("tests/grüße/*",), "v1.2": ("tests/v1.2/*",)}
    assert config.test_budgets_ms == {name: 20000}
    assert config.fail_on == ("budget", "regression", "suite_regression", "count", "leak")
    assert "unit" not in tomllib.loads(text)["tool"]["paceline"]["budgets_ms"]
