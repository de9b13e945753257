"""
Benchmarks of functions.
"""

import gc
import tracemalloc

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


@pytest.mark.parametrize("call", [1, 50, 100_000], ids=["calibration", "rounds", "late"])
def test_an_error_of_the_function_leaves_nothing_changed(call: int) -> None:
    """
    While pytest still holds its traceback: garbage is collected, and nothing is traced.
    """
    calls = []

    def fails() -> None:
        calls.append(1)
        if len(calls) == call:
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

    with pytest.raises(TypeError, match="use async_benchmark_test"):
        benchmark_test(nothing)
    assert (await async_benchmark_test(nothing)).rounds >= 5


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), True])
def test_a_wrong_limit_is_an_error(limit: float) -> None:
    """
    That names the argument.
    """
    with pytest.raises(ValueError, match=r"benchmark_test: max_avg_ms is .*, expected a number above 0"):
        benchmark_test(list, max_avg_ms=limit)
