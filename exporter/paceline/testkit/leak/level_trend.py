"""
Whether a level grows with every call, by its samples.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from paceline.analysis.estimators import Interval, theil_sen

# A slope has to stay at this share of the slope of the stage before: what fills up grows ever more slowly.
_STAYS = 0.5
# Fewer samples have no interval.
_FEWEST_SAMPLES = 3


class Stage(NamedTuple):
    """
    Samples of a level, the first before the calls of the stage, and the calls between two samples.
    """

    samples: Sequence[float]
    calls_per_sample: float

    def slope(self) -> Interval:
        """
        The growth per call.
        """
        per_sample = theil_sen(self.samples)
        return Interval(*(value / self.calls_per_sample for value in per_sample))

    def halves(self) -> list["Stage"]:
        """
        The first and the second half, where each has samples enough.
        """
        middle = len(self.samples) // 2
        halves = [self._replace(samples=self.samples[: middle + 1]), self._replace(samples=self.samples[middle:])]
        return halves if middle + 1 >= _FEWEST_SAMPLES else [self]


def growth(stages: Sequence[Stage], floor: float) -> Interval | None:
    """
    The growth per call of the last stage, where the level grew in each stage, and about as fast in each.

    Args:
        stages: in order of time, at least one.
        floor: growth per call up to this is no growth.
    """
    slopes = [stage.slope() for stage in stages if len(stage.samples) >= _FEWEST_SAMPLES]
    if not slopes or any(slope.low <= floor for slope in slopes):
        return None
    is_steady = all(after.estimate >= _STAYS * before.estimate for before, after in pairwise(slopes))
    return slopes[-1] if is_steady else None
