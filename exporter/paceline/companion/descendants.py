"""
The processes below a process, as cheaply as the system allows.
"""

import os
import time
from collections.abc import Callable, Iterator

import psutil

_TICK_NS = 1e9 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def descendants(process: int) -> Iterator[int]:
    """
    All processes below one.
    """
    waiting = [process]
    while waiting:
        for child in _children(waiting.pop()):
            if child != os.getpid():  # where the session has adopted the companion
                waiting.append(child)
                yield child


def resident_bytes(process: int) -> int:
    """
    Raises:
        OSError, psutil.Error: the process has ended.
    """
    if _HAS_CHILDREN_FILES:
        return int(_read(f"/proc/{process}/statm").split(None, 2)[1]) * _PAGE
    return int(psutil.Process(process).memory_info().rss)


def started_ns(process: int) -> float:
    """
    When a process was started, by the monotonic clock, to about 10 ms.

    Raises:
        OSError, psutil.Error: the process has ended.
    """
    if _HAS_CHILDREN_FILES:
        since_boot = float(_read(f"/proc/{process}/stat").rpartition(b")")[2].split(None, 20)[19]) * _TICK_NS
        return since_boot - time.clock_gettime_ns(time.CLOCK_BOOTTIME) + time.perf_counter_ns()
    return (psutil.Process(process).create_time() - time.time()) * 1e9 + time.perf_counter_ns()


def _listed_children(process: int) -> Iterator[int]:
    """
    Each thread has a list of the processes that it started.
    """
    try:
        for thread in os.listdir(f"/proc/{process}/task"):  # noqa: PTH208 - pathlib is slow to import
            yield from map(int, _read(f"/proc/{process}/task/{thread}/children").split())
    except OSError:  # it has ended meanwhile
        return


def _portable_children(process: int) -> Iterator[int]:
    try:
        yield from (child.pid for child in psutil.Process(process).children())
    except psutil.Error:
        return


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 1 << 16)
    finally:
        os.close(descriptor)


# A kernel may be built without these files.
_HAS_CHILDREN_FILES = os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # noqa: PTH110 - as above
_children: Callable[[int], Iterator[int]] = _listed_children if _HAS_CHILDREN_FILES else _portable_children
