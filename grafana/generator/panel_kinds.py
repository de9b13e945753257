"""
One constructor for each kind of panel: figure, bars, lines, timeline, table.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from grafana.generator.panel import Panel

# Steps fine enough for a run each. Prometheus answers with 11,000 at most, and Grafana may make up to 1.75 times as
# many, as it takes round steps: 2 min for all below 3.5.
EACH_RUN = 6000

_REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}

STAT_OPTIONS = {
    "reduceOptions": _REDUCE,
    "colorMode": "value",
    "graphMode": "none",
    "justifyMode": "auto",
    "orientation": "auto",
    "textMode": "auto",
}
stat = partial(Panel, kind="stat", width=4, height=4, options=STAT_OPTIONS)

# Below this height, Grafana leaves out the graph of a tile that is not wide.
TILE_HEIGHT = 5
FROM_ZERO = {"min": 0}
tile = partial(stat, height=TILE_HEIGHT, points=100, options={**STAT_OPTIONS, "graphMode": "area"}, defaults=FROM_ZERO)
"""
A figure above its graph in the time range. The graph begins at 0, so that 198 after 199 is no cliff.
"""

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

DRAWING = {"drawStyle": "line", "lineWidth": 1, "pointSize": 5, "spanNulls": True, "showPoints": "always"}
_LEGEND: Mapping[str, Any] = {"displayMode": "list", "placement": "bottom", "showLegend": True}
_TOOLTIP = {"mode": "multi", "sort": "desc"}
_CHART = partial(
    Panel,
    kind="timeseries",
    width=12,
    height=8,
    options={"legend": {**_LEGEND, "calcs": ["lastNotNull", "min", "max"]}, "tooltip": _TOOLTIP},
)
BY_NAMES: Mapping[str, Any] = {"legend": {**_LEGEND, "calcs": []}, "tooltip": _TOOLTIP}
"""
A legend of names alone, for more series than a legend has room for with their figures.
"""

OF_TESTS: Mapping[str, Any] = {
    "options": {"legend": {**_LEGEND, "calcs": ["lastNotNull"]}, "tooltip": _TOOLTIP},
    "transformations": ({"id": "renameByRegex", "options": {"regex": r"^[^\[:]*/(.*)$", "renamePattern": "$1"}},),
}
"""
Of a graph whose series have names of tests: without its folder, a name and one figure fit into the legend.
"""

per_run = partial(_CHART, points=EACH_RUN, custom=DRAWING)
"""
A point for each run, with lines between them.
"""

over_time = partial(_CHART, custom={**DRAWING, "showPoints": "auto", "spanNulls": False, "fillOpacity": 10})
"""
Lines over samples that are scraped all the time, with gaps where samples are missing.
"""

heatmap = partial(
    Panel,
    kind="heatmap",
    # Columns that are wide enough to be seen.
    points=120,
    width=12,
    height=8,
    options={
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Blues", "scale": "exponential", "exponent": 0.5, "steps": 64},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "unit": "s"},
    },
)
"""
A column for each step, whose cells are the darker the more of what is counted they have.
"""

stacked_per_run = partial(
    _CHART,
    # Bars as wide as a step: bars of one pixel are too thin.
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
    points=EACH_RUN,
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
    # High enough for a name that is broken into two lines: Grafana measures it before it is broken.
    options={"showHeader": True, "cellHeight": "md"},
)
