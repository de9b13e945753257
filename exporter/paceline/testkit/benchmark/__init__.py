"""
Benchmarks: the time of one call of a function, by many rounds.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from paceline.kit_results.benchmark import BenchmarkResult
from paceline.testkit.arguments import positive
from paceline.testkit.benchmark.rounds import BenchmarkRounds, Limits
from paceline.testkit.keeping import keep
from paceline.unpatched import UNPATCHED

# A result beyond a limit is measured again: the best of so many is kept.
_TIMES = 3
_NANOSECONDS, _MILLISECONDS, _KIBIBYTE = 1e9, 1e3, 1 << 10


def benchmark_test(  # noqa: PLR0913 - the options of a benchmark
    fn: Callable[[], Any],
    *,
    max_avg_ms: float | None = None,
    max_median_ms: float | None = None,
    max_memory_kib: float | None = None,
    name: str = "",
    group: str = "",
) -> BenchmarkResult:
    """
    Time a function in rounds of at least a millisecond, five rounds or more, for about half a second.

    Args:
        fn: a function without arguments, no coroutine function.
        max_avg_ms: the longest mean time of a call, in milliseconds.
        max_median_ms: the longest median time of a call, in milliseconds.
        max_memory_kib: the highest memory peak of a call, in KiB.
        name: tells several benchmarks in one test apart.
        group: benchmarks that are shown together.

    Raises:
        ValueError: a limit is no number above 0.
        TypeError: the function is a coroutine function.
        Exception: that of the function.
    """
    if iscoroutinefunction(fn):
        raise TypeError(f"benchmark_test: {fn!r} is a coroutine function; use async_benchmark_test")
    limits = limits_of("benchmark_test", max_avg_ms, max_median_ms, max_memory_kib)
    results = []
    for _ in range(_TIMES):
        results.append(run_rounds(BenchmarkRounds(limits, name, group), fn))
        if not results[-1].broken_limits:
            break
    return keep(_best(results))


async def async_benchmark_test(  # noqa: PLR0913 - as above
    fn: Callable[[], Awaitable[Any]],
    *,
    max_avg_ms: float | None = None,
    max_median_ms: float | None = None,
    max_memory_kib: float | None = None,
    name: str = "",
    group: str = "",
) -> BenchmarkResult:
    """
    As `benchmark_test`, of a coroutine function, in the event loop that runs.
    """
    limits = limits_of("async_benchmark_test", max_avg_ms, max_median_ms, max_memory_kib)
    results = []
    for _ in range(_TIMES):
        results.append(await _await_rounds(BenchmarkRounds(limits, name, group), fn))
        if not results[-1].broken_limits:
            break
    return keep(_best(results))


def limits_of(
    function: str, max_avg_ms: float | None, max_median_ms: float | None, max_memory_kib: float | None
) -> Limits:
    """
    The limits in base units.

    Raises:
        ValueError: a limit is no number above 0.
    """
    given = {"max_avg_ms": max_avg_ms, "max_median_ms": max_median_ms, "max_memory_kib": max_memory_kib}
    checked = {name: None if most is None else positive(function, name, most) for name, most in given.items()}
    avg, median, memory = checked.values()
    return Limits(
        None if avg is None else avg / _MILLISECONDS,
        None if median is None else median / _MILLISECONDS,
        None if memory is None else memory * _KIBIBYTE,
    )


def run_rounds(rounds: BenchmarkRounds, fn: Callable[[], Any]) -> BenchmarkResult:
    """
    Run the rounds of a function.
    """
    steps, now = rounds.run(), UNPATCHED.perf_counter_ns
    calls = next(steps)
    while True:
        times = range(calls)
        started = now()
        for _ in times:
            fn()
        seconds = (now() - started) / _NANOSECONDS
        try:
            calls = steps.send(seconds)
        except StopIteration as stop:
            result: BenchmarkResult = stop.value
            return result


async def _await_rounds(rounds: BenchmarkRounds, fn: Callable[[], Awaitable[Any]]) -> BenchmarkResult:
    steps, now = rounds.run(), UNPATCHED.perf_counter_ns
    calls = next(steps)
    while True:
        times = range(calls)
        started = now()
        for _ in times:
            await fn()
        seconds = (now() - started) / _NANOSECONDS
        try:
            calls = steps.send(seconds)
        except StopIteration as stop:
            result: BenchmarkResult = stop.value
            return result


def _best(results: list[BenchmarkResult]) -> BenchmarkResult:
    return min(results, key=lambda result: (len(result.broken_limits), result.mean_seconds))
