"""
The machine out of the way: the suite is its own ruler.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from paceline.model import Case, UsageKey

# Below a millisecond a test's time is mostly scheduling, and the middle of fewer than eight tests is no ruler.
_SHORTEST_ON_RULER = 0.001
_FEWEST_ON_RULER = 8
# From this share of its time on a CPU a test tells of the speed of the CPU.
_CPU_BOUND = 0.5


class Ruler(NamedTuple):
    """
    How much slower than usual each test on the ruler ran, ascending; at least eight.
    """

    ratios: Sequence[float]

    @property
    def slowdown(self) -> float:
        # As in median(), which would sort them each time.
        middle = len(self.ratios) - 1
        return (self.ratios[middle // 2] + self.ratios[(middle + 1) // 2]) / 2

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


class Need(NamedTuple):
    """
    The seconds that a test needed, and how many of them it spent on a CPU.
    """

    seconds: float
    cpu_seconds: float

    @property
    def is_cpu_bound(self) -> bool:
        return self.cpu_seconds >= _CPU_BOUND * self.seconds

    def on(self, slowdown: float) -> float:
        """
        The seconds that it would have needed on the usual machine: a machine that is slow computes slower, and
        sleeps no longer.
        """
        return self.seconds - self.cpu_seconds + self.cpu_seconds / slowdown


def need_of(case: Case) -> Need | None:
    """
    The call phase less the time in which threads of the test were ready to run and had no CPU.

    Threads may wait at the same time, so that their waits add up to more than was lost; what the test spent on
    a CPU it needed in any case.
    """
    duration = case.duration_seconds
    if duration is None:
        return None
    cpu = case.usage.get(UsageKey.CPU_SECONDS)
    on_cpu = duration if cpu is None else min(cpu, duration)
    waited = case.usage.get(UsageKey.CPU_WAIT_SECONDS, 0.0)
    seconds = max(duration - waited, 0.0 if cpu is None else on_cpu)
    return Need(seconds, min(on_cpu, seconds))


def ruler_of(needs: Mapping[str, Need], usual: Mapping[str, float]) -> Ruler | None:
    """
    The ruler of a run: its tests that mostly compute.

    Args:
        needs: what each passed test needed in this run, by test id.
        usual: what it usually needs on the machine that is usual.

    Returns:
        None where too few tests are known to say anything.
    """
    ratios = [
        need.seconds / usual[case_id]
        for case_id, need in needs.items()
        if usual.get(case_id, 0.0) >= _SHORTEST_ON_RULER and need.seconds > 0 and need.is_cpu_bound
    ]
    return Ruler(sorted(ratios)) if len(ratios) >= _FEWEST_ON_RULER else None


def normalized(needs: Mapping[str, Need], usual: Mapping[str, float], ruler: Ruler | None) -> dict[str, float]:
    """
    The seconds that each test would have needed on the usual machine.
    """
    if ruler is None:
        return {case_id: need.seconds for case_id, need in needs.items()}
    slowdown = ruler.slowdown
    return {
        case_id: need.on(ruler.slowdown_of_others(need.seconds / usual[case_id]) if usual.get(case_id) else slowdown)
        for case_id, need in needs.items()
    }
