"""
Threads and child processes that a test leaves behind.
"""

import contextlib
import os
from typing import ClassVar

import psutil

from paceline.probes.own_overhead import OwnWork, read_proc
from paceline.probes.probe import Probe, Usage
from paceline.unpatched import UNPATCHED
from paceline.usage import UsageKey

_ZOMBIE = b"Z"
_ANY_STATE = os.WEXITED | os.WNOHANG | os.WNOWAIT if hasattr(os, "waitid") else 0


class ChildrenProbe(Probe):
    """
    Counts before setup and after teardown.
    """

    keys: ClassVar = (UsageKey.THREADS_LEFT, UsageKey.PROCESSES_LEFT)

    def __init__(self, own: OwnWork) -> None:
        self._own = own
        self._threads = 0
        self._processes = 0
        self._at_pause = 0, 0

    def start_test(self) -> None:
        self._threads = UNPATCHED.active_count()
        self._processes = self._count_processes()

    def stop_test(self, usage: Usage) -> None:
        usage[UsageKey.THREADS_LEFT] = max(UNPATCHED.active_count() - self._threads, 0)
        usage[UsageKey.PROCESSES_LEFT] = max(self._count_processes() - self._processes, 0)

    def pause(self) -> None:
        self._at_pause = UNPATCHED.active_count(), self._count_processes()

    def resume(self) -> None:
        self._threads += UNPATCHED.active_count() - self._at_pause[0]
        self._processes += self._count_processes() - self._at_pause[1]

    def _count_processes(self) -> int:
        return _count_children(self._own) if _has_children() else 0


def _has_children() -> bool:
    """
    Ask the kernel whether there is any child at all, dead or alive, without reaping it; the answer is nearly
    always no, and costs 2 µs where a list of processes costs milliseconds.
    """
    if UNPATCHED.waitid is None:
        return True
    try:
        UNPATCHED.waitid(os.P_ALL, 0, _ANY_STATE)
    except ChildProcessError:
        return False
    return True


def _count_children(own: OwnWork) -> int:
    """
    Count children that are alive; each thread of the process has a list of its own.
    """
    try:
        threads = UNPATCHED.listdir("/proc/self/task")
    except OSError:
        return _count_portably()
    count = 0
    for thread in threads:
        with contextlib.suppress(OSError):
            children = read_proc(f"/proc/self/task/{thread}/children", own)
            count += sum(_is_alive(child.decode(), own) for child in children.split())
    return count


def _is_alive(process: str, own: OwnWork) -> bool:
    try:
        # The name of the program, in parentheses, may have any character; the state follows.
        return read_proc(f"/proc/{process}/stat", own).rpartition(b") ")[2][:1] != _ZOMBIE
    except OSError:
        return False


def _count_portably() -> int:
    children = psutil.Process().children()
    return sum(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
