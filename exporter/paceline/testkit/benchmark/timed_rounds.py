"""
The rounds of a benchmark: how many calls each has, how many there are, and what they give.
"""

import gc
import sys
import tracemalloc
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from paceline.analysis.estimators import quantile
from paceline.kit_results.benchmark import BenchmarkResult
from paceline.testkit.calling import Steps
from paceline.unpatched import UNPATCHED

# A round takes at least this long, a thousand times what it takes to read the clock.
_SECONDS_OF_ROUND = 1e-3
_FEWEST_ROUNDS, _MOST_ROUNDS = 5, 1000
_SECONDS = 0.5
# No further round is timed after this long: the calls of a function whose data grows take longer and longer.
_LONGEST_SECONDS = 4 * _SECONDS
# A result beyond a limit is measured again: the best of so many is kept.
_TIMES = 3
# Calls of a round that is not timed, in which blocks of memory are counted.
_COUNTED_CALLS = 10
_MOST_ITERATIONS = 1 << 30
_NANOSECONDS = 1e9


class BenchmarkLimits(NamedTuple):
    """
    The limits of a benchmark, in seconds and bytes.
    """

    avg_seconds: float | None = None
    median_seconds: float | None = None
    memory_bytes: float | None = None


class BenchmarkRounds:
    """
    Calibrates the rounds of a benchmark, times them, and counts memory afterwards.

    As `timeit` does, the calls of a round are raised by 1, 2, 5, 10 … until a round is long enough, and no garbage is
    collected while rounds are timed (https://docs.python.org/3/library/timeit.html). As pyperf does, the rounds of the
    calibration are the warm-up and are left out (https://pyperf.readthedocs.io/en/latest/run_benchmark.html).

    Args:
        limits: of the benchmark.
        name: of the result.
        group: of the benchmark.
    """

    def __init__(self, limits: BenchmarkLimits, name: str = "", group: str = "") -> None:
        self._limits: Final = limits
        self._name: Final = name
        self._group: Final = group
        self._results: Final[list[BenchmarkResult]] = []

    def steps(self) -> Steps:
        """
        The calls of all rounds; after the last, `result` is there.
        """
        for _ in range(_TIMES):
            yield from self._attempt()
            if not self._results[-1].broken_limits:
                break

    @property
    def result(self) -> BenchmarkResult:
        """
        The best result of the steps.
        """
        return min(self._results, key=lambda result: (len(result.broken_limits), result.mean_seconds))

    def _attempt(self) -> Iterator[int]:
        with _without_collections():
            iterations, seconds = yield from self._calibrated()
            cpu = UNPATCHED.process_time()
            timed = yield from self._timed(iterations, seconds)
            cpu = (UNPATCHED.process_time() - cpu) / (len(timed) * iterations)
        blocks = yield from self._blocks_of_call(min(_COUNTED_CALLS, iterations))
        peak = yield from self._peak_of_call()
        self._results.append(self._result(timed, iterations, cpu, blocks, peak))

    def _calibrated(self) -> Generator[int, None, tuple[int, float]]:
        for iterations in _one_two_five():
            seconds = yield from _round(iterations)
            if seconds >= _SECONDS_OF_ROUND:
                return iterations, seconds
        return _MOST_ITERATIONS, _SECONDS_OF_ROUND

    def _timed(self, iterations: int, seconds: float) -> Generator[int, None, list[float]]:
        rounds = min(max(_FEWEST_ROUNDS, int(_SECONDS / seconds)), _MOST_ROUNDS)
        timed, total = [0.0] * rounds, 0.0
        for number in range(rounds):
            seconds = yield from _round(iterations)
            timed[number] = seconds / iterations
            total += seconds
            if total > _LONGEST_SECONDS and number + 1 >= _FEWEST_ROUNDS:
                return timed[: number + 1]
        return timed

    def _blocks_of_call(self, calls: int) -> Generator[int, None, float]:
        gc.collect()
        before = sys.getallocatedblocks()
        yield calls
        gc.collect()
        return (sys.getallocatedblocks() - before) / calls

    def _peak_of_call(self) -> Generator[int, None, float | None]:
        if tracemalloc.is_tracing():
            return None
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            yield 1
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        return float(max(peak - before, 0))

    def _result(
        self, timed: Sequence[float], iterations: int, cpu: float, blocks: float, peak: float | None
    ) -> BenchmarkResult:
        ordered = sorted(timed)
        return BenchmarkResult(
            name=self._name,
            group=self._group,
            rounds=len(ordered),
            iterations=iterations,
            median_seconds=quantile(ordered, 0.5),
            mean_seconds=sum(ordered) / len(ordered),
            min_seconds=ordered[0],
            iqr_seconds=quantile(ordered, 0.75) - quantile(ordered, 0.25),
            cpu_seconds=cpu,
            allocated_blocks=blocks,
            peak_memory_bytes=peak,
            max_avg_seconds=self._limits.avg_seconds,
            max_median_seconds=self._limits.median_seconds,
            max_memory_bytes=self._limits.memory_bytes,
        )


def _round(calls: int) -> Generator[int, None, float]:
    """
    One round, and the seconds that it took.
    """
    started = UNPATCHED.perf_counter_ns()
    yield calls
    return (UNPATCHED.perf_counter_ns() - started) / _NANOSECONDS


def _one_two_five() -> Iterator[int]:
    iterations = 1
    while iterations < _MOST_ITERATIONS:
        yield from (iterations, 2 * iterations, 5 * iterations)
        iterations *= 10


@contextmanager
def _without_collections() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
