"""
Panels in the classic schema: what a reader sees, and how it is asked for.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

Json = dict[str, Any]

PROMETHEUS: Mapping[str, str] = {"type": "prometheus", "uid": "${datasource}"}
TIMES = "suffix:\N{MULTIPLICATION SIGN}"
# Steps fine enough for a run each. Prometheus answers with 11,000 at most, and Grafana may make up to 1.75 times as
# many, as it takes round steps: 2 min for all below 3.5.
EACH = 6000
# What Grafana migrates panels from; without it those of 6.1 are assumed.
_PANEL_VERSION = "9.4.0"


class Query(Struct, frozen=True, kw_only=True):
    """
    One expression. `now` asks for one value, else there is one for each step; `is_table` keeps the labels as columns.
    `step` is the least one, as in `1h`.
    """

    expr: str
    legend: str = ""
    now: bool = False
    is_table: bool = False
    step: str = ""

    def as_json(self, place: int) -> Json:
        return {
            "datasource": dict(PROMETHEUS),
            "editorMode": "code",
            "expr": self.expr,
            "format": "table" if self.is_table else "time_series",
            "instant": self.now,
            "legendFormat": self.legend or "__auto",
            "range": not self.now,
            "refId": ref_id(place),
            **({"interval": self.step} if self.step else {}),
        }


class Step(Struct, frozen=True):
    """
    A colour, and the value that it begins at; None for the first.
    """

    color: str
    value: float | None = None


def as_thresholds(steps: Sequence[Step]) -> Json:
    """
    The steps as Grafana has them.
    """
    return {"mode": "absolute", "steps": [{"color": step.color, "value": step.value} for step in steps]}


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
    The default or override of one colour, whatever the value.
    """
    return {"mode": "fixed", "fixedColor": color}


def by_name(**colors: str) -> tuple[Override, ...]:
    """
    A colour for each series of that name. Grafana has no palette that is safe for all, so that what has no name here
    has the colour of the panel.
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
    One panel. `description` says how to read it, `empty` what it means that there is nothing; `width` is of 24.
    `points` is how many steps the time is cut into, None for one a pixel; `least_step` is the least one, as in `2s`,
    None for the interval of scrapes that the data source names.
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
    steps: tuple[Step, ...] = ()
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
        first, *others = self.steps or (Step("text"),)
        # Nothing has the colour of the lowest step, and is neither good nor bad.
        steps = (Step("text"), Step(first.color, 0), *others)
        return {
            "unit": self.unit,
            "noValue": self.empty,
            "thresholds": as_thresholds(steps),
            "color": {"mode": "thresholds"},
            "custom": dict(self.custom),
            **self.defaults,
        }


def ref_id(place: int) -> str:
    """
    The name of a query by its place: A, B, C.
    """
    return chr(ord("A") + place)


_REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}

stat = partial(
    Panel,
    kind="stat",
    width=4,
    height=4,
    options={
        "reduceOptions": _REDUCE,
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
    },
)

bars = partial(
    Panel,
    kind="bargauge",
    width=8,
    height=8,
    options={
        "reduceOptions": _REDUCE,
        "displayMode": "basic",
        "orientation": "horizontal",
        "showUnfilled": True,
        "minVizHeight": 10,
        "minVizWidth": 0,
    },
)

_DRAWING = {"drawStyle": "line", "lineWidth": 1, "pointSize": 5, "spanNulls": True, "showPoints": "always"}
_CHART = partial(
    Panel,
    kind="timeseries",
    width=12,
    height=8,
    options={
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
)

per_run = partial(_CHART, points=EACH, custom=_DRAWING)
"""
A point for each run, with lines between them.
"""

over_time = partial(_CHART, custom={**_DRAWING, "showPoints": "auto", "spanNulls": False, "fillOpacity": 10})
"""
What is scraped all the time; a gap is a gap.
"""

stacked_per_run = partial(
    _CHART,
    # Bars as wide as a step: with one a pixel nobody would see them.
    points=120,
    custom={
        "drawStyle": "bars",
        "fillOpacity": 80,
        "lineWidth": 0,
        "barWidthFactor": 0.6,
        "stacking": {"mode": "normal", "group": "A"},
    },
)

bar_chart = partial(
    Panel,
    kind="barchart",
    width=12,
    height=8,
    custom={"fillOpacity": 80, "lineWidth": 0},
    options={
        "orientation": "vertical",
        "xField": "factor",
        "showValue": "auto",
        "stacking": "none",
        "barWidth": 0.9,
        "groupWidth": 0.7,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    },
)

timeline = partial(
    Panel,
    kind="state-timeline",
    points=EACH,
    width=24,
    height=4,
    custom={"fillOpacity": 80, "lineWidth": 0, "spanNulls": True},
    options={
        "showValue": "auto",
        "mergeValues": True,
        "rowHeight": 0.8,
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    },
)

table = partial(
    Panel,
    kind="table",
    width=24,
    height=9,
    custom={"align": "auto", "displayMode": "auto", "filterable": False},
    options={"showHeader": True},
)
