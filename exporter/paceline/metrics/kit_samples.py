"""
Results of the test kit as samples of the run.
"""

from collections.abc import Iterator

from paceline.kit_results import BenchmarkResult, LeakResult, LoadResult, StressResult
from paceline.metrics import catalogue
from paceline.metrics.catalogue import Metric
from paceline.model import Case

Found = Iterator[tuple[Metric, tuple[str, ...], float]]


def kit_figures(case: Case) -> Found:
    """
    The figures of a test: metric, the labels beside those of the test, and value. What was interrupted has none.
    """
    for result in case.results:
        if isinstance(result, BenchmarkResult):
            yield from _of_benchmark(result)
        elif isinstance(result, LeakResult):
            yield from _of_leak(result)
        elif isinstance(result, LoadResult) and not result.interrupted:
            yield from _of_load(result)
        elif isinstance(result, StressResult) and not result.interrupted:
            yield from _of_stress(result)


def _of_benchmark(result: BenchmarkResult) -> Found:
    labels = (result.name, result.group)
    seconds = {
        "median": result.median_seconds,
        "mean": result.mean_seconds,
        "min": result.min_seconds,
        "iqr": result.iqr_seconds,
        "cpu": result.cpu_seconds,
    }
    for stat, value in seconds.items():
        if value is not None:
            yield catalogue.BENCHMARK_SECONDS, (*labels, stat), value
    if result.peak_memory_bytes is not None:
        yield catalogue.BENCHMARK_MEMORY_PEAK, labels, result.peak_memory_bytes
    if result.allocated_blocks is not None:
        yield catalogue.BENCHMARK_BLOCKS, labels, result.allocated_blocks


def _of_leak(result: LeakResult) -> Found:
    yield catalogue.LEAK_BYTES, (result.name,), result.leaked_bytes_per_call
    yield catalogue.LEAK_RESOURCES, (result.name,), float(len(result.growths))


def _of_load(result: LoadResult) -> Found:
    labels = (result.name,)
    yield catalogue.LOAD_REQUESTS, labels, float(result.requests)
    yield catalogue.LOAD_FAILURES, labels, float(result.failures)
    yield catalogue.LOAD_DURATION, labels, result.elapsed_seconds
    yield catalogue.LOAD_USERS, labels, float(result.users)
    yield catalogue.LOAD_THROUGHPUT, labels, result.throughput
    yield catalogue.LOAD_LAG, labels, result.generator.lag_p99_seconds
    yield catalogue.LOAD_WORKERS_LOST, labels, float(result.expected_workers - result.workers)
    if result.requests > result.failures:
        latency = result.latency
        for percentile, seconds in (("50", latency.p50), ("95", latency.p95), ("99", latency.p99)):
            yield catalogue.LOAD_LATENCY, (*labels, percentile), seconds
        for within, requests in latency.within.items():
            yield catalogue.LOAD_WITHIN, (*labels, f"{within:g}"), float(requests)


def _of_stress(result: StressResult) -> Found:
    labels = (result.name, result.unit)
    yield catalogue.STRESS_MAX_LOAD, labels, float(result.max_successful_load)
    if result.breaking_point is not None:
        yield catalogue.STRESS_BREAKING_POINT, labels, float(result.breaking_point)
