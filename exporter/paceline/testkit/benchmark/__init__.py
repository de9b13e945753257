"""
Benchmarks: the time of one call of a function, by many rounds.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutine
from typing import Any

from paceline.kit_results.benchmark import BenchmarkResult
from paceline.testkit.arguments import arguments_of, check_name, number
from paceline.testkit.benchmark.timed_rounds import BenchmarkLimits, BenchmarkRounds
from paceline.testkit.call_time_limit import CALL_SECONDS, CallTimeLimit
from paceline.testkit.calling import await_in_steps, call_in_steps
from paceline.testkit.kept_results import keep

_MILLISECONDS, _KIBIBYTE = 1e3, 1 << 10


def benchmark_test(  # noqa: PLR0913 - the options of a benchmark
    fn: Callable[[], Any],
    *,
    max_avg_ms: float | None = None,
    max_median_ms: float | None = None,
    max_memory_kib: float | None = None,
    name: str = "",
    group: str = "",
    timeout_seconds: float = CALL_SECONDS,
) -> BenchmarkResult:
    """
    Time a function in rounds of at least a millisecond, five rounds or more, for about half a second.

    Args:
        fn: a function without arguments that does not return a coroutine.
        max_avg_ms: the longest mean time of a call, in milliseconds.
        max_median_ms: the longest median time of a call, in milliseconds.
        max_memory_kib: the highest memory peak of a call, in KiB.
        name: distinguishes several benchmarks in one test.
        group: benchmarks that are shown together.
        timeout_seconds: the longest time of a call; a call that blocks is ended before twice that time, in the main
            thread of a POSIX process.

    Raises:
        ValueError: a limit is not a number above 0.
        TimeoutError: a call took longer than `timeout_seconds`.
        TypeError: the function returns a coroutine.
        Exception: the exception of the function.
    """
    __tracebackhide__ = True
    with arguments_of("benchmark_test"):
        check_name(name)
        rounds = BenchmarkRounds(limits_of(max_avg_ms, max_median_ms, max_memory_kib), name, group)
    limit = CallTimeLimit("benchmark_test", fn, timeout_seconds)
    with limit.watched():
        first = limit.call(fn)
        if iscoroutine(first):
            first.close()
            raise TypeError(f"benchmark_test: {fn!r} returns a coroutine; use async_benchmark_test")
        call_in_steps(fn, rounds.steps(), limit)
    return keep(rounds.result)


async def async_benchmark_test(  # noqa: PLR0913 - as above
    fn: Callable[[], Awaitable[Any]],
    *,
    max_avg_ms: float | None = None,
    max_median_ms: float | None = None,
    max_memory_kib: float | None = None,
    name: str = "",
    group: str = "",
    timeout_seconds: float = CALL_SECONDS,
) -> BenchmarkResult:
    """
    Like `benchmark_test`, for a coroutine function, in the running event loop.
    """
    __tracebackhide__ = True
    with arguments_of("async_benchmark_test"):
        check_name(name)
        rounds = BenchmarkRounds(limits_of(max_avg_ms, max_median_ms, max_memory_kib), name, group)
    await await_in_steps(fn, rounds.steps(), CallTimeLimit("async_benchmark_test", fn, timeout_seconds))
    return keep(rounds.result)


def limits_of(max_avg_ms: float | None, max_median_ms: float | None, max_memory_kib: float | None) -> BenchmarkLimits:
    """
    The limits in base units.

    Raises:
        ValueError: a limit is not a number above 0.
    """
    given = {"max_avg_ms": max_avg_ms, "max_median_ms": max_median_ms, "max_memory_kib": max_memory_kib}
    checked = {name: None if most is None else number(name, most) for name, most in given.items()}
    avg, median, memory = checked.values()
    return BenchmarkLimits(
        None if avg is None else avg / _MILLISECONDS,
        None if median is None else median / _MILLISECONDS,
        None if memory is None else memory * _KIBIBYTE,
    )
