"""
Whether a suspect holds up.
"""

from typing import Any

import pytest
from msgspec.structs import replace

from paceline.analysis.confirmation import confirmed
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import RegressionRule, Rules
from paceline.analysis.past import NORMALIZED, Past, columns_of
from paceline.analysis.repeat_figures import Repeated
from paceline.analysis.suspects import suspects_of
from paceline.analysis.usual_machine import UsualMachine
from paceline.analysis.verdicts.budget import judge_budget
from paceline.analysis.verdicts.regression import UsualDuration, judge_regression
from paceline.kit_results import LoadResult
from paceline.measure import LOAD_P50, Measure
from paceline.model import Cause, Machine, Outcome, Run, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import TEST, make_case, make_run

_LEVEL = UsualDuration.of([0.01] * 10)


def _slow(*names: str, seconds: float = 0.04, **usage: float) -> Run:
    """
    A run in which tests looked four times as slow as usual, on a machine that was half as fast.
    """
    figures = {UsageKey.CPU_SECONDS: 2 * seconds, **{UsageKey(key): value for key, value in usage.items()}}
    cases = [make_case(name, 2 * seconds, normalized_duration_seconds=seconds, usage=figures) for name in names]
    verdicts = [judge_regression(case, _LEVEL, RegressionRule()) for case in cases]
    return make_run(1, cases, verdicts=tuple(verdict for verdict in verdicts if verdict is not None))


def _again(**seconds: tuple[float, ...]) -> Repeated:
    """
    The same tests measured again, as the clock saw them.
    """
    return Repeated(
        cases={
            name: [make_case(name, one, usage={UsageKey.CPU_SECONDS: one}) for one in repeats]
            for name, repeats in seconds.items()
        }
    )


def _told(run: Run) -> dict[str, Any]:
    return {str(verdict.case): verdict.kind.value for verdict in run.verdicts}


def test_what_holds_up_says_so() -> None:
    """
    The verdict stays, with what the repeats took on the usual machine.
    """
    (verdict,) = confirmed(_slow("test_a"), _again(test_a=(0.08, 0.082, 0.018))).verdicts

    assert verdict.kind is VerdictKind.REGRESSION
    assert verdict.reason == (
        "took 40 ms normalised, usually 10 ms (median of 10 runs): 4.0 times as long; again 40 ms in 3 repeats"
    )


def test_what_does_not_hold_up_is_not_confirmed() -> None:
    """
    It is for information, and says what the repeats took.
    """
    (verdict,) = confirmed(_slow("test_a"), _again(test_a=(0.02,))).verdicts

    assert (verdict.kind, verdict.severity) == (VerdictKind.UNCONFIRMED, "info")
    assert verdict.reason.endswith(": 4.0 times as long; not confirmed: only 10 ms in 1 repeat")


def test_a_machine_that_is_slower_now_is_taken_out_of_the_repeats() -> None:
    """
    The repeats take four times as long as usual, and so does the calibration beside them: nothing is confirmed. A
    calibration that is quicker than the machine was at first confirms nothing either.
    """
    run, repeated = _slow("test_a", seconds=0.02), _again(test_a=(0.04,) * 3)
    beside = replace(repeated, calibrations={"test_a": (0.008,) * 3})
    slower_now, faster_now = UsualMachine(calibration_seconds=0.002), UsualMachine(calibration_seconds=0.01)

    assert _told(confirmed(run, repeated)) == {"test_a": "regression"}
    assert _told(confirmed(run, beside, usual=slower_now)) == {"test_a": "unconfirmed"}
    assert confirmed(run, beside, usual=faster_now) == confirmed(run, repeated)


@pytest.mark.parametrize("seconds", [(0.08, 0.08, 0.02), (0.02, 0.08, 0.02), (0.08, 0.02), (0.02, 0.02, 0.08, 0.08)])
def test_who_judges_by_the_figures_finds_the_same(seconds: tuple[float, ...]) -> None:
    """
    The normalised time that is kept is above the limit where the regression was confirmed, and not where it was not.
    """
    run = confirmed(_slow("test_a"), _again(test_a=seconds))
    is_regression = run.verdicts[0].kind is VerdictKind.REGRESSION

    assert (judge_regression(run.cases[0], _LEVEL, RegressionRule()) is not None) is is_regression
    assert run.cases[0].duration_seconds == 0.08


