"""
When the samples of a run are: at its end, or a little later where other runs of the suite have that millisecond.

Of two samples of a series at one time, to the millisecond, a Prometheus keeps one.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator

from paceline.formatting import milliseconds
from paceline.model import Run


def free_stamp(ended: float, later: Iterable[int]) -> int:
    """
    The first millisecond from the end of a run on that no other run of its suite has.

    Args:
        ended: the end of the run, in seconds since 1970.
        later: what other runs of the suite have from then on, in milliseconds since 1970, ascending.
    """
    stamp = milliseconds(ended)
    for other in later:
        if other > stamp:
            break
        stamp += 1
    return stamp


def stamped(runs: Iterable[Run]) -> Iterator[tuple[Run, int]]:
    """
    Runs with the time of their samples, in milliseconds since 1970; the earlier of two keeps its own.
    """
    taken: defaultdict[str, list[int]] = defaultdict(list)
    for run in runs:
        known = taken[run.suite]
        stamp = free_stamp(run.ended, known[bisect_left(known, milliseconds(run.ended)) :])
        insort(known, stamp)
        yield run, stamp
