"""
The servers of a stack: how each is started, and where it says that it is ready.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from paceline.stack.grafana_server import GrafanaInstallation
from paceline.stack.programs import ALERTMANAGER as ALERTMANAGER_PROGRAM
from paceline.stack.programs import PROMETHEUS as PROMETHEUS_PROGRAM
from paceline.stack.stack_settings import ALERTMANAGER, EXPORTER, GRAFANA, PROMETHEUS, Layout

# What each is started with; the exporter is Python's.
PROGRAMS = {PROMETHEUS: PROMETHEUS_PROGRAM, ALERTMANAGER: ALERTMANAGER_PROGRAM}


class Service(Struct, frozen=True, kw_only=True):
    """
    A server: its command, its address, and the path that answers when it is ready.
    """

    name: str
    command: tuple[str, ...]
    url: str
    ready: str = "/-/ready"


def services(
    layout: Layout, ports: Mapping[str, int], programs: Mapping[str, Path], grafana: GrafanaInstallation | None = None
) -> list[Service]:
    """
    All servers, in the order in which they are started.

    Args:
        layout: the files of the stack.
        ports: of each.
        programs: of each but the exporter.
        grafana: where there is one.
    """
    address = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    commands = {
        EXPORTER: [sys.executable, "-m", "paceline", "serve", f"--data={layout.data(EXPORTER)}"],
        PROMETHEUS: [
            str(programs[PROMETHEUS]),
            f"--config.file={layout.configuration / 'prometheus' / 'prometheus.yml'}",
            f"--storage.tsdb.path={layout.data(PROMETHEUS)}",
            f"--web.external-url=http://{address[PROMETHEUS]}",
            # Its default of 15 days is shorter than what rules and dashboards look back.
            "--storage.tsdb.retention.time=100d",
        ],
        ALERTMANAGER: [
            str(programs[ALERTMANAGER]),
            f"--config.file={layout.configuration / 'alerts' / 'alertmanager.yml'}",
            f"--storage.path={layout.data(ALERTMANAGER)}",
            f"--web.external-url=http://{address[ALERTMANAGER]}",
            # The default of five days is shorter than the week after which some alerts are sent again.
            "--data.retention=240h",
            # It would look for others of its kind on all interfaces.
            "--cluster.listen-address=",
        ],
    }
    of_family = [
        Service(
            name=name,
            command=(*command, f"--web.listen-address={address[name]}"),
            url=f"http://{address[name]}",
        )
        for name, command in commands.items()
    ]
    return [*of_family, *_of_grafana(grafana, layout, f"http://{address[GRAFANA]}")]


def _of_grafana(grafana: GrafanaInstallation | None, layout: Layout, url: str) -> list[Service]:
    if grafana is None:
        return []
    return [Service(name=GRAFANA, command=tuple(grafana.command(layout)), url=url, ready="/api/health")]
