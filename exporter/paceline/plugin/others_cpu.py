"""
How busy other processes keep the machine while the tests run.
"""

import contextlib
import os
from typing import NamedTuple

import psutil

from paceline.companion.descendants import descendants

# The system counts in ticks of 10 ms: a share of less than this time is too rough.
_SHORTEST_SECONDS = 0.2


class _Spent(NamedTuple):
    """
    CPU seconds since the machine was started: of all CPUs, of all processes, and of this one and its child processes.
    """

    total: float
    busy: float
    own: float

    @classmethod
    def now(cls) -> "_Spent":
        times = psutil.cpu_times()
        # Linux counts the time of guests as time of users too.
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        idle = times.idle + getattr(times, "iowait", 0.0)
        return cls(total, total - idle, sum(os.times()[:4]) + sum(map(_cpu_seconds, descendants(os.getpid()))))


class OthersCpu:
    """
    Measures from when it is made until `percent` is asked for.
    """

    def __init__(self) -> None:
        self._before = _spent()

    def percent(self) -> float | None:
        """
        The CPU time of other processes, and what a hypervisor took, in percent of all CPUs; None after too short a
        time, and where it cannot be read, as in a fake file system that a fixture of the session keeps to its end.
        """
        before, after = self._before, _spent()
        if before is None or after is None:
            return None
        total = after.total - before.total
        if total < _SHORTEST_SECONDS * (os.cpu_count() or 1):
            return None
        others = after.busy - before.busy - (after.own - before.own)
        return round(100 * min(max(others / total, 0.0), 1.0), 1)


def _spent() -> _Spent | None:
    try:
        return _Spent.now()
    except OSError:
        return None


def _cpu_seconds(process: int) -> float:
    with contextlib.suppress(psutil.Error):
        return sum(psutil.Process(process).cpu_times()[:4])
    return 0.0
