"""
Whether the suite as a whole got slower though the machine did not.
"""

import pytest

from paceline.analysis.judgement_rules import RegressionRule
from paceline.analysis.past import PastRun
from paceline.analysis.verdicts.suite_regression import calibration_ratio, judge_suite, sample_of
from paceline.model import Outcome, Severity
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import make_case

_RULE = RegressionRule()


def _run(slowdown: float | None, calibration: float | None = 0.002, *, is_partial: bool = False) -> PastRun:
    return PastRun(
        run_id="run-1",
        ended=1.0,
        duration_seconds=1.0,
        calibration_seconds=calibration,
        slowdown_ratio=slowdown,
        is_partial=is_partial,
    )


_USUAL = [_run(1.0)] * 8


@pytest.mark.parametrize(
    ("now", "is_slower"),
    [
        (_run(1.19), False),
        (_run(1.21), True),
        (_run(2.3, 0.004), False),
        (_run(2.5, 0.004), True),
        (_run(9.0, is_partial=True), False),
        (_run(9.0, None), False),
        (_run(None), False),
    ],
)
def test_what_the_machine_explains_is_not_the_suites(now: PastRun, is_slower: bool) -> None:
    """
    Up to 1.2 times the slowdown, divided by that of the calibration, is chance; a part of a suite and a run without
    either are not judged.
    """
    assert (judge_suite(now, _USUAL, _RULE) is not None) is is_slower


def test_a_verdict_on_the_suite_names_both_rulers() -> None:
    """
    How much slower, and what the calibration says of the machine.
    """
    verdict = judge_suite(_run(3.0, 0.0022), _USUAL, _RULE)

    assert verdict is not None
    assert (verdict.kind, verdict.severity, verdict.case) == (VerdictKind.SUITE_REGRESSION, Severity.CRITICAL, None)
    assert (verdict.measured, verdict.limit) == pytest.approx((3 / 1.1, 1.2))
    assert verdict.reason == (
        "the whole suite took 2.73 times as long as the machine explains: the calibration took 2.2 ms, "
        "1.10 times as long as usual"
    )


@pytest.mark.parametrize("past", [_USUAL[:7], [_run(1.0, None)] * 9, [_run(1.0, is_partial=True)] * 9])
def test_without_eight_whole_runs_the_suite_is_not_judged(past: list[PastRun]) -> None:
    """
    Runs that were kept without a calibration, and parts of the suite, are no past of it.
    """
    assert judge_suite(_run(9.0), past, _RULE) is None


def test_the_first_runs_are_a_past_too() -> None:
    """
    They have no slowdown, as what is usual was made of them.
    """
    past = [_run(None)] * 3 + _USUAL[:5]

    assert judge_suite(_run(2.0), past, _RULE) is not None
    assert judge_suite(_run(1.15), past, _RULE) is None


def test_a_machine_that_is_busy_now_and_then_makes_no_regression() -> None:
    """
    Where the suite ran 1.5 times slower in every third run, it may do so again.
    """
    past = [_run(1.5 if number % 3 == 0 else 1.0) for number in range(30)]

    assert judge_suite(_run(1.6), past, _RULE) is None
    assert judge_suite(_run(2.5), past, _RULE) is not None


@pytest.mark.parametrize(("seconds", "fewest", "ratio"), [(0.003, 8, 1.5), (0.003, 9, None), (None, 8, None)])
def test_the_calibration_is_compared_with_its_median(
    seconds: float | None,
    fewest: int,
    ratio: float | None,
) -> None:
    """
    Where enough earlier runs have one.
    """
    assert calibration_ratio(seconds, _USUAL, fewest) == pytest.approx(ratio)


def test_tests_that_compute_for_some_time_stand_for_a_suite() -> None:
    """
    Ten of them, nearest to a tenth of a second; no test that sleeps or failed.
    """
    cases = [make_case(f"test_{n}", n / 100, usage={UsageKey.CPU_SECONDS: n / 100}) for n in range(1, 40)]
    sleeping = make_case("test_sleeps", 0.1, usage={UsageKey.CPU_SECONDS: 0.01})
    failed = make_case("test_fails", 0.1, outcome=Outcome.FAILED, usage={UsageKey.CPU_SECONDS: 0.1})

    assert sample_of([*cases, sleeping, failed])[:3] == ("test_10", "test_11", "test_9")
    assert len(sample_of(cases)) == 10