def test_what_was_not_measured_again_is_believed() -> None:
    """
    As long as half of the others held up.
    """
    run = _slow("test_a", "test_b", "test_c")
    half = confirmed(run, _again(test_a=(0.08,), test_b=(0.02,)))

    assert _told(half) == {"test_a": "regression", "test_c": "regression", "test_b": "unconfirmed"}
    assert half.verdicts[1].reason.endswith(": 4.0 times as long; not measured again")


@pytest.mark.parametrize(
    ("seconds", "is_standing", "kind"),
    [(0.021, False, "regression"), (0.019, False, "unconfirmed"), (0.019, True, "regression")],
)
def test_a_slight_regression_is_believed_if_it_was_measured_twice(seconds: float, is_standing: bool, kind: str) -> None:
    """
    A test that cannot be measured again fails no run by 1.9 times its usual time, until the next run finds it, too.
    """
    level = UsualDuration.of([0.01] * 10)
    case = make_case("test_a", seconds, normalized_duration_seconds=seconds)
    verdict = judge_regression(case, level, RegressionRule(floor_ms=1))
    assert verdict is not None
    run = make_run(1, [case], verdicts=(replace(verdict, standing=is_standing),))
    (told,) = confirmed(run, Repeated(reasons={"test_a": "its module fixture was torn down"})).verdicts

    assert told.kind.value == kind
    assert "not measured again (its module fixture was torn down)" in told.reason


@pytest.mark.parametrize(
    ("seconds", "is_standing", "kind"),
    [(0.031, False, "regression"), (0.029, False, "unconfirmed"), (0.029, True, "regression")],
)
def test_one_measurement_under_load_is_believed_from_three_times_on(
    seconds: float, is_standing: bool, kind: str
) -> None:
    """
    The median of a load test that cannot be measured again fails no run by 2.9 times its usual latency, until the next
    run finds it, too.
    """
    measures = {LOAD_P50: Measure(value=seconds)}
    result = LoadResult(name="", duration_seconds=2.0, elapsed_seconds=2.0)
    case = make_case("test_a", 2.0, measures=measures, results=(result,), normalized_duration_seconds=seconds)
    verdict = judge_regression(case, _LEVEL, RegressionRule())
    assert verdict is not None
    run = make_run(1, [case], verdicts=(replace(verdict, standing=is_standing),))
    (told,) = confirmed(run, Repeated()).verdicts

    assert told.kind.value == kind


def test_where_most_did_not_hold_up_the_rest_is_not_believed() -> None:
    """
    Then it was the machine, and the reason says why nothing is known.
    """
    run = confirmed(_slow("test_a", "test_b"), _again(test_a=(0.02,)))

    assert _told(run) == {"test_a": "unconfirmed", "test_b": "unconfirmed"}
    assert run.verdicts[1].reason.endswith("; not confirmed: not measured again, and most other suspects were refuted")


@pytest.mark.parametrize(("severity", "told"), [(Severity.WARNING, ["test_b"]), (Severity.INFO, [])])
def test_a_leak_that_earlier_runs_did_not_confirm_is_not_told_again(severity: Severity, told: list[str]) -> None:
    """
    Also where the other findings of the run did not hold up.
    """
    leak = Verdict(
        kind=VerdictKind.LEAK, severity=severity, reason="kept 2 MiB", case="test_b", limit=1.0, unit="bytes"
    )
    run = _slow("test_a")
    run = replace(run, cases=(*run.cases, make_case("test_b")), verdicts=(*run.verdicts, leak))

    assert list(_told(confirmed(run, _again(test_a=(0.02,))))) == ["test_a", *told]


_SUITE = ("test_a", "test_b", "test_c")
_CALIBRATION = 0.002


def _slower_suite(*, standing: bool = False, others_cpu_percent: float = 20.0) -> Run:
    """
    A suite that took 1.4 times as long as the machine explains, and is judged slower from 1.2 times on.
    """
    verdict = Verdict(
        kind=VerdictKind.SUITE_REGRESSION,
        severity=Severity.WARNING,
        measured=1.4,
        factor=1.4,
        limit=1.2,
        reason="slower",
        tests=_SUITE,
        standing=standing,
    )
    cases = [make_case(name, 0.1, usage={UsageKey.CPU_SECONDS: 0.1}) for name in _SUITE]
    machine = Machine(calibration_seconds=_CALIBRATION, others_cpu_percent=others_cpu_percent)
    return make_run(1, cases, machine=machine, verdicts=(verdict,))


