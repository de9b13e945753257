"""
Benchmarks of functions.
"""

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Callable
from functools import partial

import pytest

from paceline.testkit import async_benchmark_test, benchmark_test


def test_figures_are_of_one_call() -> None:
    """
    Of five rounds or more, each of as many calls as take a millisecond.
    """
    result = benchmark_test(lambda: sum(range(100)), group="sums")

    assert result.rounds >= 5
    assert result.iterations * result.median_seconds > 1e-4
    assert 0 < result.min_seconds <= result.median_seconds
    assert result.group == "sums"


def test_memory_of_a_call_is_counted() -> None:
    """
    Its peak, and the blocks that it leaves allocated.
    """
    kept: list[object] = []
    result = benchmark_test(lambda: kept.append(object()))

    assert result.allocated_blocks is not None
    assert result.allocated_blocks >= 1
    assert benchmark_test(lambda: bytearray(1 << 20)).peak_memory_bytes == pytest.approx(1 << 20, rel=0.01)


@pytest.mark.parametrize(
    "is_due",
    [lambda calls: calls == 1, lambda calls: calls == 8, lambda _: tracemalloc.is_tracing()],
    ids=["first call", "later call", "traced call"],
)
def test_an_error_of_the_function_leaves_nothing_changed(is_due: Callable[[int], bool]) -> None:
    """
    While pytest still holds its traceback: garbage is collected, and nothing is traced.
    """
    calls = []

    def fails() -> None:
        calls.append(1)
        if is_due(len(calls)):
            raise LookupError

    with pytest.raises(LookupError) as caught:
        benchmark_test(fails)
    assert caught.value.__traceback__ is not None
    assert gc.isenabled()
    assert not tracemalloc.is_tracing()


@pytest.mark.asyncio
async def test_a_coroutine_function_needs_the_other_function() -> None:
    """
    Which the error names.
    """

    async def nothing() -> None:
        pass

    for returning in (nothing, partial(asyncio.sleep, 0)):
        with pytest.raises(TypeError, match="returns a coroutine; use async_benchmark_test"):
            benchmark_test(returning)
    assert (await async_benchmark_test(nothing)).rounds >= 5


def test_a_coroutine_is_timed_without_asyncio() -> None:
    """
    As in a test that Trio runs.
    """

    async def nothing() -> None:
        pass

    with pytest.raises(StopIteration) as ended:
        async_benchmark_test(nothing).send(None)

    assert ended.value.value.rounds >= 5


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), True])
def test_a_wrong_limit_is_an_error(limit: float) -> None:
    """
    That names the argument.
    """
    with pytest.raises(ValueError, match=r"benchmark_test: max_avg_ms is .*, expected a number above 0"):
        benchmark_test(list, max_avg_ms=limit)


def test_a_function_whose_calls_take_longer_and_longer_is_ended_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    After fewer rounds than its first calls promised.
    """
    monkeypatch.setattr("paceline.testkit.benchmark.timed_rounds._LONGEST_SECONDS", 0.1)
    calls: list[int] = []

    def grows() -> None:
        calls.append(1)
        time.sleep(0.001 * len(calls))

    result = benchmark_test(grows)

    assert 5 <= result.rounds < 100
