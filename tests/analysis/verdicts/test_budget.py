"""
Which budget holds, and what is said of a broken one.
"""

from typing import Any

import pytest
from msgspec.structs import replace

from paceline.analysis.verdicts.budget import DEFAULT_BUDGETS_MS, Budget, Budgets, judge_budget
from paceline.model import Case, Severity
from paceline.translated_names import BudgetSource
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import make_case

_BUDGETS = Budgets(
    by_test_ms={"tests/api/test_pay.py::test_card": 1},
    by_path_ms={"tests/api/*": 2, "tests/*": 3},
    by_type_ms={"unit": 4},
)


def _case(seconds: float | None, budget: float | None = 0.1, waited: float = 0.0, **changes: Any) -> Case:
    """
    A test that computed whenever it had a CPU.
    """
    usage = {UsageKey.CPU_SECONDS: (seconds or 0.0) - waited, UsageKey.CPU_WAIT_SECONDS: waited}
    known = {"budget_seconds": budget, "budget_source": BudgetSource.TYPE_BUDGETS, "usage": usage}
    return make_case(seconds=seconds, **(known | changes))


def test_types_have_default_budgets() -> None:
    """
    Unit tests have 100 ms, integration tests 2 s, tests of an API 5 s, end-to-end tests 10 s.
    """
    assert DEFAULT_BUDGETS_MS == {"unit": 100, "integration": 2000, "api": 5000, "e2e": 10000}
    assert Budgets().budget_of("test_a.py::test_one", "api") == Budget(5.0, BudgetSource.TYPE_BUDGETS, "api")


@pytest.mark.parametrize(
    ("family", "test_type", "budget"),
    [
        (
            "tests/api/test_pay.py::test_card",
            "unit",
            Budget(0.001, BudgetSource.TEST_BUDGETS, "tests/api/test_pay.py::test_card"),
        ),
        ("tests/api/test_pay.py::test_cash", "unit", Budget(0.002, BudgetSource.PATH_BUDGETS, "tests/api/*")),
        ("tests/test_cart.py::test_total", "unit", Budget(0.003, BudgetSource.PATH_BUDGETS, "tests/*")),
        ("checks/test_cart.py::test_total", "unit", Budget(0.004, BudgetSource.TYPE_BUDGETS, "unit")),
        ("checks/test_cart.py::test_total", "smoke", None),
    ],
)
def test_the_nearest_budget_holds(family: str, test_type: str, budget: Budget | None) -> None:
    """
    The test's own comes before the first path that fits, and that before its type's; a type without one has none.
    """
    assert _BUDGETS.budget_of(family, test_type) == budget


def test_the_budget_of_every_test_comes_before_paths_and_types() -> None:
    """
    `--paceline-budget` holds for each test but those with a setting of their own.
    """
    budgets = Budgets(every_ms=9, by_test_ms={"test_a.py::test_one": 1}, by_path_ms={"*": 2})

    own, every = (budgets.budget_of(f"test_a.py::{name}", "unit") for name in ("test_one", "test_two"))

    assert own == Budget(0.001, BudgetSource.TEST_BUDGETS, "test_a.py::test_one")
    assert every == Budget(0.009, BudgetSource.OPTION)


def test_a_test_over_its_budget_gets_a_verdict() -> None:
    """
    The verdict has the measured time, the limit, the factor, and where the limit comes from.
    """
    verdict = judge_budget(_case(0.15))

    assert verdict is not None
    assert (verdict.kind, verdict.severity) == (VerdictKind.BUDGET, Severity.WARNING)
    assert verdict.case == "tests/test_cart.py::test_total"
    assert (verdict.measured, verdict.limit, verdict.unit) == (0.15, 0.1, "seconds")
    assert verdict.factor == pytest.approx(1.5)
    assert verdict.reason == "took 150 ms, budget 100 ms (test type unit)"


def test_twice_the_budget_is_critical() -> None:
    """
    From a factor of 2 on a broken budget is critical.
    """
    verdicts = [judge_budget(_case(seconds)) for seconds in (0.199, 0.2)]

    assert [verdict and verdict.severity for verdict in verdicts] == [Severity.WARNING, Severity.CRITICAL]


