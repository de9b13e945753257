"""
How long a thread was ready to run and had no CPU.
"""

import contextlib
from typing import Final

from paceline.probes.own_overhead import OwnWork, ProcFile
from paceline.unpatched import UNPATCHED

# The kernel takes the CPU from a process as a system call returns: after it counted the delay that was read. A reading
# that took longer than these nanoseconds is repeated.
UNDISTURBED, READINGS = 200_000, 5
_FIELDS = 3
# A turn on a CPU is longer, and so is a wait for one. Most fixtures are set up in less.
_SHORTEST_WAIT = 50_000
# A test may close a descriptor, and get its number for a file of its own.
_NO_FIGURE = (OSError, ValueError, IndexError)


class RunDelay:
    """
    Reads the nanoseconds that the thread which made this was ready to run without a CPU. The descriptor is kept open.

    Raises:
        OSError: the kernel does not count them.
    """

    def __init__(self, own: OwnWork) -> None:
        self._schedule: Final = ProcFile("thread-self/schedstat", own)
        if len(self._schedule.read().split()) != _FIELDS:
            self._schedule.close()
            raise OSError("/proc/thread-self/schedstat is empty, as in some sandboxes")

    def read(self) -> int:
        # Three numbers: time on a CPU, time ready to run without one, time slices.
        return int(self._schedule.read(96).split(None, 2)[1])

    def reopen(self) -> None:
        self._schedule.reopen()

    def close(self) -> None:
        self._schedule.close()


def run_delay(own: OwnWork) -> RunDelay | None:
    """
    None where the kernel does not count the delay.
    """
    with contextlib.suppress(OSError):
        return RunDelay(own)
    return None


class Stretches:
    """
    The stretches of time between marks, each with the wait for a CPU in it, in nanoseconds.

    A mark reads the delay only if the last reading is long enough ago for a wait. `began` is when the present stretch
    began.
    """

    def __init__(self, delay: RunDelay | None) -> None:
        self._now: Final = UNPATCHED.perf_counter_ns
        self._delay = delay
        self._last = self._read_at = 0
        self.began = self._now()
        self.mark()

    @property
    def has_waits(self) -> bool:
        """
        Whether waits are counted, and each reading succeeded so far.
        """
        return self._delay is not None

    def mark(self) -> tuple[int, int]:
        """
        End a stretch, and begin the next one.

        Returns:
            When the stretch ended, and the wait in it.
        """
        ended, began, before = self._now(), self.began, self._last
        self.began = ended
        if self._delay is None or ended - self._read_at < _SHORTEST_WAIT:
            return ended, 0
        try:
            after = self._read(self._delay)
        except _NO_FIGURE:
            self._delay = None
            return ended, 0
        return ended, min(max(after - before, 0), ended - began)

    def _read(self, delay: RunDelay) -> int:
        """
        The delay at the end of a stretch. The delay that is kept is that at the beginning of the next one.
        """
        readings = list[int]()
        while len(readings) < READINGS:
            started = self._now()
            try:
                readings.append(delay.read())
            except _NO_FIGURE:
                delay.reopen()
                readings.append(delay.read())
            self.began = self._read_at = self._now()
            if self.began - started < UNDISTURBED:
                break
        self._last = readings[-1]
        return readings[0]
