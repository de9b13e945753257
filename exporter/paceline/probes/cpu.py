"""
CPU time, the wait for a CPU, and context switches of the call phase.
"""

import contextlib
from typing import ClassVar, NamedTuple, cast

from paceline.probes.own_overhead import OwnWork, read_proc
from paceline.probes.probe import Probe, Usage
from paceline.probes.run_delay import READINGS, UNDISTURBED, run_delay
from paceline.unpatched import UNPATCHED
from paceline.usage import UsageKey

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_NANOSECONDS = 1e9
# getrusage counts microseconds; what a subtraction adds behind them is not measured.
_DIGITS = 6
# A thread that was on a CPU or ready to run for this share of the time works on something of its own.
_ALWAYS_READY = 0.9

_SELF, _CHILDREN = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN) if resource is not None else (0, 0)


class _Times(NamedTuple):
    user: float
    system: float
    children_user: float
    children_system: float
    voluntary: int
    involuntary: int


class _Schedule(NamedTuple):
    """
    Nanoseconds that a thread was on a CPU, and that it was ready to run without one.
    """

    on_cpu: int
    delay: int


class CpuProbe(Probe):
    """
    `getrusage` for the process and its children, and on Linux the run delay of all threads of the test.

    One thread is the rule, and its delay is read from a descriptor that is kept open. Where there are more, for
    example those of a server that the test asks, the delay of each counts: the test waits for them. A thread that was
    there before and wanted a CPU all the time is a background thread, whose delay the test does not wait for.
    """

    keys: ClassVar = (
        UsageKey.CPU_SECONDS,
        UsageKey.CPU_USER_SECONDS,
        UsageKey.CPU_SYSTEM_SECONDS,
        UsageKey.CHILDREN_CPU_USER_SECONDS,
        UsageKey.CHILDREN_CPU_SYSTEM_SECONDS,
        UsageKey.CPU_WAIT_SECONDS,
        UsageKey.VOLUNTARY_CONTEXT_SWITCHES,
        UsageKey.INVOLUNTARY_CONTEXT_SWITCHES,
    )

    def __init__(self, own: OwnWork) -> None:
        self._own = own
        self._run_delay = run_delay(own)
        self._times = _read_times if resource is not None else _read_portable_times
        self._before = self._times()
        self._delay_before = self._started = 0
        self._others_before: dict[str, _Schedule] = {}

    def start_call(self) -> None:
        self._others_before = _schedules(self._own) if self._has_others() else {}
        for _ in range(READINGS):
            self._started = UNPATCHED.perf_counter_ns()
            self._delay_before = self._delay()
            self._before = self._times()
            if UNPATCHED.perf_counter_ns() - self._started < UNDISTURBED:
                break

    def stop_call(self, usage: Usage) -> None:
        # The first system call after the test: a delay as it returns is not the test's.
        delay_after = self._delay()
        after, before = self._times(), self._before
        if self._run_delay is not None:
            delay = delay_after - self._delay_before + self._delay_of_others()
            usage[UsageKey.CPU_WAIT_SECONDS] = delay / _NANOSECONDS
        user, system = after[0] - before[0], after[1] - before[1]
        children_user, children_system = after[2] - before[2], after[3] - before[3]
        usage[UsageKey.CPU_SECONDS] = round(user + system + children_user + children_system, _DIGITS)
        usage[UsageKey.CPU_USER_SECONDS] = round(user, _DIGITS)
        usage[UsageKey.CPU_SYSTEM_SECONDS] = round(system, _DIGITS)
        usage[UsageKey.CHILDREN_CPU_USER_SECONDS] = round(children_user, _DIGITS)
        usage[UsageKey.CHILDREN_CPU_SYSTEM_SECONDS] = round(children_system, _DIGITS)
        if resource is not None:
            usage[UsageKey.VOLUNTARY_CONTEXT_SWITCHES] = after[4] - before[4]
            usage[UsageKey.INVOLUNTARY_CONTEXT_SWITCHES] = after[5] - before[5]

    def reopen(self) -> None:
        if self._run_delay is not None:
            self._run_delay.reopen()

    def close(self) -> None:
        if self._run_delay is not None:
            self._run_delay.close()

    def _delay(self) -> int:
        return self._run_delay.read() if self._run_delay is not None else 0

    def _delay_of_others(self) -> int:
        if not self._has_others():
            return 0
        wall = UNPATCHED.perf_counter_ns() - self._started
        spent = ((self._others_before.get(thread), now) for thread, now in _schedules(self._own).items())
        return sum(_awaited_delay(before, now, wall) for before, now in spent)

    def _has_others(self) -> bool:
        return self._run_delay is not None and UNPATCHED.active_count() > 1


def _awaited_delay(before: _Schedule | None, now: _Schedule, wall: int) -> int:
    """
    The delay of another thread, as far as a test of so many nanoseconds may have waited for it.
    """
    if before is None:
        return now.delay
    delay = now.delay - before.delay
    is_background = delay + now.on_cpu - before.on_cpu >= _ALWAYS_READY * wall
    return 0 if is_background else delay


def _schedules(own: OwnWork) -> dict[str, _Schedule]:
    """
    The times of each thread but this one.
    """
    this_thread = str(UNPATCHED.get_native_id())
    schedules = {}
    for thread in UNPATCHED.listdir("/proc/self/task"):
        if thread == this_thread:
            continue
        with contextlib.suppress(OSError):  # it has ended meanwhile
            on_cpu, delay, _ = read_proc(f"/proc/self/task/{thread}/schedstat", own).split(None, 2)
            schedules[thread] = _Schedule(int(on_cpu), int(delay))
    return schedules


def _read_times() -> _Times:
    mine = UNPATCHED.getrusage(_SELF)
    children = UNPATCHED.getrusage(_CHILDREN)
    # Positions, as named fields cost twice the time: user, system, …, voluntary, involuntary switches.
    return cast("_Times", (mine[0], mine[1], children[0], children[1], mine[14], mine[15]))


def _read_portable_times() -> _Times:
    return _Times(UNPATCHED.process_time(), 0.0, 0.0, 0.0, 0, 0)
