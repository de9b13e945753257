"""
Memory: the peak of the call phase above its start, and what is still held after teardown.
"""

import os
import sys
from mmap import PAGESIZE
from typing import ClassVar

import psutil

from paceline.probes.own_overhead import OwnWork, ProcFile, read_proc
from paceline.probes.probe import Probe, Usage
from paceline.unpatched import UNPATCHED
from paceline.usage import UsageKey

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_KIBIBYTE = 1024
_RESET_PEAK = b"5"
_ROUGHNESS = 2 << 20
_SELF = resource.RUSAGE_SELF if resource is not None else 0


def memory_probe(own: OwnWork) -> Probe:
    """
    The kernel's own peak where it can be reset, else looks before and after.
    """
    try:
        return KernelMemoryProbe(own)
    except (OSError, ValueError, IndexError):  # a sandbox may show another text
        return BoundaryMemoryProbe()


class _MemoryProbe(Probe):
    """
    What is still held after a test, in whatever way the resident memory is read.
    """

    keys: ClassVar = (UsageKey.MEMORY_PEAK_BYTES, UsageKey.MEMORY_RETAINED_BYTES)
    _start = _at_pause = 0

    def start_test(self) -> None:
        self._start = self._resident()

    def stop_test(self, usage: Usage) -> None:
        usage[UsageKey.MEMORY_RETAINED_BYTES] = max(self._resident() - self._start, 0)

    def settle(self, usage: Usage) -> None:
        retained = max(self._resident() - self._start, 0)
        usage[UsageKey.MEMORY_RETAINED_BYTES] = min(usage.get(UsageKey.MEMORY_RETAINED_BYTES, retained), retained)

    def pause(self) -> None:
        self._at_pause = self._resident()

    def resume(self) -> None:
        self._start += self._resident() - self._at_pause

    def _resident(self) -> int:
        raise NotImplementedError


class KernelMemoryProbe(_MemoryProbe):
    """
    Linux keeps the peak of a process and lets it be reset (proc_pid_clear_refs(5)): exact.

    `VmHWM` costs 12 µs to read and `ru_maxrss` 1. They are the same peak, but for two things: the latter never
    falls below what the process had before it was replaced by `exec`, and it may lag by some pages per CPU. So
    it only decides whether `VmHWM` has to be read.

    Raises:
        OSError: the system is not Linux, or a sandbox refuses the file.
    """

    _in_call: ClassVar[list["KernelMemoryProbe"]] = []

    def __init__(self, own: OwnWork) -> None:
        self._noted = 0
        self._reset = ProcFile("self/clear_refs", own, os.O_WRONLY)
        self._reset_peak()
        self._status = ProcFile("self/status", own)
        self._statm = ProcFile("self/statm", own)
        self._call_start = self._rough_start = 0
        _peak(self._status.read(4096))

    def start_call(self) -> None:
        self._reset_peak()
        if self not in self._in_call:
            self._in_call.append(self)
        self._noted = 0
        self._call_start = self._resident()
        self._rough_start = _rough_peak()

    def stop_call(self, usage: Usage) -> None:
        if self in self._in_call:
            self._in_call.remove(self)
        self.note_peak()
        usage[UsageKey.MEMORY_PEAK_BYTES] = max(self._noted - self._call_start, 0)

    def reopen(self) -> None:
        for file in (self._reset, self._status, self._statm):
            file.reopen()

    def close(self) -> None:
        if self in self._in_call:
            self._in_call.remove(self)
        for file in (self._reset, self._status, self._statm):
            file.close()

    def _reset_peak(self) -> None:
        # There is one peak a process: a monitor inside a test must not lose the test's.
        for outer in self._in_call:
            outer.note_peak()
        self._reset.write(_RESET_PEAK)

    def note_peak(self) -> None:
        """
        Keep the peak so far, before another probe resets it.
        """
        has_floor = self._rough_start > self._call_start + _ROUGHNESS
        if has_floor or _rough_peak() != self._rough_start:
            self._noted = max(self._noted, _peak(self._status.read(4096)))

    def _resident(self) -> int:
        return _resident_of(self._statm.read(128))


class BoundaryMemoryProbe(_MemoryProbe):
    """
    Elsewhere memory is read before and after the call phase, with the highest that the process ever had.

    A peak is seen where it is the highest so far, or still there at the end; an earlier, higher one hides it.
    """

    def __init__(self) -> None:
        # Bound, as a test may replace it.
        self._memory = psutil.Process().memory_info
        self._call_start = self._highest_before = 0

    def start_call(self) -> None:
        self._highest_before = self._highest()
        self._call_start = self._resident()

    def stop_call(self, usage: Usage) -> None:
        highest = self._highest()
        peak = highest if highest > self._highest_before else self._resident()
        usage[UsageKey.MEMORY_PEAK_BYTES] = max(peak - self._call_start, 0)

    def _highest(self) -> int:
        if resource is None:
            return int(self._memory().peak_wset)
        unit = 1 if sys.platform == "darwin" else _KIBIBYTE
        return int(resource.getrusage(resource.RUSAGE_SELF)[2]) * unit

    def _resident(self) -> int:
        return int(self._memory().rss)


def resident_bytes() -> int:
    """
    The resident memory of this process now.
    """
    try:
        return _resident_of(read_proc("/proc/self/statm", OwnWork()))
    except (OSError, ValueError, IndexError):
        return int(psutil.Process().memory_info().rss)


def _resident_of(statm: bytes) -> int:
    return int(statm.split(None, 2)[1]) * PAGESIZE


def _rough_peak() -> int:
    return int(UNPATCHED.getrusage(_SELF)[2]) * _KIBIBYTE


def _peak(status: bytes) -> int:
    start = status.find(b"VmHWM:")
    if start < 0:
        raise OSError("/proc/self/status has no line VmHWM")
    end = status.index(b"kB", start)
    return int(status[start + 6 : end]) * _KIBIBYTE
