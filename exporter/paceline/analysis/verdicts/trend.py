"""
Trend: slow creep that no single step shows.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from paceline.analysis.estimators import Interval, slope, theil_sen
from paceline.analysis.judgement_rules import TrendRule
from paceline.analysis.verdicts.change_point import distance
from paceline.formatting import duration, signed
from paceline.model import Severity, Verdict
from paceline.verdict_kinds import VerdictKind

WEEK = 7 * 86400.0
# A rate per week that was seen for less than two days would be a guess.
_SHORTEST_IN_WEEKS = 2 / 7
# The medians of the first and the last fifth of a line are four fifths of its rise apart; chance takes some of it.
ENDS = 5
_SHARE_BETWEEN_ENDS = 0.6
# The number of pairs is quadratic: longer series are condensed to this many medians first.
_MOST_PAIRED = 64


class Line(NamedTuple):
    """
    A line through a series: where it starts and ends, and its slope per run, all in seconds.
    """

    start: float
    end: float
    per_run: Interval


def may_rise(values: Sequence[float], rule: TrendRule) -> bool:
    """
    A first look that rules nearly all tests out: whether the last fifth is clearly above the first.

    Args:
        values: oldest first, at least one.
        rule: the thresholds.
    """
    fifth = max(len(values) // ENDS, 1)
    first, last = sorted(values[:fifth])[fifth // 2], sorted(values[-fifth:])[fifth // 2]
    rise = last - first
    return rise > _SHARE_BETWEEN_ENDS * rule.floor_ms / 1e3 and rise > _SHARE_BETWEEN_ENDS * (rule.ratio - 1) * first


def fit_line(values: Sequence[float]) -> Line:
    """
    The Theil-Sen line.

    Args:
        values: at least two, oldest first.
    """
    per_run = slope_of(values)
    start = median(values) - per_run.estimate * (len(values) - 1) / 2
    return Line(start, start + per_run.estimate * (len(values) - 1), per_run)


def slope_of(values: Sequence[float]) -> Interval:
    """
    The Theil-Sen slope per run with its 95% interval; a long series is condensed to medians of neighbours.

    Args:
        values: at least two, oldest first.
    """
    together = -(-len(values) // _MOST_PAIRED)
    if together == 1:
        return theil_sen(values)
    # Starts at the end, so that the oldest runs are the rest.
    stretches = (values[max(end - together, 0) : end] for end in range(len(values), 0, -together))
    fitted = theil_sen([median(stretch) for stretch in stretches][::-1])
    return Interval(*(bound / together for bound in fitted))


def distance_from_line(values: Sequence[float]) -> float:
    """
    The sum of the absolute distances from a line that takes linear time to fit.
    """
    per_run = slope(values)
    return distance([value - per_run * run for run, value in enumerate(values)])


def judge_trend(case_id: str, values: Sequence[float], weeks: float, rule: TrendRule) -> Verdict | None:
    """
    Whether normalised times creep up over the window.

    Args:
        case_id: the test.
        values: normalised seconds, oldest first, this run's last.
        weeks: from the first of these runs to the last.
        rule: the thresholds.
    """
    if len(values) < rule.min_runs or not may_rise(values, rule):
        return None
    line = fit_line(values)
    if line.per_run.low <= 0 or not _rises(line, rule):
        return None
    return Verdict(
        kind=VerdictKind.TREND,
        severity=Severity.INFO,
        case=case_id,
        measured=line.end,
        limit=line.start * rule.ratio,
        unit="seconds",
        factor=line.end / line.start if line.start > 0 else None,
        reason=f"creeps up: {duration(line.start)} to {duration(line.end)} over {len(values)} runs, "
        f"{_per_run(line.per_run)}{_per_week(line, weeks)}",
    )


def weekly_share(growth: float, start: float, weeks: float) -> float | None:
    """
    What is added in a week, as a share of the start; None if the window is too short, or starts at 0.

    Args:
        growth: seconds added over the window.
        start: seconds at its start.
        weeks: its length.
    """
    return growth / start / weeks if weeks >= _SHORTEST_IN_WEEKS and start > 0 else None


def _rises(line: Line, rule: TrendRule) -> bool:
    growth = line.end - line.start
    return growth > rule.floor_ms / 1e3 and growth > (rule.ratio - 1) * max(line.start, 0.0)


def _per_run(slope_per_run: Interval) -> str:
    estimate, low, high = map(signed, slope_per_run)
    return f"{estimate} a run (95%: {low} to {high})"


def _per_week(line: Line, weeks: float) -> str:
    share = weekly_share(line.end - line.start, line.start, weeks)
    return f", {share:+.0%} a week" if share is not None else ""
