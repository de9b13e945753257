"""
CPU time, the wait for a CPU, and context switches of the call phase.
"""

import time
from typing import NamedTuple, cast

from paceline.model import UsageKey
from paceline.probes.own import OwnWork, ProcFile
from paceline.probes.probe import Usage

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


class CpuProbe:
    """
    `getrusage` for the process and its children, and on Linux the run delay of the thread that runs the tests.
    """

    def __init__(self, own: OwnWork) -> None:
        self._own = own
        self._schedule = _schedule_file(own)
        self._times = _read_times if resource is not None else _read_portable_times
        self._before = self._times()
        self._own_before = 0.0
        self._delay_before = 0

    def start_test(self) -> None: ...

    def start_call(self) -> None:
        self._own_before = self._own.cpu_seconds()
        self._delay_before = self._delay()
        self._before = self._times()

    def stop_call(self, usage: Usage) -> None:
        after, before = self._times(), self._before
        if self._schedule is not None:
            usage[UsageKey.CPU_WAIT_SECONDS] = (self._delay() - self._delay_before) / _NANOSECONDS
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

    def stop_test(self, usage: Usage) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def close(self) -> None:
        if self._schedule is not None:
            self._schedule.close()

    def _delay(self) -> int:
        # Three numbers: time on a CPU, time ready to run without one, time slices.
        return int(self._schedule.read(96).split(None, 2)[1]) if self._schedule is not None else 0


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
