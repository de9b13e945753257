"""
A panel, its queries, colours and overrides, in the classic schema of Grafana.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

Json = dict[str, Any]

PROMETHEUS: Mapping[str, str] = {"type": "prometheus", "uid": "${datasource}"}
TIMES = "suffix:\N{MULTIPLICATION SIGN}"
# Grafana migrates panels from this version; without one, it assumes 6.1.
_PANEL_VERSION = "9.4.0"


class Query(Struct, frozen=True, kw_only=True):
    """
    One expression. With `now`, it has one value instead of one for each step; `is_table` keeps the labels as columns,
    and with `is_heatmap` each series counts what is up to the label `le`. `step` is the shortest step, as in `1h`.
    """

    expr: str
    legend: str = ""
    now: bool = False
    is_table: bool = False
    is_heatmap: bool = False
    step: str = ""

    @property
    def format(self) -> str:
        return "table" if self.is_table else "heatmap" if self.is_heatmap else "time_series"

    def as_json(self, place: int) -> Json:
        return {
            "datasource": dict(PROMETHEUS),
            "editorMode": "code",
            "expr": self.expr,
            "format": self.format,
            "instant": self.now,
            "legendFormat": self.legend or "__auto",
            "range": not self.now,
            "refId": ref_id(place),
            **({"interval": self.step} if self.step else {}),
        }


class Threshold(Struct, frozen=True):
    """
    A colour, and the value from which a panel shows that colour; None for the first.
    """

    color: str
    value: float | None = None


def as_thresholds(thresholds: Sequence[Threshold]) -> Json:
    """
    The thresholds as Grafana has them.
    """
    return {"mode": "absolute", "steps": [{"color": one.color, "value": one.value} for one in thresholds]}


class Override(Struct, frozen=True, kw_only=True):
    """
    Properties of the fields that a matcher finds, for example `byName`.
    """

    matcher: str
    pattern: str
    properties: Mapping[str, Any]

    def as_json(self) -> Json:
        return {
            "matcher": {"id": self.matcher, "options": self.pattern},
            "properties": [{"id": name, "value": value} for name, value in self.properties.items()],
        }


def fixed(color: str) -> Mapping[str, Any]:
    """
    The default or override that gives all values one colour.
    """
    return {"mode": "fixed", "fixedColor": color}


def by_name(**colors: str) -> tuple[Override, ...]:
    """
    A colour for each named series. Other series have the colour of the panel: Grafana has no palette that people with
    any kind of colour vision can read.
    """
    return tuple(
        Override(matcher="byName", pattern=name, properties={"color": fixed(color)}) for name, color in colors.items()
    )


def in_colors(**by_ref: str) -> tuple[Override, ...]:
    """
    A colour for the series of each query, by its place as in `A`.
    """
    return tuple(
        Override(matcher="byFrameRefID", pattern=ref, properties={"color": fixed(color)})
        for ref, color in by_ref.items()
    )


class Panel(Struct, frozen=True, kw_only=True):
    """
    One panel. `description` explains how to read the panel, `empty` is its text without data; `width` is in columns of
    24. `points` is the number of steps in the time range, None for one a pixel; `least_step` is the shortest step, as
    in `2s`, None for the scrape interval of the data source.
    """

    kind: str
    title: str
    description: str
    queries: tuple[Query, ...]
    empty: str
    unit: str
    width: int
    height: int
    points: int | None = None
    least_step: str | None = None
    thresholds: tuple[Threshold, ...] = ()
    defaults: Mapping[str, Any] = {}
    custom: Mapping[str, Any] = {}
    options: Mapping[str, Any] = {}
    overrides: tuple[Override, ...] = ()
    transformations: tuple[Mapping[str, Any], ...] = ()

    def as_json(self, number: int, x: int, y: int) -> Json:
        """
        The panel at a place of the grid.
        """
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": dict(PROMETHEUS),
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "pluginVersion": _PANEL_VERSION,
            "targets": [query.as_json(place) for place, query in enumerate(self.queries)],
            "fieldConfig": {"defaults": self._defaults(), "overrides": [one.as_json() for one in self.overrides]},
            "options": dict(self.options),
            **({"maxDataPoints": self.points} if self.points else {}),
            **({"interval": self.least_step} if self.least_step else {}),
            "transformations": [dict(one) for one in self.transformations],
        }

    def _defaults(self) -> Json:
        first, *others = self.thresholds or (Threshold("text"),)
        # No value has the colour of the lowest threshold, and is neither good nor bad.
        thresholds = (Threshold("text"), Threshold(first.color, 0), *others)
        return {
            "unit": self.unit,
            "noValue": self.empty,
            "thresholds": as_thresholds(thresholds),
            "color": {"mode": "thresholds"},
            "custom": dict(self.custom),
            **self.defaults,
        }


def ref_id(place: int) -> str:
    """
    The name of a query by its place: A, B, C.
    """
    return chr(ord("A") + place)
