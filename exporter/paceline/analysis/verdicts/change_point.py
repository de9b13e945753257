"""
Change point: since when is a test slower, and did it step up at all?
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from itertools import accumulate, repeat
from math import sqrt
from operator import add
from statistics import median
from typing import NamedTuple

from paceline.analysis.estimators import spread
from paceline.analysis.judgement_rules import TrendRule
from paceline.analysis.past import PastRun
from paceline.formatting import counted, duration
from paceline.model import Severity, Since, Verdict
from paceline.verdict_kinds import VerdictKind

# A level needs so many runs, and a step so many standard deviations of the rank statistic. It is the largest of
# many, so that chance alone reaches 3.2 in one series of a hundred; the noise on both sides has to be less as well.
_FEWEST_ON_A_SIDE = 5
_NEARLY = 0.9
_CERTAIN = 3.2
_SPREADS = 3.0
# Equal gains differ by their last digits.
_MORE = 1 + 1e-9


class Step(NamedTuple):
    """
    The best place to cut a series in two: `position` is the first value of the later part.

    `before` and `after` are the medians of the parts. `score` is in standard deviations, positive for a step up.
    """

    position: int
    before: float
    after: float
    score: float


def onset(values: Sequence[float], seconds: float, usual: float) -> int:
    """
    Where the latest stretch of slow runs began.

    It is the end of the series, this run included, that gains most in absolute distances by having a level of its own
    instead of the usual one. One lucky run does not end it, and a test that is slow every other time began with none of
    them. No further back than half of the window, as what is usual was so in half of the runs at least.

    Args:
        values: of the earlier runs, oldest first.
        seconds: of this run, which is slow.
        usual: the median of the earlier runs.

    Returns:
        The position of its first value; their number where this run is the first.
    """
    ordered, from_usual = [seconds], abs(seconds - usual)
    best, first = from_usual, len(values)
    for position in range(len(values) - 1, len(values) // 2 - 1, -1):
        insort(ordered, values[position])
        from_usual += abs(values[position] - usual)
        gain = from_usual - _distance(ordered)
        if gain > best * _MORE:
            best, first = gain, position
    return first


def since_run(earlier: Sequence[PastRun], first: int) -> Since | None:
    """
    The first run with the finding; None if it is this run.

    Args:
        earlier: the earlier runs of the test, oldest first.
        first: its place among them; their number stands for this run.
    """
    if first >= len(earlier):
        return None
    run = earlier[first]
    return Since(run_id=run.run_id, ended=run.ended, commit=run.commit, dirty=run.dirty, runs_ago=len(earlier) - first)


def find_step(values: Sequence[float]) -> Step | None:
    """
    The step up that the series most likely took.

    The rank sums of the two parts say whether: ranks know nothing of scale, and a spike is only one rank. Pettitt,
    A. N. (1979), "A non-parametric approach to the change-point problem", with each sum divided by its own standard
    deviation, so that a step near an end is found as well. Of the places that have nearly the highest score the one
    is taken that leaves the smallest distances from the two medians.

    Args:
        values: oldest first.

    Returns:
        None where they are too few for two levels.
    """
    n = len(values)
    places = range(_FEWEST_ON_A_SIDE, n - _FEWEST_ON_A_SIDE + 1)
    if not places:
        return None
    ordered = sorted(values)
    # Of each value: how many are smaller, less how many are larger.
    ranks = map(add, map(bisect_left, repeat(ordered), values), map(bisect_right, repeat(ordered), values))
    sums = list(accumulate(rank - n for rank in ranks))
    scores = [-sums[place - 1] / sqrt(place * (n - place) * (n + 1) / 3) for place in places]
    score = max(scores)
    likely = [place for place, one in zip(places, scores, strict=True) if one >= _NEARLY * score]
    position = min(likely or places, key=lambda place: distance(values[:place]) + distance(values[place:]))
    return Step(position, median(values[:position]), median(values[position:]), score)


def distance(values: Sequence[float]) -> float:
    """
    The sum of the absolute distances from the median.
    """
    return _distance(sorted(values))


def _distance(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return sum(ordered[len(ordered) - half :]) - sum(ordered[:half])


def is_certain(values: Sequence[float], step: Step) -> bool:
    """
    Whether a step is more than chance makes of a level series, and stands out of the noise on both of its sides.
    """
    noise = max(spread(sorted(values[: step.position])), spread(sorted(values[step.position :])))
    return step.score >= _CERTAIN and step.after - step.before > _SPREADS * noise


def judge_step(
    case_id: str, values: Sequence[float], step: Step, since: Since | None, rule: TrendRule
) -> Verdict | None:
    """
    Whether normalised times stepped up within the window and stayed there.

    Args:
        case_id: the test.
        values: normalised seconds, oldest first, this run's last.
        step: where they may have stepped up.
        since: the run of the step.
        rule: the thresholds.
    """
    added = step.after - step.before
    if added <= rule.floor_ms / 1e3 or added <= (rule.ratio - 1) * step.before or not is_certain(values, step):
        return None
    return Verdict(
        kind=VerdictKind.CHANGE_POINT,
        severity=Severity.INFO,
        case=case_id,
        measured=step.after,
        limit=step.before * rule.ratio,
        unit="seconds",
        factor=step.after / step.before if step.before > 0 else None,
        since=since,
        reason=f"stepped up: {duration(step.before)} in {counted(step.position, 'run')}, "
        f"then {duration(step.after)} in {len(values) - step.position}",
    )