@pytest.mark.parametrize(("seconds", "budget"), [(0.1, 0.1), (0.05, 0.1), (None, 0.1), (9.0, None)])
def test_a_kept_budget_gets_none(seconds: float | None, budget: float | None) -> None:
    """
    A test that took exactly its budget kept it; one without a time or without a budget has nothing to keep.
    """
    assert judge_budget(_case(seconds, budget)) is None


@pytest.mark.parametrize(
    ("seconds", "budget", "reason"),
    [
        (0.1004, 0.1, "took 100.4 ms, budget 100 ms (test type unit)"),
        (10.04, 10.0, "took 10.04 s, budget 10 s (test type unit)"),
        (0.100_04, 0.1, "took 100.04 ms, budget 100 ms (test type unit)"),
    ],
)
def test_a_budget_that_was_just_broken_reads_so(seconds: float, budget: float, reason: str) -> None:
    """
    There are digits enough to tell the time from the budget.
    """
    verdict = judge_budget(_case(seconds, budget))

    assert verdict is not None
    assert verdict.reason == reason


def test_a_failed_test_has_a_budget_too() -> None:
    """
    A test that fails late has broken its budget as well.
    """
    verdict = judge_budget(_case(12.0, 10.0, outcome="failed", test_type="e2e"))

    assert verdict is not None
    assert verdict.reason == "took 12 s, budget 10 s (test type e2e)"


def test_a_test_that_waited_for_a_cpu_keeps_its_budget() -> None:
    """
    A test of 0.2 ms that had no CPU for 40 ms never breaks 5 ms.
    """
    assert judge_budget(_case(0.0402, 0.005, waited=0.04)) is None


def test_the_wait_for_a_cpu_is_in_the_message_only() -> None:
    """
    Time, factor and severity are of what the test needed; the message has the time by the clock as well.
    """
    verdict = judge_budget(_case(0.23, waited=0.08))

    assert verdict is not None
    assert verdict.measured == pytest.approx(0.15)
    assert verdict.factor == pytest.approx(1.5)
    assert verdict.severity is Severity.WARNING
    assert verdict.reason == "took 230 ms, of which 80 ms waiting for a CPU, budget 100 ms (test type unit)"


def test_a_garbage_collection_for_all_tests_breaks_no_budget() -> None:
    """
    It is in the message of a test that needed too much without it.
    """
    usage = {UsageKey.CPU_SECONDS: 0.1, UsageKey.CPU_WAIT_SECONDS: 0.08, UsageKey.SHARED_GC_SECONDS: 0.03}
    within, broken = (replace(_case(seconds), usage=usage) for seconds in (0.2, 0.23))
    verdict = judge_budget(broken)

    assert judge_budget(within) is None
    assert verdict is not None
    assert verdict.reason == (
        "took 230 ms, of which 80 ms waiting for a CPU and 30 ms collecting garbage for all tests, "
        "budget 100 ms (test type unit)"
    )


@pytest.mark.parametrize("waited", [0.1, 5.0])
def test_what_was_computed_was_needed(waited: float) -> None:
    """
    Threads of a test wait at the same time, and their waits may add up to more than its time.
    """
    usage = {UsageKey.CPU_SECONDS: 0.15, UsageKey.CPU_WAIT_SECONDS: waited}
    verdict = judge_budget(_case(0.2, usage=usage))

    assert verdict is not None
    assert verdict.measured == 0.15


@pytest.mark.parametrize(("switches", "is_broken"), [(0, False), (1, True)])
def test_a_test_that_never_slept_needed_its_cpu_time(switches: int, is_broken: bool) -> None:
    """
    A hypervisor took the rest of its time, of which the system does not know as a wait.
    """
    usage = {
        UsageKey.CPU_SECONDS: 0.0002,
        UsageKey.CPU_WAIT_SECONDS: 0.0,
        UsageKey.VOLUNTARY_CONTEXT_SWITCHES: switches,
    }

    assert (judge_budget(_case(0.018, 0.005, usage=usage)) is not None) is is_broken


def test_where_the_wait_is_unknown_the_clock_decides() -> None:
    """
    The message says so.
    """
    verdict = judge_budget(_case(0.15, usage={UsageKey.CPU_SECONDS: 0.01}))

    assert verdict is not None
    assert verdict.measured == 0.15
    assert verdict.reason == (
        "took 150 ms by the clock (the wait for a CPU was not measured), budget 100 ms (test type unit)"
    )
