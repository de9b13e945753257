"""
Functions that leak, and functions that only look as if they did.
"""

import asyncio
import ctypes
import json
import logging
import os
import random
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from typing import Any
from unittest.mock import Mock

_KEPT: list[Any] = []
_NUMBERS = count()
_DESCRIPTORS: list[int] = []
_END_OF_THREADS = threading.Event()
_THREADS: list[threading.Thread] = []
_malloc = ctypes.CDLL(None).malloc


@contextmanager
def cleaned_up() -> Iterator[None]:
    """
    Give back what functions leaked in the block.
    """
    _END_OF_THREADS.clear()
    try:
        yield
    finally:
        _KEPT.clear()
        while _DESCRIPTORS:
            os.close(_DESCRIPTORS.pop())
        _END_OF_THREADS.set()
        for thread in _THREADS:
            thread.join()
        _THREADS.clear()


def keeps_a_kilobyte() -> None:
    _KEPT.append(bytearray(1 << 10))


def keeps_50_kilobytes() -> None:
    _KEPT.append(bytearray(50 << 10))


def keeps_an_object() -> None:
    _KEPT.append(object())


def keeps_64_bytes() -> None:
    _KEPT.append(bytes(31))


def keeps_each_tenth_time() -> None:
    if next(_NUMBERS) % 10 == 0:
        _KEPT.append(bytearray(1 << 10))


def keeps_native_memory() -> None:
    _malloc(512)


def keeps_memory_in_noise() -> list[float]:
    _KEPT.append(bytearray(1 << 10))
    return [random.random() for _ in range(random.randrange(100))]


def keeps_a_descriptor() -> None:
    _DESCRIPTORS.append(os.open(os.devnull, os.O_RDONLY))


def keeps_a_thread() -> None:
    _THREADS.append(threading.Thread(target=_END_OF_THREADS.wait, daemon=True))
    _THREADS[-1].start()


async def keeps_a_task() -> None:
    _KEPT.append(asyncio.get_running_loop().create_task(asyncio.sleep(1000)))


async def keeps_memory_in_a_loop() -> None:
    _KEPT.append(bytearray(1 << 10))


def does_nothing() -> None:
    pass


def writes_json() -> None:
    json.loads(json.dumps({"a": [1, 2, 3]}))


@lru_cache(50)
def _small_cache(_number: int) -> bytearray:
    return bytearray(2000)


def turns_a_small_cache_over() -> None:
    _small_cache(next(_NUMBERS))


@lru_cache(1000)
def _cache(_number: int) -> bytearray:
    return bytearray(2000)


def fills_a_cache() -> None:
    _cache(next(_NUMBERS))


@lru_cache(100_000)
def _large_cache(_number: int) -> bytearray:
    return bytearray(2000)


def fills_a_large_cache() -> None:
    _large_cache(next(_NUMBERS))


_WINDOW: list[object] = []


def keeps_a_random_window() -> None:
    _WINDOW[:] = [object() for _ in range(random.randrange(100))]


def makes_a_cycle() -> None:
    cycle: list[Any] = [bytearray(1000)]
    cycle.append(cycle)


_SAWTOOTH: list[bytearray] = []


def fills_and_empties() -> None:
    _SAWTOOTH.append(bytearray(500))
    if len(_SAWTOOTH) > 50:
        _SAWTOOTH.clear()


_RING: deque[bytearray] = deque(maxlen=200)


def turns_a_ring_over() -> None:
    _RING.append(bytearray(500))


def imports_once() -> None:
    import colorsys  # noqa: PLC0415, F401


def uses_much_for_a_moment() -> None:
    bytearray(4 << 20)


_LOG = logging.getLogger("leaks")


def logs() -> None:
    _LOG.warning("number %d", next(_NUMBERS))


def warns() -> None:
    warnings.warn(f"number {next(_NUMBERS)}", stacklevel=1)


def prints() -> None:
    print(f"number {next(_NUMBERS)}")


def runs_a_loop() -> None:
    asyncio.run(asyncio.sleep(0))


_MOCK = Mock()


def calls_a_mock() -> None:
    _MOCK(1)


async def awaits() -> None:
    await asyncio.sleep(0)


_WARM: list[bytearray] = []


def warms_up() -> None:
    if len(_WARM) < 30:
        _WARM.append(bytearray(1000))


LEAKS: tuple[Callable[[], Any], ...] = (
    keeps_a_kilobyte,
    keeps_50_kilobytes,
    keeps_an_object,
    keeps_64_bytes,
    keeps_each_tenth_time,
    keeps_memory_in_noise,
    keeps_a_descriptor,
    keeps_a_thread,
    keeps_a_task,
    keeps_memory_in_a_loop,
)
CLEAN: tuple[Callable[[], Any], ...] = (
    does_nothing,
    writes_json,
    turns_a_small_cache_over,
    fills_a_cache,
    fills_a_large_cache,
    keeps_a_random_window,
    makes_a_cycle,
    fills_and_empties,
    turns_a_ring_over,
    imports_once,
    uses_much_for_a_moment,
    logs,
    warns,
    prints,
    runs_a_loop,
    calls_a_mock,
    awaits,
    warms_up,
)
