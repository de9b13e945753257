"""
Leak tests, inside pytest with all its recorders.
"""

import asyncio
import gc
import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from paceline.testkit import async_memory_leak_test, memory_leak_test
from paceline.testkit.leak.levels import CAN_READ_HEAP, fill_cache_of_malloc, read_levels
from support.leaking import (
    CLEAN,
    LEAKS,
    calls_a_mock,
    cleaned_up,
    fills_a_large_cache,
    keeps_50_kilobytes,
    keeps_a_descriptor,
    keeps_a_thread,
    keeps_memory_in_a_loop,
    keeps_native_memory,
)

# The tests of memory of C code and large objects, where the installed psutil can read it.
_NATIVE = (keeps_native_memory,) if CAN_READ_HEAP else ()


def _name(fn: Callable[[], Any]) -> str:
    return fn.__name__


@pytest.mark.parametrize("fn", [*LEAKS, *_NATIVE], ids=_name)
def test_a_leak_is_found(fn: Callable[[], Any]) -> None:
    """
    Of objects, large and small, of C code, descriptors, threads and tasks.
    """
    with cleaned_up():
        assert memory_leak_test(fn).leak_detected


@pytest.mark.parametrize("fn", CLEAN, ids=_name)
def test_a_function_that_only_looks_like_a_leak_is_none(fn: Callable[[], Any]) -> None:
    """
    Caches that fill, garbage, and what pytest records of each call.
    """
    result = memory_leak_test(fn)

    assert not result.leak_detected, result.summary()


def test_a_leak_is_named_with_its_line_and_its_size() -> None:
    """
    50 KB a call, from the line that allocates them.
    """
    with cleaned_up():
        result = memory_leak_test(keeps_50_kilobytes)

    assert result.bytes_per_call == pytest.approx(50 << 10, rel=0.05)
    assert "support/leaking.py:" in result.sites[0].place
    assert result.summary().startswith("leak in 100 calls: memory +50")
    assert result.growth_bytes > 100 * (50 << 10) or not CAN_READ_HEAP


def test_a_leak_through_a_library_is_named_with_the_line_that_called_the_library() -> None:
    """
    A line of the standard library alone leads nobody to a leak.
    """
    kept: list[Any] = []
    result = memory_leak_test(lambda: kept.append(json.loads("[1000, 2000, 3000]")))

    assert re.fullmatch(r"tests/testkit/test_leaks\.py:\d+ \(in json/decoder\.py:\d+\)", result.sites[0].place)


@pytest.mark.parametrize(
    ("fn", "resource"),
    [
        (keeps_a_descriptor, "descriptors"),
        (keeps_a_thread, "threads"),
        *((keeps_native, "native memory") for keeps_native in _NATIVE),
    ],
)
def test_the_resource_that_leaks_is_named(fn: Callable[[], Any], resource: str) -> None:
    """
    Descriptors and threads leave memory of their objects as well.
    """
    with cleaned_up():
        result = memory_leak_test(fn)

    assert resource in {growth.resource for growth in result.growths}


@pytest.mark.parametrize(
    ("fn", "note"),
    [(calls_a_mock, "the Mock keeps all its calls"), (fills_a_large_cache, "a bounded cache fills: support.leaking.")],
    ids=["mock", "cache"],
)
def test_growth_that_is_no_leak_is_explained(fn: Callable[[], Any], note: str) -> None:
    """
    By the name of the cache, or as the calls of a mock.
    """
    assert note in memory_leak_test(fn).note


def test_memory_that_malloc_caches_is_no_growth() -> None:
    """
    In a thread, whose cache is empty at first: buffers that are freed again change no level.
    """
    grown: list[float] = []

    def use_buffers() -> None:
        fill_cache_of_malloc()
        before = read_levels().heap_bytes
        for size in range(519, 1033, 16):
            bytearray(size)
        grown.append(read_levels().heap_bytes - before)

    thread = threading.Thread(target=use_buffers)
    thread.start()
    thread.join()

    assert grown[0] < 4096


@pytest.mark.asyncio
async def test_a_coroutine_function_is_awaited_in_the_loop_of_the_test() -> None:
    """
    Where what it uses may belong to that loop.
    """
    loops = set()

    async def notes_its_loop() -> None:
        loops.add(asyncio.get_running_loop())

    with cleaned_up():
        leaking = await async_memory_leak_test(keeps_memory_in_a_loop)
    clean = await async_memory_leak_test(notes_its_loop)

    assert (leaking.leak_detected, clean.leak_detected) == (True, False)
    assert loops == {asyncio.get_running_loop()}


@pytest.mark.parametrize("iterations", [1, 2, 3, 9])
def test_few_iterations_are_enough(iterations: int) -> None:
    """
    The function is called on where something grew.
    """
    with cleaned_up():
        assert memory_leak_test(keeps_50_kilobytes, iterations).leak_detected
    assert not memory_leak_test(list, iterations).leak_detected


def test_a_slow_function_is_called_for_two_seconds_more_at_most() -> None:
    """
    And the result of so few calls is not certain.
    """
    calls = []

    def keeps_memory_slowly() -> None:
        calls.append([object() for _ in range(50)])
        time.sleep(0.05)

    result = memory_leak_test(keeps_memory_slowly, 20)

    assert result.leak_detected
    assert not result.is_certain
    assert len(calls) * 0.05 <= 20 * 0.05 + 2.0


@pytest.mark.parametrize("iterations", [0, -1, float("nan"), 1.5, True])
def test_wrong_iterations_are_an_error(iterations: Any) -> None:
    """
    That names the argument, what was found and what was expected.
    """
    with pytest.raises(ValueError, match=r"memory_leak_test: iterations is .*, expected a whole number from 1 on"):
        memory_leak_test(list, iterations)


def test_an_error_of_the_function_is_the_tests_own() -> None:
    """
    Also where it comes at the third call, after which nothing stays changed.
    """
    calls, frozen = [], gc.get_freeze_count()

    def fails() -> None:
        calls.append(gc.get_freeze_count())
        if len(calls) == 3:
            raise LookupError("third call")

    with pytest.raises(LookupError, match="third call") as caught:
        memory_leak_test(fails)
    assert caught.value.__traceback__ is not None
    assert calls[-1] > frozen
    assert gc.get_freeze_count() <= frozen


@pytest.mark.asyncio
async def test_a_coroutine_function_is_tested_in_an_async_test() -> None:
    """
    In a loop of its own, as the loop of the test runs already.
    """
    with cleaned_up():
        assert memory_leak_test(keeps_memory_in_a_loop).leak_detected