def _suite_again(seconds: float, beside: float = _CALIBRATION, tests: int = 3) -> Repeated:
    repeated = _again(**dict.fromkeys(_SUITE[:tests], (seconds,) * 3))
    return replace(repeated, calibrations=dict.fromkeys(_SUITE, (beside,) * 3))


@pytest.mark.parametrize(
    ("repeated", "kind"),
    [
        (_suite_again(0.1), "suite_regression"),
        (_suite_again(0.09), "suite_regression"),
        (_suite_again(0.07), "unconfirmed"),
        (_suite_again(0.1, beside=1.4 * _CALIBRATION), "unconfirmed"),
        (_suite_again(0.14, beside=1.4 * _CALIBRATION), "suite_regression"),
    ],
)
def test_a_slower_suite_is_confirmed_by_some_of_its_tests(repeated: Repeated, kind: str) -> None:
    """
    They have to be slower than the calibrations beside them explain. A calibration that made the suite look slower is
    not kept.
    """
    run = confirmed(_slower_suite(), repeated)

    assert run.verdicts[0].kind.value == kind
    assert (run.machine.calibration_seconds is None) is (kind == "unconfirmed")


@pytest.mark.parametrize("repeated", [Repeated(), _suite_again(0.1, tests=2), _suite_again(0.03)])
def test_a_slower_suite_that_is_not_measured_again_needs_two_runs(repeated: Repeated) -> None:
    """
    Too few of its tests could run again, or they do their work once per process.
    """
    kinds = [confirmed(_slower_suite(standing=standing), repeated).verdicts[0].kind.value for standing in (False, True)]

    assert kinds == ["unconfirmed", "suite_regression"]


def test_a_suite_on_a_busier_machine_is_not_slower() -> None:
    """
    Its tests lose more time than the calibration does, also in their repeats.
    """
    usual = UsualMachine(others_cpu_percent=dict.fromkeys(_SUITE, 20.0))
    (alike,) = confirmed(_slower_suite(), _suite_again(0.1), usual=usual).verdicts
    run = confirmed(_slower_suite(others_cpu_percent=50.0), _suite_again(0.1), usual=usual)

    assert (alike.kind.value, run.verdicts[0].kind.value) == ("suite_regression", "unconfirmed")
    assert run.machine.calibration_seconds is None


def test_a_wait_that_stays_is_a_regression_on_any_machine() -> None:
    """
    Sleep is not divided by the speed of the machine.
    """
    case = make_case("test_a", 0.04, normalized_duration_seconds=0.04, usage={UsageKey.CPU_SECONDS: 0.0})
    verdict = judge_regression(case, _LEVEL, RegressionRule())
    assert verdict is not None
    run = make_run(1, [case], verdicts=(verdict,))
    repeat = make_case("test_a", 0.041, usage={UsageKey.CPU_SECONDS: 0.0})

    assert _told(confirmed(run, Repeated(cases={"test_a": [repeat]}))) == {"test_a": "regression"}


def test_a_leak_that_keeps_nothing_more_is_not_confirmed() -> None:
    """
    The memory that is kept for the next judgement is that of the repeats.
    """
    verdict = Verdict(
        kind=VerdictKind.LEAK,
        severity=Severity.WARNING,
        reason="kept 2 MiB",
        case="test_a",
        limit=2.0**20,
        unit="bytes",
    )
    case = make_case("test_a", usage={UsageKey.MEMORY_RETAINED_BYTES: 2.0**21})
    repeat = make_case("test_a", usage={UsageKey.MEMORY_RETAINED_BYTES: 0.0})
    run = confirmed(make_run(1, [case], verdicts=(verdict,)), Repeated(cases={"test_a": [repeat] * 3}))

    assert run.verdicts[0].reason == "kept 2 MiB; not confirmed: only 0 B in 3 repeats"
    assert run.cases[0].usage == {UsageKey.MEMORY_RETAINED_BYTES: 0.0}


