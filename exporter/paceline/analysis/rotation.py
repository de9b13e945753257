"""
Which tests a run counts in the mode `rotate`: those whose last count is the oldest, as far as a share of the time goes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from statistics import fmean, median_low

from paceline.analysis.past import DURATION, Needed, Past
from paceline.usage import UsageKey
from paceline.values import Value

NEEDED_FOR_ROTATION = Needed((DURATION, UsageKey.CALLS))
# Of the time for counting, the part for tests that were never counted, as skipped ones never are.
_OF_NEW_TESTS = 0.5
# The end of a run's id differs from run to run.
_START_BYTES = 6


class Rotation(Value, frozen=True, kw_only=True):
    """
    What is known of tests before a run: their usual `seconds`, and the place of the last run that counted each. `start`
    is a number of the run, by which new tests take turns.
    """

    seconds: Mapping[str, float] = {}
    counted: Mapping[str, int] = {}
    start: int = 0

    def seconds_of(self, tests: Iterable[str]) -> dict[str, float]:
        """
        The seconds of each test; where they are not known, the mean of the others.
        """
        mean = fmean(self.seconds.values()) if self.seconds else 1.0
        return {test: self.seconds.get(test, mean) for test in tests}


def find_rotation(past: Past, run_id: str) -> Rotation:
    """
    What the latest runs know of the tests.

    Args:
        past: the runs, with the measures of `NEEDED_FOR_ROTATION`.
        run_id: of the run that is to count.
    """
    times, calls = past.column(DURATION), past.column(UsageKey.CALLS)
    return Rotation(
        seconds={test: median_low(series.values) for test in times if (series := times.get(test)) and series.values},
        counted={test: series.runs[-1] for test in calls if (series := calls.get(test)) and series.runs},
        start=int.from_bytes(run_id.encode()[-_START_BYTES:], "big"),
    )


def chosen_in_rotation(tests: Sequence[str], share: float, rotation: Rotation) -> frozenset[str]:
    """
    The tests that a run counts: at least one, and as many as take their share of the time.

    Args:
        tests: all tests of the run, in order.
        share: of the time of all.
        rotation: what is known of them.
    """
    seconds = rotation.seconds_of(tests)
    limit = share * sum(seconds.values())
    new = [test for test in tests if test not in rotation.seconds and test not in rotation.counted]
    left = [test for test in tests if test in rotation.seconds or test in rotation.counted]
    known = sorted(left, key=lambda test: rotation.counted.get(test, -1))
    first = rotation.start % len(new) if new else 0
    chosen = [*_within(limit * (_OF_NEW_TESTS if known else 1), [*new[first:], *new[:first]], seconds)]
    chosen += _within(limit - sum(seconds[test] for test in chosen), known, seconds)
    return frozenset(chosen)


def _within(limit: float, tests: Sequence[str], seconds: Mapping[str, float]) -> Iterator[str]:
    """
    The first tests, as many as take no longer than the limit; the first one in any case.
    """
    until = accumulate(seconds[test] for test in tests)
    for place, (test, end) in enumerate(zip(tests, until, strict=True)):
        if place and end > limit:
            return
        yield test
