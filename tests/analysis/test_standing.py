"""
Which verdicts the last earlier run of a test had too.
"""

from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from paceline.analysis.comparability import missing_history
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.measure import Measure
from paceline.model import Case, Limit, Machine, Run
from paceline.translated_names import BudgetSource
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import failed, make_case, make_run, past_of, runs_of

_QUERIES = {UsageKey.DB_QUERIES: 30.0}
_KEPT = {UsageKey.MEMORY_RETAINED_BYTES: 4.0 * (1 << 20)}


def _timed(usual: float, now: float) -> Callable[[bool], Case]:
    return lambda is_after: make_case(seconds=now if is_after else usual, budget_seconds=10)


def _counting(is_after: bool) -> Case:
    return make_case(measures={"queries": Measure(value=101 if is_after else 1)})


def _judged(cases: Sequence[Case | None]) -> list[Run]:
    runs: list[Run] = []
    for number, case in enumerate(cases):
        run = make_run(number, [case] if case else [make_case("test_other")], commit=f"c{number}")
        runs.append(judge(run, Past.from_runs(runs), Rules()))
    return runs


def _standing(run: Run) -> list[tuple[VerdictKind, bool]]:
    return [(verdict.kind, verdict.standing) for verdict in run.verdicts]


@pytest.mark.parametrize(
    ("kind", "case_of"),
    [
        (VerdictKind.REGRESSION, _timed(0.1, 0.3)),
        (VerdictKind.BUDGET, _timed(9.9, 10.1)),
        (VerdictKind.COUNT, _counting),
    ],
)
def test_a_verdict_of_the_run_before_stands(kind: VerdictKind, case_of: Callable[[bool], Case]) -> None:
    """
    It is new in the first run that has it, and stands in the second, also where the test did not run in between.
    """
    before = [case_of(False)] * 9
    first, second = _judged([*before, case_of(True), case_of(True)])[-2:]
    later = _judged([*before, case_of(True), None, case_of(True)])[-1]

    assert _standing(first) == [(kind, False)]
    assert _standing(second) == _standing(later) == [(kind, True)]


def test_a_verdict_that_comes_back_is_new() -> None:
    """
    A budget that was kept in the run before, and broken in that before it.
    """
    over, kept = _timed(9.9, 10.1)(True), _timed(9.9, 10.1)(False)

    assert _standing(_judged([over, kept, over])[-1]) == [(VerdictKind.BUDGET, False)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (make_case(seconds=0.2, budget_seconds=0.3), make_case(seconds=0.2, budget_seconds=0.1)),
        tuple(make_case(usage=_QUERIES, limits=(Limit(measure=UsageKey.DB_QUERIES, most=most),)) for most in (40, 20)),
        tuple(make_case(measures={"rows": Measure(value=30, limit=limit)}) for limit in (40, 20)),
    ],
)
def test_a_lower_budget_makes_a_new_verdict(old: Case, new: Case) -> None:
    """
    A verdict on a budget that the last run of the test kept is new, and says so where only the budget changed.
    """
    kept, (broken,), (again,) = (run.verdicts for run in _judged([old, new, new]))

    assert kept == ()
    assert (broken.standing, again.standing) == (False, True)
    assert broken.reason == f"{again.reason}; the budget is new: the last run of the test was over it as well"


def test_a_budget_of_a_setting_is_new_after_one_that_an_option_gave() -> None:
    """
    The budget of the option may have been for one run; given in each run, it is broken in each.
    """
    of_option = make_case(seconds=0.2, budget_seconds=0.1, budget_source=BudgetSource.OPTION)
    of_setting = replace(of_option, budget_source=BudgetSource.TYPE_BUDGETS)
    _, again, new, old = (run.verdicts[0] for run in _judged([of_option, of_option, of_setting, of_setting]))

    assert (again.standing, new.standing, old.standing) == (True, False, True)
    assert new.reason.endswith("; the budget is new: the last run of the test was over it as well")


@pytest.mark.parametrize(
    "case",
    [
        failed(seconds=0.2, budget_seconds=0.1, budget_source=BudgetSource.MARKER),
        failed(
            usage=_QUERIES,
            limits=(Limit(measure=UsageKey.DB_QUERIES, most=20, source=BudgetSource.MARKER),),
        ),
        failed(measures={"rows": Measure(value=30, limit=20)}),
    ],
)
def test_a_budget_that_fails_its_test_stands(case: Case) -> None:
    """
    The history keeps no times of failed tests, but it keeps which budgets they broke.
    """
    found = [[(one.kind, one.standing) for one in run.verdicts] for run in _judged([case, case])]

    assert found == [[(VerdictKind.BUDGET, False)], [(VerdictKind.BUDGET, True)]]


@pytest.mark.parametrize(("kind", "case"), [(VerdictKind.LEAK, make_case(usage=_KEPT)), (VerdictKind.BROKEN, failed())])
def test_what_takes_three_runs_is_new_in_the_third(kind: VerdictKind, case: Case) -> None:
    """
    And stands from the fourth on.
    """
    runs = _judged([case] * 5)

    assert [_standing(run) for run in runs] == [[], [], [(kind, False)], [(kind, True)], [(kind, True)]]


def test_a_slow_suite_stands_after_its_first_run() -> None:
    """
    The suite has no case, and is judged by its calibration.
    """
    slow = {f"test_{number}": [0.1] * 9 + [0.3] * 2 for number in range(10)}
    runs: list[Run] = []
    for run in runs_of(slow, machine=Machine(calibration_seconds=0.02)):
        runs.append(judge(run, Past.from_runs(runs), Rules()))
    found = [[one.standing for one in run.verdicts if one.case is None] for run in runs]

    assert found[-2:] == [[False], [True]]


def test_a_run_knows_how_many_tests_were_compared() -> None:
    """
    Those with eight earlier runs or more.
    """
    cases = [make_case("test_old"), make_case("test_new"), failed("test_failed")]
    counts = [judge(make_run(99, cases), past_of([0.01] * runs, "test_old"), Rules()).compared for runs in (7, 8)]

    assert counts == [0, 1]


@pytest.mark.parametrize(
    ("runs", "kinds", "text"),
    [
        (0, (), "regression not judged (no earlier run)"),
        (0, (VerdictKind.BUDGET,), ""),
        (0, (VerdictKind.BUDGET, VerdictKind.COUNT), "count not judged (no earlier run)"),
        (3, (VerdictKind.COUNT, VerdictKind.REGRESSION), "regression not judged (3 of 8 earlier runs)"),
        (3, (VerdictKind.FILE_REGRESSION,), "file_regression not judged (3 of 8 earlier runs)"),
        (8, (VerdictKind.REGRESSION, VerdictKind.FILE_REGRESSION), ""),
        (8, (VerdictKind.REGRESSION, VerdictKind.SUITE_REGRESSION), ""),
        (8, (VerdictKind.TREND,), "trend not judged (8 earlier runs)"),
    ],
)
def test_kinds_that_the_past_is_too_short_for_are_named(runs: int, kinds: tuple[VerdictKind, ...], text: str) -> None:
    """
    Budgets need no past, counts three runs, regressions eight, trends nineteen.
    """
    past = past_of([0.01] * runs)
    run = judge(make_run(99, [make_case()]), past, Rules())

    assert missing_history(kinds, run, past, Rules()) == text
    assert missing_history(kinds, replace(run, compared=None), past, Rules()) == text