def test_a_test_that_keeps_less_and_less_is_no_leak() -> None:
    """
    It warms up: the least of its repeats decides, not their median.
    """
    verdict = Verdict(
        kind=VerdictKind.LEAK,
        severity=Severity.WARNING,
        reason="kept 10 MiB",
        case="test_a",
        limit=2.0**20,
        unit="bytes",
    )
    case = make_case("test_a", usage={UsageKey.MEMORY_RETAINED_BYTES: 10 * 2.0**20})
    repeats = [make_case("test_a", usage={UsageKey.MEMORY_RETAINED_BYTES: kept * 2.0**20}) for kept in (9, 3, 0.5)]
    run = confirmed(make_run(1, [case], verdicts=(verdict,)), Repeated(cases={"test_a": repeats}))

    assert run.verdicts[0].reason == "kept 10 MiB; not confirmed: falling in 3 repeats, at last 512 KiB"
    assert run.cases[0].usage == {UsageKey.MEMORY_RETAINED_BYTES: 0.0}


@pytest.mark.parametrize(
    ("severity", "told"),
    [(Severity.WARNING, ["kept 4 MiB; not confirmed: not measured again (too many tests)"]), (Severity.INFO, [])],
)
def test_a_leak_that_was_not_measured_again_is_no_leak(severity: Severity, told: list[str]) -> None:
    """
    It is reported as not confirmed, once, and the memory is not kept for the next judgement.
    """
    verdict = Verdict(
        kind=VerdictKind.LEAK, severity=severity, reason="kept 4 MiB", case="test_a", limit=2.0**20, unit="bytes"
    )
    case = make_case("test_a", usage={UsageKey.MEMORY_RETAINED_BYTES: 4 * 2.0**20})
    run = confirmed(make_run(1, [case], verdicts=(verdict,)), Repeated(reasons={"test_a": "too many tests"}))

    assert [one.reason for one in run.verdicts if one.kind is VerdictKind.UNCONFIRMED] == told
    assert len(run.verdicts) == len(told)
    assert (run.cases[0].usage, run.cases[0].lacking) == ({}, (UsageKey.MEMORY_RETAINED_BYTES,))


@pytest.mark.parametrize(("kept", "told"), [(4.0, [("leak", "warning")]), (0.0, [])])
def test_a_leak_that_was_not_confirmed_before_is_not_told_again(kept: float, told: list[tuple[str, str]]) -> None:
    """
    Unless its repeats keep memory now; the memory that is kept for the next judgement is that of the repeats.
    """
    verdict = Verdict(
        kind=VerdictKind.LEAK,
        severity=Severity.INFO,
        reason="kept 4 MiB",
        case="test_a",
        measured=4 * 2.0**20,
        limit=2.0**20,
        unit="bytes",
    )
    case = make_case("test_a", usage={UsageKey.MEMORY_RETAINED_BYTES: 4 * 2.0**20})
    repeat = make_case("test_a", usage={UsageKey.MEMORY_RETAINED_BYTES: kept * 2.0**20})
    run = confirmed(make_run(1, [case], verdicts=(verdict,)), Repeated(cases={"test_a": [repeat] * 3}))

    assert [(one.kind.value, one.severity.value) for one in run.verdicts] == told
    assert run.cases[0].usage == {UsageKey.MEMORY_RETAINED_BYTES: kept * 2.0**20}


def test_repeats_of_work_that_is_done_once_a_process_refute_nothing() -> None:
    """
    They are far below what is usual; the first measurement stays, in the verdict and in the history.
    """
    run = confirmed(_slow("test_a"), _again(test_a=(0.0001, 0.0001, 0.0001)))
    (verdict,) = run.verdicts

    assert verdict.kind is VerdictKind.REGRESSION
    assert verdict.reason.endswith("; only 50 µs in 3 repeats, because it does its work once per process")
    assert run.cases[0].normalized_duration_seconds == 0.04


@pytest.mark.parametrize(("is_standing", "kind"), [(False, "unconfirmed"), (True, "regression")])
def test_slight_more_work_once_a_process_has_to_be_seen_twice(is_standing: bool, kind: str) -> None:
    """
    Repeats cannot show it, so a test that takes 2.9 times its usual time is found where the next run finds it, too.
    """
    level = UsualDuration.of([0.01] * 10)
    case = make_case("test_a", 0.029, normalized_duration_seconds=0.029)
    verdict = judge_regression(case, level, RegressionRule(floor_ms=1))
    assert verdict is not None
    run = make_run(1, [case], verdicts=(replace(verdict, standing=is_standing),))
    (told,) = confirmed(run, _again(test_a=(0.0001, 0.0001, 0.0001))).verdicts

    assert told.kind.value == kind
    assert "because it does its work once per process" in told.reason


