"""
What pytest-benchmark says of a benchmark, as measures of its test.
"""

from collections.abc import Mapping

from paceline.measure import BENCHMARK_MEDIAN, Measure

_PREFIX = "benchmark_"


def figures_of_benchmark(median: float, least: float, rounds: float) -> Mapping[str, Measure]:
    """
    The measures of a benchmark.

    Args:
        median: seconds of one call, the median of all rounds.
        least: seconds of one call, the least of all rounds.
        rounds: their number.
    """
    return {
        BENCHMARK_MEDIAN: Measure(value=median, unit="seconds"),
        f"{_PREFIX}min_seconds": Measure(value=least, unit="seconds"),
        f"{_PREFIX}rounds": Measure(value=rounds, unit="rounds"),
    }


def is_figure_of_benchmark(measure: str) -> bool:
    """
    Whether a measure is one of these.
    """
    return measure.startswith(_PREFIX)
