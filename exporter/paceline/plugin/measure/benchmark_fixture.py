"""
The figures of pytest-benchmark's fixture, once the call phase has ended.
"""

from collections.abc import Mapping
from contextlib import suppress

import pytest

from paceline.benchmark_figures import figures_of_benchmark
from paceline.measure import Measure

_FIXTURES = ("benchmark", "benchmark_weave")
_PACKAGE = "pytest_benchmark."


def benchmark_figures(item: pytest.Item) -> Mapping[str, Measure]:
    """
    The measures of a benchmark; none where the test is no benchmark, or its rounds were not timed.
    """
    funcargs = getattr(item, "funcargs", None) or {}
    for name in _FIXTURES:
        fixture = funcargs.get(name)
        if type(fixture).__module__.startswith(_PACKAGE):
            stats = getattr(getattr(fixture, "stats", None), "stats", None)
            # What a test did to the fixture is its own affair.
            with suppress(Exception):
                if stats:
                    return figures_of_benchmark(float(stats.median), float(stats.min), float(stats.rounds))
    return {}
