"""
The machine out of the way: the suite is its own ruler.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from paceline.model import Case, UsageKey

# Below a millisecond a test's time is mostly scheduling, and the middle of fewer than eight tests is no ruler.
_SHORTEST_ON_RULER = 0.001
_FEWEST_ON_RULER = 8


class Ruler(NamedTuple):
    """
    How much slower than usual each test on the ruler ran, ascending; at least eight.
    """

    ratios: Sequence[float]

    @property
    def slowdown(self) -> float:
        return median(self.ratios)

    def slowdown_of_others(self, ratio: float) -> float:
        """
        The slowdown by all tests but one with this ratio, so that a test is not divided by its own slowness.
        """
        position = bisect_left(self.ratios, ratio)
        is_on_ruler = position < len(self.ratios) and self.ratios[position] == ratio
        if not is_on_ruler:
            return self.slowdown
        left = len(self.ratios) - 1
        lower, upper = (left - 1) // 2, left // 2
        return (self._without(position, lower) + self._without(position, upper)) / 2

    def _without(self, position: int, rank: int) -> float:
        return self.ratios[rank if rank < position else rank + 1]


def needed_seconds(case: Case) -> float | None:
    """
    The call phase less the time in which the test was ready to run and had no CPU.
    """
    if case.duration_seconds is None:
        return None
    return max(case.duration_seconds - case.usage.get(UsageKey.CPU_WAIT_SECONDS, 0.0), 0.0)


def ruler_of(needed: Mapping[str, float], usual: Mapping[str, float]) -> Ruler | None:
    """
    The ruler of a run.

    Args:
        needed: seconds that each passed test needed in this run, by test id.
        usual: what it usually needs on the machine that is usual.

    Returns:
        None where too few tests are known to say anything.
    """
    ratios = [
        seconds / usual[case_id]
        for case_id, seconds in needed.items()
        if usual.get(case_id, 0.0) >= _SHORTEST_ON_RULER and seconds > 0
    ]
    return Ruler(sorted(ratios)) if len(ratios) >= _FEWEST_ON_RULER else None


def normalized(needed: Mapping[str, float], usual: Mapping[str, float], ruler: Ruler | None) -> dict[str, float]:
    """
    The seconds that each test would have needed on the usual machine.
    """
    if ruler is None:
        return dict(needed)
    slowdown = ruler.slowdown
    return {
        case_id: seconds / (ruler.slowdown_of_others(seconds / usual[case_id]) if usual.get(case_id) else slowdown)
        for case_id, seconds in needed.items()
    }
