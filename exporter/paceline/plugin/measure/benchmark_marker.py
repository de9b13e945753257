"""
Tests with the marker `benchmark_test`: the test function is run in rounds and timed.
"""

from collections.abc import Callable, Generator, Mapping
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

import pytest

from paceline.analysis.verdicts.measures import limit_reason
from paceline.kit_results import BenchmarkResult
from paceline.plugin.collect.kit_markers import benchmark_arguments, benchmark_marker
from paceline.testkit.benchmark import async_benchmark_test, benchmark_test


class BenchmarkMarker:
    """
    Replaces the function of a marked test by its benchmark while the test is called.
    """

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        marker = benchmark_marker(item)
        if marker is None or not isinstance(item, pytest.Function):
            return (yield)
        function = item.obj
        item.obj = _benchmark_of(function, benchmark_arguments(item.nodeid, marker))
        try:
            return (yield)
        finally:
            item.obj = function


def _benchmark_of(function: Callable[..., Any], options: Mapping[str, Any]) -> Callable[..., Any]:
    if iscoroutinefunction(function):

        @wraps(function)
        async def rounds(**arguments: Any) -> None:  # noqa: ANN401 - the test's own
            __tracebackhide__ = True
            _check(await async_benchmark_test(lambda: function(**arguments), **options))

    else:

        @wraps(function)
        def rounds(**arguments: Any) -> None:  # noqa: ANN401 - the test's own
            __tracebackhide__ = True
            _check(benchmark_test(lambda: function(**arguments), **options))

    return rounds


def _check(result: BenchmarkResult) -> None:
    __tracebackhide__ = True
    broken = [limit_reason(name, measure) for name, measure in result.broken_limits.items()]
    if broken:
        pytest.fail(f"The benchmark is over its limit: {'; '.join(broken)}.", pytrace=False)
