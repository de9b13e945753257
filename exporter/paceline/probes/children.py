"""
Threads and child processes that a test leaves behind.
"""

import contextlib
import os
import threading
from pathlib import Path

import psutil

from paceline.probes.own_overhead import OwnWork
from paceline.probes.probe import Probe, Usage
from paceline.usage import UsageKey


class ChildrenProbe(Probe):
    """
    Counts before setup and after teardown.
    """

    def __init__(self, own: OwnWork) -> None:
        self._own = own
        self._threads = 0
        self._processes = 0
        self._at_pause = 0, 0

    def start_test(self) -> None:
        self._threads = threading.active_count()
        self._processes = self._count_processes()

    def stop_test(self, usage: Usage) -> None:
        usage[UsageKey.THREADS_LEFT] = max(threading.active_count() - self._threads, 0)
        usage[UsageKey.PROCESSES_LEFT] = max(self._count_processes() - self._processes, 0)

    def pause(self) -> None:
        self._at_pause = threading.active_count(), self._count_processes()

    def resume(self) -> None:
        self._threads += threading.active_count() - self._at_pause[0]
        self._processes += self._count_processes() - self._at_pause[1]

    def _count_processes(self) -> int:
        return _count_children(self._own) if _has_children() else 0


def _has_children() -> bool:
    """
    Ask the kernel whether there is any child at all, dead or alive, without reaping it; the answer is nearly
    always no, and costs 2 µs where a list of processes costs milliseconds.
    """
    if not hasattr(os, "waitid"):
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _count_children(own: OwnWork) -> int:
    """
    Count children that are alive; each thread of the process has a list of its own.
    """
    try:
        threads = list(Path("/proc/self/task").iterdir())
    except OSError:
        return sum(_is_alive(child.pid) for child in psutil.Process().children())
    count = 0
    for thread in threads:
        with contextlib.suppress(OSError):
            children = (thread / "children").read_bytes()
            own.read_bytes += len(children)
            count += sum(_is_alive(int(child)) for child in children.split())
    return count


def _is_alive(process: int) -> bool:
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
