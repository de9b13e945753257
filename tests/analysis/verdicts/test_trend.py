"""
Slow creep.
"""

import pytest

from paceline.analysis.judgement_rules import TrendRule
from paceline.analysis.verdicts.trend import judge_trend, may_rise, slope_of, weekly_share
from paceline.model import Severity
from paceline.verdict_kinds import VerdictKind

_RULE = TrendRule(floor_ms=5, ratio=1.2, min_runs=20)
_WEEKS = 2.0
_NOISE = (0.0, 0.001, -0.001, 0.0005, -0.0005)


def _line(start: float, step: float, runs: int = 21) -> list[float]:
    return [start + step * run + _NOISE[run % 5] for run in range(runs)]


def test_a_creeping_test_is_found() -> None:
    """
    From 100 ms to 140 ms in steps of 2 ms, which no single run shows.
    """
    verdict = judge_trend("test_a", [0.1 + 0.002 * run for run in range(21)], _WEEKS, _RULE)

    assert verdict is not None
    assert (verdict.kind, verdict.severity, verdict.case) == (VerdictKind.TREND, Severity.INFO, "test_a")
    assert (verdict.measured, verdict.limit, verdict.factor) == pytest.approx((0.14, 0.12, 1.4))
    assert verdict.unit == "seconds"
    assert verdict.reason == "creeps up: 100 ms to 140 ms over 21 runs, +2 ms a run (95%: +2 ms to +2 ms), +20% a week"


def test_noise_around_the_line_does_not_hide_it() -> None:
    """
    A millisecond up and down leaves the creep of 2 ms a run to be seen.
    """
    assert judge_trend("test_a", _line(0.1, 0.002), _WEEKS, _RULE) is not None


@pytest.mark.parametrize(
    ("start", "step"),
    [(0.1, 0.0), (0.1, -0.002), (0.001, 0.0002), (1.0, 0.002)],
    ids=["steady", "falling", "below the floor", "below the ratio"],
)
def test_other_series_do_not_creep(start: float, step: float) -> None:
    """
    Neither does one that stays, falls, or rises by less than 5 ms or by less than a fifth.
    """
    assert judge_trend("test_a", _line(start, step), _WEEKS, _RULE) is None


def test_few_runs_are_no_trend() -> None:
    """
    Nineteen runs are too few, twenty are enough.
    """
    verdicts = [judge_trend("test_a", _line(0.1, 0.002, runs), _WEEKS, _RULE) for runs in (19, 20)]

    assert [verdict is not None for verdict in verdicts] == [False, True]


def test_spikes_are_no_trend() -> None:
    """
    Three runs of ten times the time at the end of a steady series are no creep.
    """
    assert judge_trend("test_a", [*_line(0.1, 0.0, 24), 1.0, 1.0, 1.0], _WEEKS, _RULE) is None


def test_a_slope_that_may_be_nothing_is_no_trend() -> None:
    """
    Values that jump between 50 and 150 ms may rise by chance.
    """
    values = [50, 50, 50, 100, 150, 50, 100, 50, 150, 50, 50, 100, 150, 100, 50, 150, 150, 100, 100, 150]

    assert judge_trend("test_a", [value / 1e3 for value in values], _WEEKS, _RULE) is None


def test_a_line_from_nothing_has_no_factor() -> None:
    """
    What began at 0 rose by no number of times.
    """
    verdict = judge_trend("test_a", [0.001 * run for run in range(21)], _WEEKS, _RULE)

    assert verdict is not None
    assert verdict.factor is None


@pytest.mark.parametrize("runs", [64, 65, 200])
def test_a_long_series_has_the_slope_of_its_line(runs: int) -> None:
    """
    Also where neighbours are condensed to their median.
    """
    assert slope_of([0.1 + 0.001 * run for run in range(runs)]) == pytest.approx((0.001, 0.001, 0.001), rel=0.02)


@pytest.mark.parametrize(
    ("growth", "start", "weeks", "share"), [(0.25, 0.5, 2.0, 0.25), (0.25, 0.5, 0.2, None), (0.25, 0.0, 2.0, None)]
)
def test_a_share_per_week_needs_two_days(growth: float, start: float, weeks: float, share: float | None) -> None:
    """
    And something to be a share of.
    """
    assert weekly_share(growth, start, weeks) == share


@pytest.mark.parametrize(
    ("values", "rises"),
    [([0.1] * 20, False), ([0.1] * 16 + [0.2] * 4, True), ([0.1] * 19 + [0.2], False), ([0.2], False)],
)
def test_a_first_look_compares_the_ends(values: list[float], rises: bool) -> None:
    """
    The last fifth with the first, by their medians.
    """
    assert may_rise(values, _RULE) is rises
