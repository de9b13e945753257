"""
The test kit: functions with which people write performance tests.

Each returns a frozen result. In a test that Paceline measures, the result is kept with the test, judged, exported and
drawn like any other figure.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paceline.kit_results import BenchmarkResult, DatabaseResult, LeakResult, LoadResult, StressResult
    from paceline.testkit.benchmark import async_benchmark_test, benchmark_test
    from paceline.testkit.database import async_database_performance_test, database_performance_test
    from paceline.testkit.database.no_repeated_queries import assert_no_repeated_queries
    from paceline.testkit.leak import async_memory_leak_test, memory_leak_test
    from paceline.testkit.load.endpoint import Endpoint, Locustfile
    from paceline.testkit.load.run import load_test
    from paceline.testkit.load.server import LoadServer, running_server
    from paceline.testkit.stress import stress_test

__all__ = [
    "BenchmarkResult",
    "DatabaseResult",
    "Endpoint",
    "LeakResult",
    "LoadResult",
    "LoadServer",
    "Locustfile",
    "StressResult",
    "assert_no_repeated_queries",
    "async_benchmark_test",
    "async_database_performance_test",
    "async_memory_leak_test",
    "benchmark_test",
    "database_performance_test",
    "load_test",
    "memory_leak_test",
    "running_server",
    "stress_test",
]

_MODULES = {
    "kit_results": ("BenchmarkResult", "DatabaseResult", "LeakResult", "LoadResult", "StressResult"),
    "testkit.benchmark": ("async_benchmark_test", "benchmark_test"),
    "testkit.database": ("async_database_performance_test", "database_performance_test"),
    "testkit.database.no_repeated_queries": ("assert_no_repeated_queries",),
    "testkit.leak": ("async_memory_leak_test", "memory_leak_test"),
    "testkit.load.endpoint": ("Endpoint", "Locustfile"),
    "testkit.load.run": ("load_test",),
    "testkit.load.server": ("LoadServer", "running_server"),
    "testkit.stress": ("stress_test",),
}


def __dir__() -> list[str]:
    return sorted(__all__)


# A type checker that saw this function would accept every name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        from importlib import import_module  # noqa: PLC0415 - a part is imported when it is used

        for module, names in _MODULES.items():
            if name in names:
                return getattr(import_module(f"paceline.{module}"), name)
        raise AttributeError(f"module 'paceline.testkit' has no attribute {name!r}")