def test_the_reason_why_a_test_was_not_measured_again_is_given() -> None:
    """
    The verdict is believed.
    """
    (verdict,) = confirmed(
        _slow("test_a"), Repeated(reasons={"test_a": "its session fixture db was torn down"})
    ).verdicts

    assert verdict.kind is VerdictKind.REGRESSION
    assert verdict.reason.endswith("; not measured again (its session fixture db was torn down)")


def _over_budget(*names: str, seconds: float = 0.2, **changes: Any) -> Run:
    """
    A run in which tests needed twice their budget of 100 ms.
    """
    usage = {UsageKey.CPU_SECONDS: seconds, UsageKey.CPU_WAIT_SECONDS: 0.0}
    cases = [make_case(name, seconds, budget_seconds=0.1, usage=usage, **changes) for name in names]
    verdicts = [judge_budget(case) for case in cases]
    return make_run(1, cases, verdicts=tuple(verdict for verdict in verdicts if verdict is not None))


_ON_BUDGETS = (VerdictKind.BUDGET,)


def test_a_broken_budget_is_suspect_where_it_fails_the_run() -> None:
    """
    Elsewhere it fails nothing; a test that failed is not run again, and what the last run broke too is a fact.
    """
    run, failed_run = _over_budget("test_a"), _over_budget("test_a", outcome=Outcome.FAILED)
    standing = replace(run, verdicts=(replace(run.verdicts[0], standing=True),))

    assert suspects_of(run, _ON_BUDGETS) == ["test_a"]
    assert suspects_of(run, ()) == suspects_of(failed_run, _ON_BUDGETS) == suspects_of(standing, _ON_BUDGETS) == []
    assert confirmed(run, Repeated(), ()).verdicts == run.verdicts


@pytest.mark.parametrize(
    ("again", "kind", "reason"),
    [
        ((0.19, 0.21, 0.11), "budget", "; again 110 ms or more in 3 repeats"),
        ((0.19, 0.21, 0.09), "unconfirmed", "; not confirmed: at least 90 ms in 3 repeats"),
        ((0.09,), "unconfirmed", "; not confirmed: at least 90 ms in 1 repeat"),
        ((), "budget", "; not measured again"),
    ],
)
def test_a_budget_is_broken_where_all_repeats_agree(again: tuple[float, ...], kind: str, reason: str) -> None:
    """
    Whoever judges the figures of the run finds the same.
    """
    run = confirmed(_over_budget("test_a"), _again(test_a=again), _ON_BUDGETS)
    (verdict,), judged = run.verdicts, judge_budget(run.cases[0])

    assert verdict.kind == kind
    assert verdict.reason.endswith(reason)
    assert (judged is not None and judged.severity == verdict.severity) is (kind == "budget")
    assert run.cases[0].duration_seconds == 0.2


def test_many_broken_budgets_say_nothing_of_a_regression() -> None:
    """
    They may be broken for good; a regression that could not be measured again is believed or not by its like.
    """
    slow, broken = _slow("test_a", "test_b"), _over_budget("test_c", "test_d")
    run = replace(slow, cases=(*slow.cases, *broken.cases), verdicts=(*slow.verdicts, *broken.verdicts))
    again = _again(test_a=(0.02,), test_c=(0.2,), test_d=(0.2,))

    assert _told(confirmed(run, again, _ON_BUDGETS)) == {
        "test_a": "unconfirmed",
        "test_b": "unconfirmed",
        "test_c": "budget",
        "test_d": "budget",
    }


def test_only_what_chance_can_do_is_suspect() -> None:
    """
    A broken budget that fails no run and a flaky test are facts; a test is suspect once, the worst first.
    """
    kinds = (VerdictKind.BUDGET, VerdictKind.REGRESSION, VerdictKind.LEAK, VerdictKind.FLAKY)
    verdicts = [
        Verdict(kind=kind, severity=Severity.WARNING, reason="", case=name)
        for name, kind in zip(("a", "b", "b", "c"), kinds, strict=True)
    ]

    assert suspects_of(make_run(1, verdicts=tuple(verdicts))) == ["b"]


def _asking(*counts: int) -> Run:
    """
    The last of some runs, in which a test asked so many queries one after the other.
    """
    runs = [make_run(n, [make_case(measures={"queries": Measure(value=count)})]) for n, count in enumerate(counts)]
    return judge(runs[-1], Past.from_runs(runs[:-1]), Rules())


