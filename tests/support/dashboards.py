"""
The dashboards as they are committed, and their expressions with the variables filled in.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import promql_parser

from paceline.metrics.catalogue import CATALOGUE, Kind

GRAFANA = Path(__file__).parents[2] / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))

Json = dict[str, Any]

# What Grafana fills in by itself.
_BUILTIN = {"__interval": "1h", "__interval_ms": "3600000", "__range": "30d", "__rate_interval": "1m"}
_A_PIXEL_EACH = 1000
_OF_SCRAPES = "15s"
_SECONDS = {"1s": 1, "15s": 15, "1h": 3600}
_VARIABLE = re.compile(r"\$(?:\{(?P<name>\w+)(?::(?P<form>\w+))?\}|(?P<short>[a-zA-Z_]\w*))")
_COUNTED = ("_bucket", "_sum", "_count")


class Asked(NamedTuple):
    """
    A query of a panel, as it stands in the dashboard. `points` is how many steps the time is cut into, and
    `least_step` the least of them in seconds.
    """

    board: str
    panel: str
    expr: str
    is_instant: bool
    points: int
    least_step: int


def boards() -> list[Json]:
    """
    All dashboards, in the order of their files.
    """
    return [json.loads(path.read_text("utf-8")) for path in FILES]


def panels(board: Json) -> list[Json]:
    """
    What shows something, in closed rows too: all but the headings of rows.
    """
    placed = [inner for panel in board["panels"] for inner in (panel, *panel.get("panels", ()))]
    return [panel for panel in placed if panel["type"] != "row"]


def queries(board: Json) -> Iterator[Asked]:
    """
    Each query of each panel.
    """
    for panel in panels(board):
        for target in panel["targets"]:
            points = panel.get("maxDataPoints", _A_PIXEL_EACH)
            least = _SECONDS[target.get("interval", panel.get("interval", _OF_SCRAPES))]
            title = re.sub(r" \(\d+ at most\)$", "", panel["title"])
            yield Asked(board["uid"], title, target["expr"], target["instant"], points, least)


def filled(text: str, values: Mapping[str, str]) -> str:
    """
    The text with its variables filled in as Grafana does.

    Raises:
        KeyError: a variable has no value.
    """
    known = {**_BUILTIN, **values}
    return _VARIABLE.sub(lambda match: _formatted(known[match["name"] or match["short"]], match["form"]), text)


def _formatted(value: str, form: str | None) -> str:
    if form == "json":
        return json.dumps(value, ensure_ascii=False)
    # Grafana's own list of what its format `regex` quotes.
    return re.sub(r"[\\^$*+?.()|[\]{}/]", r"\\\g<0>", value) if form == "regex" else value


def variables() -> dict[str, Json]:
    """
    The variables of all dashboards that ask a Prometheus, by dashboard and name as in `paceline-suite end`.
    """
    return {
        f"{board['uid']} {one['name']}": one
        for board in boards()
        for one in board["templating"]["list"]
        if one["type"] == "query"
    }


def asked_for(variable: Json) -> str:
    """
    What a variable asks for: the selector of its labels, or the expression.
    """
    query: str = variable["query"]["query"]
    (found,) = re.findall(r"^query_result\((.*)\)$|^label_values\((.*), \w+\)$", query)
    return "".join(found)


def option(variable: Json, sample: Json) -> str | None:
    """
    What a variable makes of a sample, which Grafana writes as `{label="value"} 1.5 1795478400000`; None for nothing.
    """
    labels = ",".join(f'{name}="{value}"' for name, value in sample["metric"].items())
    at, value = sample["value"]
    regex = variable["regex"].strip("/").replace("(?<", "(?P<")
    found = re.search(regex, f"{{{labels}}} {value} {at * 1000:.0f}")
    return found and found["value" if "value" in found.groupdict() else 1]


class Selector(NamedTuple):
    """
    A selector of series: the name, the labels that it asks for, and whether it looks back over a range.
    """

    name: str
    labels: frozenset[str]
    has_range: bool


def selectors(expr: str) -> set[Selector]:
    """
    All selectors of series in an expression that has no variables.

    Raises:
        ValueError: it is no PromQL.
    """
    found: set[Selector] = set()
    ranges: list[object] = []

    def enter(node: object) -> None:
        if isinstance(node, promql_parser.MatrixSelector | promql_parser.SubqueryExpr):
            ranges.append(node)
        if isinstance(node, promql_parser.VectorSelector):
            labels = frozenset(matcher.name for matcher in node.matchers.matchers)
            found.add(Selector(node.name or "", labels, bool(ranges)))

    def leave(node: object) -> None:
        if isinstance(node, promql_parser.MatrixSelector | promql_parser.SubqueryExpr):
            ranges.pop()

    promql_parser.walk(promql_parser.parse(expr), enter, leave)
    return found


def known_series() -> dict[str, frozenset[str]]:
    """
    The labels of each series that the catalogue tells of.
    """
    series: dict[str, frozenset[str]] = {}
    for metric in CATALOGUE:
        labels = frozenset(metric.labels)
        names = [metric.name + end for end in _COUNTED] if metric.kind is Kind.HISTOGRAM else [metric.name]
        series |= {name: labels | {"le"} if name.endswith("_bucket") else labels for name in names}
    return series
