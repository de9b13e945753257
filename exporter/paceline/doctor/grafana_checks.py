"""
Checks of Grafana: it answers, and has the dashboards.
"""

import json
from collections.abc import Iterator

from paceline.doctor.checks import ChainPart, Check
from paceline.errors import StorageError
from paceline.formatting import counted, listed
from paceline.grafana.dashboard_files import dashboards
from paceline.grafana.http_api import GrafanaApi
from paceline.http.server_access import ServerAccess

_GRAFANA = ChainPart("grafana")


def check_grafana(server: ServerAccess | None, seconds: float) -> Iterator[Check]:
    """
    The server that shows the dashboards; None where it is not configured.
    """
    if server is None:
        yield _GRAFANA.off("--grafana URL, or PACELINE_GRAFANA_URL")
        return
    grafana = GrafanaApi(server, (seconds, seconds))
    try:
        grafana.check()
    except StorageError as error:
        yield _GRAFANA.wrong(str(error), "start Grafana, or correct --grafana")
        return
    yield _GRAFANA.ok(f"{server} is Grafana")
    yield from _GRAFANA.guarded(lambda: _dashboards(grafana, server))


def _dashboards(grafana: GrafanaApi, server: ServerAccess) -> Iterator[Check]:
    boards = [json.loads(text) for text in dashboards().values()]
    missing = [board["title"] for board in boards if grafana.find(f"/api/dashboards/uid/{board['uid']}") is None]
    if missing:
        said = f"{counted(len(missing), 'dashboard is', 'dashboards are')} missing: {listed(missing, 3)}"
        yield _GRAFANA.wrong(said, f"`paceline grafana install --url {server}`")
    else:
        yield _GRAFANA.ok(f"has all {len(boards)} dashboards")
