"""
A dashboard: panels in rows, with variables, annotations and links.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from grafana.generator.annotations import annotations
from grafana.generator.panel import Json, Panel
from grafana.generator.promql import SUITE

TAG = "paceline"
# The schema of Grafana 9.4; later versions migrate a dashboard when they load it.
_SCHEMA = 37
_COLUMNS = 24


class Row(Struct, frozen=True):
    """
    A heading, and the panels below it, from left to right and line by line. Those of a closed row are shown, and their
    queries sent, when somebody opens it.
    """

    title: str
    panels: tuple[Panel, ...]
    is_closed: bool = False


class Dashboard(Struct, frozen=True, kw_only=True):
    """
    One dashboard. `since` is the start of its default time range, as in `now-14d`; `refresh` is the interval of its
    queries. `alerts` are the label matchers of the alerts to mark; without `has_runs`, the dashboard has no marks,
    and its time range, of minutes or hours, makes no sense in the others.
    """

    uid: str
    title: str
    description: str
    variables: Sequence[Json]
    rows: tuple[Row, ...]
    since: str
    refresh: str = ""
    has_runs: bool = True
    alerts: tuple[str, ...] = (SUITE,)

    def as_json(self) -> Json:
        """
        The dashboard as Grafana's file provisioning takes it.
        """
        return {
            "uid": self.uid,
            "title": f"Paceline / {self.title}",
            "description": self.description,
            "tags": [TAG],
            "schemaVersion": _SCHEMA,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "timezone": "browser",
            "time": {"from": self.since, "to": "now"},
            "timepicker": {"refresh_intervals": ["1s", "5s", "30s", "1m", "5m", "30m", "1h"]},
            "refresh": self.refresh,
            "fiscalYearStartMonth": 0,
            "liveNow": False,
            "weekStart": "",
            "links": [_links(keeps_time=self.has_runs)],
            "templating": {"list": list(self.variables)},
            "annotations": {"list": annotations(*self.alerts) if self.has_runs else []},
            "panels": list(_placed(self.rows)),
        }


def _links(*, keeps_time: bool) -> Json:
    return {
        "type": "dashboards",
        "title": "Paceline",
        "tags": [TAG],
        "asDropdown": True,
        "icon": "external link",
        "includeVars": True,
        "keepTime": keeps_time,
        "targetBlank": False,
        "tooltip": "",
        "url": "",
    }


def _placed(rows: Sequence[Row]) -> Iterator[Json]:
    number = y = 0
    for row in rows:
        heading, panels = _heading(row, number + 1, y), list(_in_lines(row.panels, number + 2, y + 1))
        yield heading | ({"panels": panels} if row.is_closed else {})
        yield from () if row.is_closed else panels
        number += 1 + len(panels)
        y = y + 1 if row.is_closed else max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in panels)


def _in_lines(panels: Sequence[Panel], number: int, y: int) -> Iterator[Json]:
    x = height = 0
    for place, panel in enumerate(panels):
        if x + panel.width > _COLUMNS:
            x, y, height = 0, y + height, 0
        yield panel.as_json(number + place, x, y)
        x, height = x + panel.width, max(height, panel.height)


def _heading(row: Row, number: int, y: int) -> Json:
    place = {"h": 1, "w": _COLUMNS, "x": 0, "y": y}
    return {"id": number, "type": "row", "title": row.title, "collapsed": row.is_closed, "gridPos": place, "panels": []}
