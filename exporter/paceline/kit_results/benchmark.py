"""
The result of a benchmark.
"""

from collections.abc import Mapping

from paceline.formatting import counted, duration, size
from paceline.kit_results.kit_result import KitResult
from paceline.measure import BENCHMARK_MEDIAN, Better, Measure
from paceline.values import NotNegative, PositiveCount


class BenchmarkResult(KitResult, frozen=True, kw_only=True, tag="benchmark"):
    """
    The seconds of one call of a function: the median, mean, minimum and interquartile range of `rounds` rounds of
    `iterations` calls each.

    `group` and `parameters` are those of the benchmark. `cpu_seconds` is the CPU time of one call,
    `allocated_blocks` are the memory blocks that one call keeps, `peak_memory_bytes` is the memory peak of one traced
    call. The `max_` fields are the limits of the benchmark. Figures that were not measured are absent.
    """

    rounds: PositiveCount
    iterations: PositiveCount = 1
    median_seconds: NotNegative
    mean_seconds: NotNegative
    min_seconds: NotNegative
    iqr_seconds: NotNegative = 0.0
    group: str = ""
    parameters: Mapping[str, str] = {}
    cpu_seconds: NotNegative | None = None
    allocated_blocks: float | None = None
    peak_memory_bytes: NotNegative | None = None
    max_avg_seconds: NotNegative | None = None
    max_median_seconds: NotNegative | None = None
    max_memory_bytes: NotNegative | None = None

    @property
    def operations_per_second(self) -> float:
        """
        Calls per second of the median round.
        """
        return 1 / self.median_seconds if self.median_seconds > 0 else 0.0

    def measures(self) -> Mapping[str, Measure]:
        """
        The figures of the benchmark. The median of a benchmark without a name is judged as the time of its test.
        """
        median = None if self.named("median_seconds") == BENCHMARK_MEDIAN else Better.LOWER
        found = {
            "median_seconds": Measure(
                value=self.median_seconds, unit="seconds", limit=self.max_median_seconds, better=median
            ),
            "mean_seconds": Measure(value=self.mean_seconds, unit="seconds", limit=self.max_avg_seconds),
            "min_seconds": Measure(value=self.min_seconds, unit="seconds"),
            "iqr_seconds": Measure(value=self.iqr_seconds, unit="seconds"),
            "rounds": Measure(value=float(self.rounds), unit="rounds"),
        }
        if self.cpu_seconds is not None:
            found["cpu_seconds"] = Measure(value=self.cpu_seconds, unit="seconds")
        if self.allocated_blocks is not None:
            found["allocated_blocks"] = Measure(value=self.allocated_blocks, unit="blocks")
        if self.peak_memory_bytes is not None:
            found["peak_memory_bytes"] = Measure(
                value=self.peak_memory_bytes, unit="bytes", limit=self.max_memory_bytes, better=Better.LOWER
            )
        return {self.named(figure): measure for figure, measure in found.items()}

    def summary(self) -> str:
        """
        The benchmark in one line.
        """
        memory = f", memory peak {size(self.peak_memory_bytes)}" if self.peak_memory_bytes is not None else ""
        return (
            f"median {duration(self.median_seconds)} (IQR {duration(self.iqr_seconds)}), "
            f"min {duration(self.min_seconds)}, {counted(self.rounds, 'round')} of "
            f"{counted(self.iterations, 'call')}{memory}"
        )
