"""
The functions of the test kit as fixtures of the same names.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from paceline.kit_results import BenchmarkResult, DatabaseResult, LeakResult


@pytest.fixture
def memory_leak_test() -> "Callable[..., LeakResult]":
    """
    `paceline.testkit.memory_leak_test(fn, iterations=100)`: whether a function keeps memory with each call.
    """
    return _of_kit("memory_leak_test")


@pytest.fixture
def benchmark_test() -> "Callable[..., BenchmarkResult]":
    """
    `paceline.testkit.benchmark_test(fn)`: the time of one call of a function, by many rounds.
    """
    return _of_kit("benchmark_test")


@pytest.fixture
def database_performance_test() -> "Callable[..., DatabaseResult]":
    """
    `paceline.testkit.database_performance_test(fn, iterations=50)`: the time and the queries of a function.
    """
    return _of_kit("database_performance_test")


@pytest.fixture
def assert_no_repeated_queries() -> "Callable[[], AbstractContextManager[None]]":
    """
    `with paceline.testkit.assert_no_repeated_queries():` fails if a query is sent for each row of another query (N+1).
    """
    return _of_kit("assert_no_repeated_queries")


def _of_kit(name: str) -> Callable[..., Any]:
    # Imported by those who use it: pytest loads this module in every session.
    from paceline import testkit  # noqa: PLC0415

    function: Callable[..., Any] = getattr(testkit, name)
    return function
