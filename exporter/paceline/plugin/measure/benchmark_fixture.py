"""
The result of a benchmark of pytest-benchmark or pytest-codspeed, once the call phase has ended.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest

from paceline.identity import safe_text
from paceline.kit_results import BenchmarkResult

_FIXTURES = ("benchmark", "benchmark_weave")
_PACKAGE = "pytest_benchmark."
_CODSPEED = "codspeed_plugin"
_NANOSECONDS = 1e9


def benchmark_result(item: pytest.Item) -> BenchmarkResult | None:
    """
    The result of a benchmark; None where the test is no benchmark, or its rounds were not timed.
    """
    funcargs = getattr(item, "funcargs", None) or {}
    for name in _FIXTURES:
        fixture = funcargs.get(name)
        if type(fixture).__module__.startswith(_PACKAGE):
            # What a test did to the fixture is its own affair.
            with suppress(Exception):
                stats = getattr(fixture, "stats", None)
                return _result(stats) if stats is not None else None
    with suppress(Exception):
        return _of_codspeed(item)
    return None


def is_untimed_benchmark(item: pytest.Item) -> bool:
    """
    Whether a test is a benchmark in a worker of xdist, where pytest-benchmark calls its function once and untimed.
    """
    if not hasattr(item.config, "workerinput"):
        return False
    fixtures = ((getattr(item, "funcargs", None) or {}).get(name) for name in _FIXTURES)
    return any(type(fixture).__module__.startswith(_PACKAGE) for fixture in fixtures)


def _result(benchmark: Any) -> BenchmarkResult | None:  # noqa: ANN401 - pytest-benchmark has no types
    stats = benchmark.stats
    if not stats:
        return None
    return BenchmarkResult(
        rounds=int(stats.rounds),
        iterations=int(benchmark.iterations),
        median_seconds=float(stats.median),
        mean_seconds=float(stats.mean),
        min_seconds=float(stats.min),
        iqr_seconds=float(stats.iqr),
        group=safe_text(str(benchmark.group or "")),
        parameters=_parameters(benchmark.params),
    )


def _of_codspeed(item: pytest.Item) -> BenchmarkResult | None:
    """
    The result of pytest-codspeed with `--codspeed-mode=walltime`; in its other modes there are no times.
    """
    plugin: Any = item.config.pluginmanager.get_plugin(_CODSPEED)
    benchmarks = getattr(getattr(plugin, "instrument", None), "benchmarks", None)
    # The latest, whose path begins at the root of the git repository.
    if not benchmarks or not benchmarks[-1].uri.endswith(item.nodeid):
        return None
    stats = benchmarks[-1].stats
    return BenchmarkResult(
        rounds=int(stats.rounds),
        iterations=int(stats.iter_per_round),
        median_seconds=stats.median_ns / _NANOSECONDS,
        mean_seconds=stats.mean_ns / _NANOSECONDS,
        min_seconds=stats.min_ns / _NANOSECONDS,
        iqr_seconds=(stats.q3_ns - stats.q1_ns) / _NANOSECONDS,
    )


def _parameters(parameters: Mapping[str, object] | None) -> dict[str, str]:
    return {safe_text(str(name)): safe_text(str(value)) for name, value in (parameters or {}).items()}
