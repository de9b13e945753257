"""
Put the dashboards, their folder and data sources into a Grafana.
"""

import json
from collections.abc import Iterator
from urllib.parse import quote

from paceline.grafana.dashboard_files import dashboards
from paceline.grafana.http_api import GrafanaApi
from paceline.grafana.install_plan import DataSource, InstallStep, Wanted, dashboard_step, folder_step, source_step
from paceline.grafana.trace_link import with_trace_link

_TITLE = "Paceline"


def prometheus(address: str) -> DataSource:
    """
    The data source that the dashboards ask.
    """
    return DataSource(
        uid="paceline-prometheus",
        name="Paceline Prometheus",
        kind="prometheus",
        address=address,
        # How often it scrapes: what $__rate_interval is made from.
        settings={"httpMethod": "POST", "prometheusType": "Prometheus", "timeInterval": "15s"},
    )


def alertmanager(address: str) -> DataSource:
    """
    The data source that shows alerts and silences under Alerting.
    """
    return DataSource(
        uid="paceline-alertmanager",
        name="Paceline Alertmanager",
        kind="alertmanager",
        address=address,
        settings={"implementation": "prometheus"},
    )


def plan(grafana: GrafanaApi, wanted: Wanted) -> Iterator[InstallStep]:
    """
    Find out what is to be done, in the order in which it has to be.

    Raises:
        StorageError: Grafana does not answer, or refuses a request.
    """
    grafana.check()
    named = grafana.find_named(_TITLE)
    yield folder_step(wanted.folder, _TITLE, grafana.find(f"/api/folders/{quote(wanted.folder, safe='')}"), named)
    for source in wanted.sources:
        found = grafana.find(f"/api/datasources/uid/{source.uid}")
        namesake = grafana.find(f"/api/datasources/name/{quote(source.name)}")
        yield source_step(source, found, namesake, force=wanted.force)
    for text in dashboards().values():
        board = with_trace_link(json.loads(text), wanted.trace_link)
        yield dashboard_step(board, grafana.find_dashboard(board["uid"]), wanted, named)
