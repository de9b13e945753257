"""
The arguments of the performance marker of a test: its budget, and its limits on other quantities.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from paceline.analysis.verdicts.budget import Budget
from paceline.analysis.verdicts.endpoint_limit import EndpointLimit
from paceline.analysis.verdicts.limits import limit_of
from paceline.config import LONGEST_BUDGET_MS
from paceline.errors import ConfigError
from paceline.model import Limit
from paceline.translated_names import BudgetSource
from paceline.usage import LIMITED

_BUDGET, _CONFIRM = "budget_ms", "confirm"
_ENDPOINT, _P95 = "endpoint", "p95_ms"
_EXPECTED = ", ".join(
    [
        f"{_BUDGET}=<milliseconds>",
        *(f"{name}=<number>" for name in LIMITED),
        f"{_ENDPOINT}=<route>, {_P95}=<milliseconds>",
        f"{_CONFIRM}=<True or False>",
    ]
)
# The arguments that an earlier system had, in seconds and megabytes, and what their values are multiplied by.
_EARLIER: Mapping[str, tuple[str, float]] = {
    "max_time": (_BUDGET, 1e3),
    "max_memory_mb": ("memory_mib", 1e6 / (1 << 20)),
    "max_queries": ("queries", 1),
}


class MarkerLimits(NamedTuple):
    """
    The budget of a test and its other limits, as far as its marker has them.
    """

    budget: Budget | None = None
    limits: tuple[Limit, ...] = ()
    endpoint: EndpointLimit | None = None


def marker_limits(node_id: str, marker: pytest.Mark) -> MarkerLimits:
    """
    What a marker limits; without arguments it may be a label that the project had before.

    Raises:
        ConfigError: an argument is unknown, or its value is not valid.
    """
    given = {name: value for name, value in marker.kwargs.items() if name not in {_CONFIRM, _ENDPOINT}}
    if not _is_valid(marker, given):
        shown = _shown(marker.args, marker.kwargs)
        raise ConfigError(f"{node_id}: the marker is {marker.name}({shown}), expected {marker.name}({_EXPECTED})")
    figures = dict(_renamed(name, value) for name, value in given.items())
    times = {name: figures.pop(name, None) for name in (_BUDGET, _P95)}
    for name, milliseconds in times.items():
        if milliseconds is not None and not 0 < milliseconds < LONGEST_BUDGET_MS:
            raise ConfigError(
                f"{node_id}: performance({name}={milliseconds!r}) is not a valid budget, "
                "expected more than 0 milliseconds"
            )
    for name, value in figures.items():
        if not value >= 0:
            raise ConfigError(f"{node_id}: performance({name}={value!r}) is not a valid limit, expected 0 or more")
    budget, p95 = times[_BUDGET], times[_P95]
    return MarkerLimits(
        Budget(budget / 1e3, BudgetSource.MARKER) if budget is not None else None,
        tuple(limit_of(name, most, BudgetSource.MARKER) for name, most in figures.items()),
        EndpointLimit(marker.kwargs[_ENDPOINT], p95 / 1e3) if p95 is not None else None,
    )


def _is_valid(marker: pytest.Mark, given: Mapping[str, Any]) -> bool:
    endpoint, confirm = marker.kwargs.get(_ENDPOINT, "/"), marker.kwargs.get(_CONFIRM, True)
    return (
        not marker.args
        and given.keys() <= {_BUDGET, _P95, *LIMITED, *_EARLIER}
        and all(map(_is_number, given.values()))
        and isinstance(confirm, bool)
        and isinstance(endpoint, str)
        and endpoint != ""
        and (_ENDPOINT in marker.kwargs) is (_P95 in given)
    )


def _renamed(name: str, value: float) -> tuple[str, float]:
    known, factor = _EARLIER.get(name, (name, 1))
    return known, factor * value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    return ", ".join([*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())])
