"""
The markers of the test kit and their arguments.
"""

from collections.abc import Collection, Mapping
from math import inf
from typing import Any

import pytest

from paceline.errors import ConfigError

BENCHMARK_TEST = "benchmark_test"
# By the names that the marker takes: those of the function, and those in which an earlier system had seconds.
_ARGUMENTS: Mapping[str, tuple[str, float]] = {
    "max_avg_ms": ("max_avg_ms", 1.0),
    "max_median_ms": ("max_median_ms", 1.0),
    "max_memory_kib": ("max_memory_kib", 1.0),
    "timeout_seconds": ("timeout_seconds", 1.0),
    "max_avg_time": ("max_avg_ms", 1e3),
}


# Markers that select tests and take no arguments, and the one to write instead. Arguments of `benchmark` are those of
# the plugins that give the fixture of that name, pytest-benchmark and pytest-codspeed.
_WITHOUT_ARGUMENTS: Mapping[str, tuple[str, Collection[str]]] = {
    "benchmark": ("benchmark_test(max_avg_ms=…)", ("benchmark", "codspeed_plugin")),
    "stress": ("the function paceline.testkit.stress_test(…)", ()),
}


def is_declared_by_project(config: pytest.Config, marker: str) -> bool:
    """
    Whether the project declares a marker that Paceline has as well: the project's meaning holds.
    """
    names = [line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")]
    return names.count(marker) > 1


def benchmark_marker(item: pytest.Item) -> pytest.Mark | None:
    """
    The marker that makes a test a benchmark of Paceline.
    """
    marker = item.get_closest_marker(BENCHMARK_TEST)
    return None if marker is None or is_declared_by_project(item.config, BENCHMARK_TEST) else marker


def wrong_kit_marker(item: pytest.Item, name: str, marker: pytest.Mark) -> str:
    """
    The error of a marker of the test kit on a test; "" where it has none.
    """
    if name == BENCHMARK_TEST:
        try:
            benchmark_arguments(item.nodeid, marker)
        except ConfigError as error:
            return str(error)
    if name not in _WITHOUT_ARGUMENTS or not (marker.args or marker.kwargs):
        return ""
    instead, plugins = _WITHOUT_ARGUMENTS[name]
    if any(map(item.config.pluginmanager.has_plugin, plugins)):
        return ""
    shown = ", ".join([*map(repr, marker.args), *(f"{key}={value!r}" for key, value in marker.kwargs.items())])
    return f"{item.nodeid}: the marker is {name}({shown}), expected {name} without arguments, or {instead}"


def benchmark_arguments(node_id: str, marker: pytest.Mark) -> dict[str, Any]:
    """
    The arguments of the benchmark of a marked test.

    Raises:
        ConfigError: an argument is unknown, or no number above 0.
    """
    found: dict[str, Any] = {}
    for name, value in marker.kwargs.items():
        if name == "group" and isinstance(value, str):
            found[name] = value
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < inf
        if name not in _ARGUMENTS or not is_number:
            raise ConfigError(_wrong(node_id, f"{name}={value!r}"))
        argument, factor = _ARGUMENTS[name]
        found[argument] = factor * value
    if marker.args:
        raise ConfigError(_wrong(node_id, ", ".join(map(repr, marker.args))))
    return found


def _wrong(node_id: str, found: str) -> str:
    names = ", ".join(f"{name}=<number above 0>" for name in _ARGUMENTS)
    return f"{node_id}: the marker is {BENCHMARK_TEST}({found}), expected {BENCHMARK_TEST}({names}, group=<text>)"
