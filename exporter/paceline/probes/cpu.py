"""
CPU time, the wait for a CPU, and context switches of the call phase.
"""

import contextlib
import threading
import time
from pathlib import Path
from typing import NamedTuple, cast

from paceline.probes.own_overhead import OwnWork, ProcFile
from paceline.probes.probe import Probe, Usage
from paceline.usage import UsageKey

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_NANOSECONDS = 1e9
# getrusage counts microseconds; what a subtraction adds behind them is not measured.
_DIGITS = 6


class _Times(NamedTuple):
    user: float
    system: float
    children_user: float
    children_system: float
    voluntary: int
    involuntary: int


class CpuProbe(Probe):
    """
    `getrusage` for the process and its children, and on Linux the run delay of all threads of the test.

    One thread is the rule, and its delay is read from a descriptor that is kept open. Where there are more, for
    example those of a server that the test asks, the delay of each counts: the test waits for them.
    """

    def __init__(self, own: OwnWork) -> None:
        self._own = own
        self._schedule = _schedule_file(own)
        self._times = _read_times if resource is not None else _read_portable_times
        self._before = self._times()
        self._own_before = 0.0
        self._delay_before = 0
        self._others_before: dict[str, int] = {}

    def start_call(self) -> None:
        self._own_before = self._own.cpu_seconds()
        self._others_before = _delays(self._own) if self._has_others() else {}
        self._delay_before = self._delay()
        self._before = self._times()

    def stop_call(self, usage: Usage) -> None:
        after, before = self._times(), self._before
        if self._schedule is not None:
            delay = self._delay() - self._delay_before + self._delay_of_others()
            usage[UsageKey.CPU_WAIT_SECONDS] = delay / _NANOSECONDS
        own = self._own.cpu_seconds() - self._own_before
        user, system = _without(own, after[0] - before[0], after[1] - before[1])
        children_user, children_system = after[2] - before[2], after[3] - before[3]
        usage[UsageKey.CPU_SECONDS] = round(user + system + children_user + children_system, _DIGITS)
        usage[UsageKey.CPU_USER_SECONDS] = round(user, _DIGITS)
        usage[UsageKey.CPU_SYSTEM_SECONDS] = round(system, _DIGITS)
        usage[UsageKey.CHILDREN_CPU_USER_SECONDS] = round(children_user, _DIGITS)
        usage[UsageKey.CHILDREN_CPU_SYSTEM_SECONDS] = round(children_system, _DIGITS)
        if resource is not None:
            usage[UsageKey.VOLUNTARY_CONTEXT_SWITCHES] = after[4] - before[4]
            usage[UsageKey.INVOLUNTARY_CONTEXT_SWITCHES] = after[5] - before[5]

    def close(self) -> None:
        if self._schedule is not None:
            self._schedule.close()

    def _delay(self) -> int:
        # Three numbers: time on a CPU, time ready to run without one, time slices.
        return int(self._schedule.read(96).split(None, 2)[1]) if self._schedule is not None else 0

    def _delay_of_others(self) -> int:
        if not self._has_others():
            return 0
        return sum(delay - self._others_before.get(thread, 0) for thread, delay in _delays(self._own).items())

    def _has_others(self) -> bool:
        return self._schedule is not None and threading.active_count() > self._own.threads + 1


def _delays(own: OwnWork) -> dict[str, int]:
    """
    The run delay in nanoseconds of each thread but this one and Paceline's own.
    """
    left_out = {str(threading.get_native_id()), *map(str, own.native_ids)}
    delays = {}
    for thread in Path("/proc/self/task").iterdir():
        if thread.name in left_out:
            continue
        with contextlib.suppress(OSError):  # it has ended meanwhile
            content = (thread / "schedstat").read_bytes()
            own.read_bytes += len(content)
            delays[thread.name] = int(content.split(None, 2)[1])
    return delays


def _without(own: float, user: float, system: float) -> tuple[float, float]:
    """
    Take Paceline's own CPU time off in the proportion of user and system time, as its threads' clocks do not
    tell the two apart.
    """
    if own == 0 or user + system == 0:
        return user, system
    kept = max(1 - own / (user + system), 0.0)
    return user * kept, system * kept


def _schedule_file(own: OwnWork) -> ProcFile | None:
    try:
        schedule = ProcFile("thread-self/schedstat", own)
    except OSError:
        return None
    if len(schedule.read().split()) == 3:  # noqa: PLR2004 - some sandboxes have the file and leave it empty
        return schedule
    schedule.close()
    return None


def _read_times() -> _Times:
    mine = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Positions, as named fields cost twice the time: user, system, …, voluntary, involuntary switches.
    return cast("_Times", (mine[0], mine[1], children[0], children[1], mine[14], mine[15]))


def _read_portable_times() -> _Times:
    return _Times(time.process_time(), 0.0, 0.0, 0.0, 0, 0)
