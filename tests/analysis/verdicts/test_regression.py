"""
Whether a test is slower than it used to be.
"""

import pytest

from paceline.analysis.judgement_rules import RegressionRule
from paceline.analysis.verdicts.regression import UsualDuration, judge_regression
from paceline.model import Severity, Since
from paceline.verdict_kinds import VerdictKind
from support.values import make_case

_CASE = "tests/test_cart.py::test_total"
_STEADY = [0.099, 0.100, 0.100, 0.101] * 5
_RULE = RegressionRule(floor_ms=5, ratio=1.2, spreads=4, min_runs=8)


def _level(median: float, spread: float = 0.0, runs: int = 20) -> UsualDuration:
    return UsualDuration(median, spread, median, runs)


def test_a_level_is_median_spread_and_what_nearly_all_are_below() -> None:
    """
    Of 1, 2, 3, 4, 5 the median is 3, the quartiles are 2 apart and 95% are below 4.8, in whatever order they come.
    """
    level = UsualDuration.of([5.0, 1.0, 4.0, 2.0, 3.0])

    assert level == pytest.approx((3.0, 2 / 1.349, 4.8, 5))


@pytest.mark.parametrize(
    ("level", "limit"),
    [
        (UsualDuration(0.010, 0.0001, 0.010, 20), 0.015),
        (UsualDuration(0.100, 0.0001, 0.100, 20), 0.120),
        (UsualDuration(0.100, 0.0100, 0.100, 20), 0.140),
        (UsualDuration(0.100, 0.0001, 0.110, 20), 0.132),
        (UsualDuration(0.100, 0.0001, 9.000, 20), 0.156),
        (UsualDuration(0.003, 0.0001, 0.003, 20), 0.006),
        (UsualDuration(0.003, 0.0001, 0.0055, 20), 0.0066),
        (UsualDuration(0.003, 0.0001, 9.000, 20), 0.009),
        (UsualDuration(0.0001, 0.0, 0.0001, 20), 0.0011),
        (UsualDuration(0.000, 0.0, 0.0, 20), 0.001),
    ],
)
def test_the_widest_of_three_margins_counts(level: UsualDuration, limit: float) -> None:
    """
    A fast test has 5 ms of room, a shorter one its own median and at least 1 ms, a noisy one four times its spread,
    any other 20% above nearly all of its runs,
    which are taken for no more than 1.3 times their median and for 2.5 times the median of a short test.
    """
    assert level.limit(_RULE) == pytest.approx(limit)


@pytest.mark.parametrize(("milliseconds", "is_slower"), [(121.1, False), (121.3, True)])
def test_a_regression_begins_above_the_limit(milliseconds: float, is_slower: bool) -> None:
    """
    Where nearly all runs took at most 101 ms the limit is 121.2 ms.
    """
    case = make_case(normalized_duration_seconds=milliseconds / 1e3)

    assert (judge_regression(case, UsualDuration.of(_STEADY), _RULE) is not None) is is_slower


def test_a_verdict_says_how_much_slower() -> None:
    """
    Measured, limit, factor, since when, and the same in words.
    """
    since = Since(run_id="run-7", ended=1.0)
    verdict = judge_regression(make_case(normalized_duration_seconds=0.25), UsualDuration.of(_STEADY), _RULE, since)

    assert verdict is not None
    assert (verdict.kind, verdict.severity) == (VerdictKind.REGRESSION, Severity.CRITICAL)
    assert (verdict.case, verdict.measured, verdict.unit, verdict.since) == (_CASE, 0.25, "seconds", since)
    assert (verdict.limit, verdict.factor) == pytest.approx((0.1212, 2.5))
    assert verdict.reason == "took 250 ms normalised, usually 100 ms (median of 20 runs): 2.5 times as long"


def test_long_times_have_no_exponent() -> None:
    """
    Whoever reads a report reads 12,000 ms and not 1.2e+04.
    """
    verdict = judge_regression(make_case(normalized_duration_seconds=12.0), _level(1.5), _RULE)

    assert verdict is not None
    assert verdict.reason == "took 12 s normalised, usually 1.5 s (median of 20 runs): 8.0 times as long"


@pytest.mark.parametrize(("seconds", "severity"), [(0.199, Severity.WARNING), (0.2, Severity.CRITICAL)])
def test_twice_as_slow_is_critical(seconds: float, severity: Severity) -> None:
    """
    Below a factor of 2 a regression is a warning.
    """
    verdict = judge_regression(make_case(normalized_duration_seconds=seconds), _level(0.1), _RULE)

    assert verdict is not None
    assert verdict.severity is severity


def test_what_usually_takes_no_time_has_no_factor() -> None:
    """
    Nothing is no number of times nothing: the verdict is critical and says only the times.
    """
    verdict = judge_regression(make_case(normalized_duration_seconds=0.03), _level(0.0, runs=9), _RULE)

    assert verdict is not None
    assert (verdict.factor, verdict.severity) == (None, Severity.WARNING)
    assert verdict.reason == "took 30 ms normalised, usually 0 s (median of 9 runs)"


def test_few_runs_are_no_history() -> None:
    """
    Seven runs are too few to say what is usual; eight are enough.
    """
    case = make_case(normalized_duration_seconds=9.0)
    verdicts = [judge_regression(case, UsualDuration.of([0.1] * runs), _RULE) for runs in (7, 8)]

    assert [verdict is not None for verdict in verdicts] == [False, True]


def test_a_case_without_a_time_is_no_regression() -> None:
    """
    A failed test has no normalised time.
    """
    assert judge_regression(make_case(normalized_duration_seconds=None), UsualDuration.of(_STEADY), _RULE) is None


@pytest.mark.parametrize("past", [_STEADY, _STEADY[:7]])
def test_one_spike_in_the_past_does_not_hide_a_regression(past: list[float]) -> None:
    """
    In a long past it leaves the limit nearly where it was, and in any it hides nothing of 1.6 times the time.
    """
    level = UsualDuration.of([*past, 1.0])

    assert level.limit(_RULE) <= 1.3 * 1.2 * level.median
    assert judge_regression(make_case(normalized_duration_seconds=0.16), level, _RULE) is not None
