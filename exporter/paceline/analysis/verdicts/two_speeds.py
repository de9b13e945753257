"""
Two modes: a test that is quick in some runs and slow in others, though nothing changed.
"""

from collections.abc import Sequence
from itertools import pairwise
from operator import sub
from statistics import median
from typing import NamedTuple

from paceline.analysis.estimators import quantile
from paceline.analysis.judgement_rules import ModesRule
from paceline.formatting import duration
from paceline.model import Severity, Verdict
from paceline.verdict_kinds import VerdictKind

# Two modes have nothing between them: the gap is wider than either of them, and most of the way from one to the other.
_GAP_IN_QUARTILE_DISTANCES = 1.5
_GAP_IN_DISTANCE = 0.5
# Modes that come and go by chance change places 2pq(n - 1) times on average; a single step does it once.
_SHARE_OF_CHANGES = 0.5
_FEWEST_CHANGES = 4
_FENCE = 1.5
_LEAST_WIDTH = 1.1


class Modes(NamedTuple):
    """
    Two speeds of one test, in normalised seconds: their medians, the share of slow runs, and up to where a run belongs
    to the slower mode.
    """

    quick: float
    slow: float
    share_slow: float
    limit: float


def find_modes(values: Sequence[float], rule: ModesRule) -> Modes | None:
    """
    The two modes of a series; None where it has one, or only stepped from one level to another.

    The modes are what the widest gap between neighbours in order of size leaves on its two sides, each with at least
    `rule.share` of the runs.

    Args:
        values: normalised seconds, oldest first.
        rule: the thresholds.
    """
    if len(values) < rule.min_runs or not _are_apart(min(values), max(values), rule):
        return None
    ordered = sorted(values)
    cut = _widest_gap(ordered, max(int(rule.share * len(ordered)), 1))
    quick, slow = ordered[:cut], ordered[cut:]
    if not _are_apart(median(quick), median(slow), rule) or not _is_gap(quick, slow):
        return None
    if not _alternate([value >= slow[0] for value in values]):
        return None
    return Modes(median(quick), median(slow), len(slow) / len(ordered), _limit(slow))


def judge_modes(case_id: str, values: Sequence[float], rule: ModesRule) -> Verdict | None:
    """
    Whether a test has two speeds.

    Args:
        case_id: the test.
        values: normalised seconds, oldest first, this run's last.
        rule: the thresholds.
    """
    modes = find_modes(values, rule)
    if modes is None:
        return None
    return Verdict(
        kind=VerdictKind.DURATION_FLAKY,
        severity=Severity.INFO,
        case=case_id,
        measured=modes.slow,
        limit=modes.quick * rule.ratio,
        unit="seconds",
        factor=modes.slow / modes.quick if modes.quick > 0 else None,
        reason=f"two speeds: {duration(modes.quick)} in {1 - modes.share_slow:.0%} of runs, "
        f"{duration(modes.slow)} in {modes.share_slow:.0%}",
    )


def _are_apart(low: float, high: float, rule: ModesRule) -> bool:
    return high - low > rule.floor_ms / 1e3 and high > rule.ratio * low


def _widest_gap(ordered: Sequence[float], fewest: int) -> int:
    last = len(ordered) - fewest
    gaps = list(map(sub, ordered[fewest : last + 1], ordered[fewest - 1 : last]))
    return fewest + gaps.index(max(gaps))


def _is_gap(quick: Sequence[float], slow: Sequence[float]) -> bool:
    widest = max(quantile(mode, 0.75) - quantile(mode, 0.25) for mode in (quick, slow))
    distance = median(slow) - median(quick)
    return slow[0] - quick[-1] > max(_GAP_IN_QUARTILE_DISTANCES * widest, _GAP_IN_DISTANCE * distance)


def _limit(slow: Sequence[float]) -> float:
    # Tukey's fence, which a spike does not move; of a few values the quartiles may be too near to each other.
    upper = quantile(slow, 0.75)
    return max(upper + _FENCE * (upper - quantile(slow, 0.25)), _LEAST_WIDTH * median(slow))


def _alternate(is_slow: Sequence[bool]) -> bool:
    share = sum(is_slow) / len(is_slow)
    expected = 2 * share * (1 - share) * (len(is_slow) - 1)
    changes = sum(a != b for a, b in pairwise(is_slow))
    lately = is_slow[len(is_slow) // 2 :]
    return changes >= max(_FEWEST_CHANGES, _SHARE_OF_CHANGES * expected) and any(lately) and not all(lately)
