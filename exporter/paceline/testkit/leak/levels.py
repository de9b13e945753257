"""
The levels of what a process holds: memory, descriptors, threads, tasks.
"""

import gc
import sys
import threading
from array import array
from asyncio import all_tasks, get_running_loop
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Final, NamedTuple

import psutil

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# An object of up to 512 bytes is a block, whose size Python does not tell; most are about as large as this.
BYTES_OF_BLOCK = 64
_DESCRIPTORS = Path("/proc/self/fd")
# Python 3.12 starts with some hundred frozen objects, and a program that froze its own has many more.
_FROZEN_AT_START = 2000
# Sizes that Python asks malloc for and that glibc keeps in the cache of a thread (`tcache_entry`), by the step between
# them, and more of each size than the cache holds.
_CACHED_SIZES, _CACHED_CHUNKS = range(519, 1033, 16), 20
# Of the descriptors that a process may open.
_USABLE = 0.7


class Levels(NamedTuple):
    """
    Levels at one moment, in the order in which samples have them.

    `blocks` are the small objects of Python, `heap_bytes` are those that malloc has given out (0 where psutil cannot
    tell).
    """

    blocks: int
    heap_bytes: int
    descriptors: int
    threads: int
    tasks: int

    @property
    def memory_bytes(self) -> float:
        """
        The bytes in use, with small objects at their usual size.
        """
        return float(self.heap_bytes + BYTES_OF_BLOCK * self.blocks)


_WIDTH = len(Levels._fields)
CAN_READ_HEAP = hasattr(psutil, "heap_info")
"""
Whether malloc can be asked: psutil 7.2 and later, with glibc, and on macOS and Windows.
"""


def read_levels() -> Levels:
    """
    The levels now, after the garbage was collected.
    """
    gc.collect()
    return Levels(sys.getallocatedblocks(), _heap_bytes(), _descriptors(), threading.active_count(), _tasks())


def _heap_bytes() -> int:
    if not CAN_READ_HEAP:
        return 0
    heap = psutil.heap_info()
    return int(heap.heap_used + heap.mmap_used)


def _descriptors() -> int:
    try:
        return sum(1 for _ in _DESCRIPTORS.iterdir())
    except OSError:  # no Linux
        return 0


def most_descriptors() -> float:
    """
    Descriptors that a process may have open without being near its limit.
    """
    return inf if resource is None else _USABLE * resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _tasks() -> int:
    try:
        return len(all_tasks(get_running_loop()))
    except RuntimeError:  # no loop runs
        return 0


def fill_cache_of_malloc() -> None:
    """
    Fill the cache that malloc of glibc has for this thread. Freed memory in the cache counts as given out, so that a
    cache that fills would look like a leak.
    """
    for size in _CACHED_SIZES:
        [bytearray(size) for _ in range(_CACHED_CHUNKS)]


class Samples:
    """
    Levels of one stage, one after the other. What they are kept in was allocated before the first, so that they
    themselves add to none of them.

    Args:
        count: of samples.
        calls_per_sample: calls between two samples.
    """

    def __init__(self, count: int, calls_per_sample: float) -> None:
        self.calls_per_sample: Final = calls_per_sample
        self._values: Final = array("d", bytes(8 * _WIDTH * count))
        self._count = 0

    def add(self) -> None:
        """
        Sample the levels now.
        """
        first = self._count * _WIDTH
        for place, value in enumerate(read_levels(), first):
            self._values[place] = value
        self._count += 1

    def of(self, level: str) -> list[float]:
        """
        The samples of a level.
        """
        return list(self._values[Levels._fields.index(level) : self._count * _WIDTH : _WIDTH])

    @property
    def memory_bytes(self) -> list[float]:
        """
        The samples of the bytes in use.
        """
        pairs = zip(self.of("heap_bytes"), self.of("blocks"), strict=True)
        return [heap + BYTES_OF_BLOCK * blocks for heap, blocks in pairs]


@contextmanager
def frozen_objects() -> Iterator[None]:
    """
    While the garbage collector leaves out the objects that are there already, so that it is quick. Objects that the
    program froze stay frozen.
    """
    if gc.get_freeze_count() > _FROZEN_AT_START:
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
