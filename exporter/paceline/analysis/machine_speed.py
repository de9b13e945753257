"""
The machine out of the way: the suite is its own ruler, and a calibration holds it to something absolute.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple, Self

from paceline.model import Case
from paceline.usage import UsageKey

# A mark weighs as much as its test usually takes, as the time of a short test is mostly scheduling.
_HEAVIEST = 0.050
# One test, or one file, may change and must not move the estimate: these are the largest shares of the weight.
_SHARE_OF_TEST, _SHARE_OF_FILE = 0.25, 0.4
# Tests that together weigh less than this say nothing of the machine; its calibration does.
_LIGHTEST = 0.010
_SHORTEST = 1e-6
# A test with at least this share of its time on a CPU shows the speed of the CPU.
_CPU_BOUND = 0.5
# Where fewer tests than these share the weight, one that was made faster would make all others look slower. The
# calibration, which is good to some percent, then bounds how fast the machine can have been.
_MANY = 8
CALIBRATION_ERROR = 0.9
# Sums of the same weights differ by less than this share where they were made in another way.
_ROUNDING = 1e-9

# The usage that the needed time of a test is made from.
NEEDED_USAGE = (
    UsageKey.CPU_SECONDS,
    UsageKey.CPU_WAIT_SECONDS,
    UsageKey.VOLUNTARY_CONTEXT_SWITCHES,
    UsageKey.SHARED_GC_SECONDS,
)


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


class Mark(NamedTuple):
    """
    How much slower than usual something ran, and how much that counts.
    """

    ratio: float
    weight: float


class Ruler:
    """
    How much slower than usual the tests of a run ran, each a mark with its weight.
    """

    def __init__(self, marks: Mapping[str, Mark], calibration: float | None) -> None:
        order = sorted(marks.items(), key=lambda item: item[1])
        self._places = {case_id: place for place, (case_id, _) in enumerate(order)}
        self._ratios = [mark.ratio for _, mark in order]
        self._weights = [mark.weight for _, mark in order]
        self._sums = list(accumulate(self._weights)) or [0.0]
        self._rounding = _ROUNDING * self._sums[-1]
        self._calibration = 1.0 if calibration is None else calibration
        is_bounded = calibration is not None and _effective_size(self._weights) < _MANY
        self._lowest = CALIBRATION_ERROR * self._calibration if is_bounded else 0.0

    @classmethod
    def of(cls, needs: Mapping[str, Need], usual: Mapping[str, float], calibration: float | None = None) -> Self | None:
        """
        The ruler of a run: its tests that mostly compute.

        Args:
            needs: what each passed test needed in this run, by test id.
            usual: what it usually needs on the machine that is usual.
            calibration: how much longer than usual the calibration took, where that is known.

        Returns:
            None where too little is known to say anything.
        """
        marks = {
            case_id: Mark(need.seconds / known, min(known, _HEAVIEST))
            for case_id, need in needs.items()
            if (known := usual.get(case_id, 0.0)) > 0 and need.seconds > 0 and need.is_cpu_bound
        }
        weights = _limited({case_id: mark.weight for case_id, mark in marks.items()})
        if calibration is None and sum(weights.values()) < _LIGHTEST:
            return None
        return cls({case_id: Mark(mark.ratio, weights[case_id]) for case_id, mark in marks.items()}, calibration)

    @cached_property
    def slowdown(self) -> float:
        """
        The slowdown of the machine by all marks: their weighted median. A single mark is of no machine.
        """
        weight = self._sums[-1] if len(self._weights) > 1 else 0.0
        return self._between(weight / 2, weight / 2) if weight >= _LIGHTEST else self._calibration

    def slowdown_of_others(self, case_id: str) -> float:
        """
        The slowdown by all marks but that of one test, so that it is not divided by its own slowness.

        Where these weigh too little, the calibration excuses a slow test and blames none: it is a moment at the start,
        and on a busy machine half of the moments are twice as fast as the others.
        """
        place = self._places.get(case_id)
        weight = self._weights[place] if place is not None else 0.0
        left = self._sums[-1] - weight
        if left < _LIGHTEST or (place is None and len(self._weights) == 1):
            return max(self._calibration, 1.0)
        if place is None:
            return self.slowdown
        before = self._sums[place] - weight
        # From the mark that is left out on, all sums are too large by its weight.
        low = left / 2 if before >= left / 2 - self._rounding else left / 2 + weight
        high = left / 2 if before > left / 2 + self._rounding else left / 2 + weight
        return self._between(low, high)

    def _between(self, low: float, high: float) -> float:
        # Two marks where the halves weigh the same, as in the median of an even number.
        first = bisect_left(self._sums, low - self._rounding)
        second = bisect_right(self._sums, high + self._rounding)
        return max((self._ratios[first] + self._ratios[second]) / 2, self._lowest)


def need_of(case: Case) -> Need | None:
    """
    What the call phase of a case needed; of a benchmark, what one call of its function needed, and of a load test, what
    one request did.

    Returns:
        None where the wait for a CPU could not be measured: the time by the clock is another figure. The median of
        the rounds of a benchmark is without it. None too of a test whose calls were counted, and of one that lasts as
        long as it was asked to.
    """
    if case.benchmark_seconds is not None:
        whole = need(case.duration_seconds or 0.0, case.usage)
        share = whole.cpu_seconds / whole.seconds if whole.seconds > 0 else 1.0
        return Need(case.benchmark_seconds, share * case.benchmark_seconds)
    if case.duration_seconds is None or case.lacks_cpu_wait or case.is_counted or case.lasts_as_asked:
        return None
    return need(case.duration_seconds, case.usage)


def need(duration: float, usage: Mapping[str, float]) -> Need:
    """
    A call phase less the time in which threads of the test were ready to run and had no CPU, and less the garbage
    collections that walked objects of others.

    Threads may wait at the same time, so that their waits add up to more than was lost; what the test spent on
    a CPU it needed in any case. A test that never gave the CPU away needed nothing else: the rest of its time a
    hypervisor took, or an interrupt.

    Args:
        duration: seconds of the call phase by the clock.
        usage: of the call phase.
    """
    shared = min(usage.get(UsageKey.SHARED_GC_SECONDS, 0.0), duration)
    duration -= shared
    cpu = usage.get(UsageKey.CPU_SECONDS)
    cpu = None if cpu is None else max(cpu - shared, 0.0)
    on_cpu = duration if cpu is None else min(cpu, duration)
    waited = usage.get(UsageKey.CPU_WAIT_SECONDS)
    if waited is None:
        rest = duration
    elif cpu is not None and usage.get(UsageKey.VOLUNTARY_CONTEXT_SWITCHES) == 0:
        rest = on_cpu
    else:
        rest = duration - waited
    # The two clocks differ a little, and a JUnit file has "0.000": no test needs no time.
    seconds = max(rest, 0.0 if cpu is None else on_cpu, _SHORTEST)
    return Need(seconds, min(on_cpu, seconds))


def normalized(needs: Mapping[str, Need], ruler: Ruler | None) -> dict[str, float]:
    """
    The seconds that each test would have needed on the usual machine.
    """
    if ruler is None:
        return {case_id: need.seconds for case_id, need in needs.items()}
    return {case_id: need.on(ruler.slowdown_of_others(case_id)) for case_id, need in needs.items()}


def _limited(weights: Mapping[str, float]) -> dict[str, float]:
    """
    Limit the weight of each test and of each file to its share, as far as there are enough of them.
    """
    limit = _limit(list(weights.values()), _SHARE_OF_TEST) or min(weights.values(), default=0.0)
    limited = {case_id: min(weight, limit) for case_id, weight in weights.items()}
    files: dict[str, float] = defaultdict(float)
    for case_id, weight in limited.items():
        files[_file_of(case_id)] += weight
    of_file = _limit(list(files.values()), _SHARE_OF_FILE)
    if of_file is None or sum(min(weight, of_file) for weight in files.values()) < _HEAVIEST:
        return limited
    return {case_id: weight * min(1.0, of_file / files[_file_of(case_id)]) for case_id, weight in limited.items()}


def _limit(weights: Sequence[float], share: float) -> float | None:
    """
    The weight to which the heaviest are to be limited so that each has at most a share of the sum; None where there
    are too few weights for that.
    """
    ordered = sorted(weights, reverse=True)
    rest = sum(ordered)
    for heavier, weight in enumerate(ordered):
        if heavier * share >= 1:
            return None
        limit = share * rest / (1 - heavier * share)
        if weight <= limit:
            return limit
        rest -= weight
    return None


def _file_of(case_id: str) -> str:
    return case_id.partition("::")[0]


def _effective_size(weights: Sequence[float]) -> float:
    # Kish, L. (1965), "Survey Sampling": weights are worth as many equal ones as this.
    squares = sum(weight**2 for weight in weights)
    return sum(weights) ** 2 / squares if squares else 0.0