@pytest.mark.parametrize(
    ("counts", "repeats", "kind", "ending", "kept"),
    [
        ((3, 43), (43, 43, 43), VerdictKind.COUNT, "; again 43 in 3 repeats", 43),
        ((3, 43), (43, 40, 43), VerdictKind.COUNT, "; again 40 to 43 in 3 repeats", 43),
        ((0, 5), (5, 5), VerdictKind.COUNT, "; again 5 in 2 repeats", 5),
        ((3, 43), (3, 3, 3), VerdictKind.UNCONFIRMED, "; not confirmed: only 3 in 3 repeats", 3),
        ((3, 43), (43, 3, 43), VerdictKind.UNCONFIRMED, "; not confirmed: only 3 to 43 in 3 repeats", 3),
        ((0, 5), (0, 0, 0), VerdictKind.UNCONFIRMED, "; not confirmed: only 0 in 3 repeats", 0),
        ((3, 43), (0, 0, 0), VerdictKind.COUNT, "; only 0 in 3 repeats, because it does its work once per process", 43),
        ((3, 43), (), VerdictKind.COUNT, "; not measured again", 43),
    ],
)
def test_a_count_holds_where_all_repeats_agree(
    counts: tuple[int, int], repeats: tuple[int, ...], kind: VerdictKind, ending: str, kept: int
) -> None:
    """
    One repeat that does no more than usual refutes it, unless all do less. What is kept says the same.
    """
    before, now = counts
    again = [make_case(measures={"queries": Measure(value=count)}) for count in repeats]
    run = confirmed(_asking(*[before] * 3, now), Repeated(cases={TEST: again}))
    (verdict,) = run.verdicts

    assert (verdict.kind, verdict.reason) == (
        kind,
        f"{now} queries, was {before} in each of the last 3 runs{ending}",
    )
    assert run.cases[0].measures["queries"].value == kept


def test_a_count_is_believed_on_a_busy_machine() -> None:
    """
    That times did not hold up says nothing of a count that could not be measured again.
    """
    slow, asking = _slow("test_a"), _asking(1, 1, 1, 9)
    run = replace(slow, cases=(*slow.cases, *asking.cases), verdicts=(*slow.verdicts, *asking.verdicts))

    assert _told(confirmed(run, _again(test_a=(0.02,)))) == {TEST: "count", "test_a": "unconfirmed"}


def test_a_test_that_imported_for_the_others_is_not_believed() -> None:
    """
    Where it cannot be measured again its time has that of the imports in it, and is not kept; repeats say more.
    """
    (verdict,) = (run := _slow("test_a")).verdicts
    first = replace(verdict, causes=(Cause(measure="imported_modules", before=0, after=61),))
    reasons = {"test_a": "its module fixture db was torn down"}
    unmeasured = confirmed(replace(run, verdicts=(first,)), Repeated(reasons=reasons))
    measured = confirmed(replace(run, verdicts=(first,)), _again(test_a=(0.08,)))

    assert _told(unmeasured) == {"test_a": "unconfirmed"}
    assert unmeasured.verdicts[0].reason.partition("; ")[2] == (
        "not confirmed: the test was the first to import 61 modules, and was not measured again "
        "(its module fixture db was torn down)"
    )
    assert NORMALIZED not in columns_of(unmeasured.cases[0])
    assert _told(measured) == {"test_a": "regression"}
    assert NORMALIZED in columns_of(measured.cases[0])


def test_a_short_test_is_not_believed_by_one_measurement() -> None:
    """
    Also where another regression was measured again and held up, which says nothing of this test. Its time is not kept.
    """
    level = UsualDuration.of([0.0005] * 10)
    short = make_case("test_short", 0.004, normalized_duration_seconds=0.004)
    verdict = judge_regression(short, level, RegressionRule())
    assert verdict is not None
    run = _slow("test_a")
    both = replace(run, cases=(*run.cases, short), verdicts=(*run.verdicts, verdict))
    unproven = confirmed(both, Repeated(reasons={"test_short": "its module fixture db was torn down"}))
    beside = confirmed(both, _again(test_a=(0.08,) * 3))

    assert _told(unproven) == {"test_a": "regression", "test_short": "unconfirmed"}
    assert unproven.verdicts[-1].reason.endswith(
        "; not confirmed: not measured again (its module fixture db was torn down), "
        "and usually too short to be judged by one run"
    )
    assert NORMALIZED not in columns_of(unproven.cases[-1])
    assert _told(beside) == {"test_a": "regression", "test_short": "unconfirmed"}
