"""
Grafana in a local stack: found, never fetched, and set up by files.
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from paceline.grafana.dashboard_files import dashboards
from paceline.stack.stack_settings import ALERTMANAGER, GRAFANA, PROMETHEUS, Layout

# What it is called, and what makes it serve.
_COMMANDS: Mapping[str, tuple[str, ...]] = {"grafana": ("server",), "grafana-server": ()}
# Where packages put what the program needs beside itself; an archive has it around the program.
_PACKAGED = Path("/usr/share/grafana")
_SETTINGS = """\
[server]
http_addr = 127.0.0.1
http_port = {port}
[paths]
data = {data}
logs = {data}/log
plugins = {data}/plugins
provisioning = {folder}/provisioning
# It answers this machine alone: whoever asks may look, and nobody changes what files say.
[auth]
disable_login_form = true
[auth.anonymous]
enabled = true
org_role = Viewer
[users]
viewers_can_edit = true
[analytics]
reporting_enabled = false
check_for_updates = false
check_for_plugin_updates = false
"""


class GrafanaInstallation(NamedTuple):
    """
    The program, and the folder of what it needs beside itself.
    """

    program: Path
    home: Path

    def command(self, layout: Layout) -> list[str]:
        """
        What starts it.
        """
        settings = layout.configuration / GRAFANA / "grafana.ini"
        return [str(self.program), *_COMMANDS[self.program.name], f"--homepath={self.home}", f"--config={settings}"]


def find_grafana(places: Iterable[Path]) -> GrafanaInstallation | None:
    """
    The first Grafana in these folders that has what it needs; None where there is none.
    """
    found = (shutil.which(name, path=place) for place in places for name in _COMMANDS)
    programs = (Path(path).absolute() for path in found if path)
    return next((GrafanaInstallation(program, home) for program in programs if (home := _home(program))), None)


def grafana_files(layout: Layout, ports: Mapping[str, int]) -> dict[str, str]:
    """
    Its settings, its data sources, and its dashboards.

    Args:
        layout: the files of the stack.
        ports: of each server.

    Returns:
        The text of each, by its path from the folder of configuration.
    """
    folder = layout.configuration / GRAFANA
    settings = _SETTINGS.format(port=ports[GRAFANA], data=layout.data(GRAFANA), folder=folder)
    provider = {"name": "paceline", "folder": "Paceline", "type": "file", "options": {"path": f"{folder}/dashboards"}}
    return {
        "grafana/grafana.ini": settings,
        "grafana/provisioning/datasources/paceline.yml": _provisioned(datasources=_sources(ports)),
        "grafana/provisioning/dashboards/paceline.yml": _provisioned(providers=[provider]),
        **{f"grafana/dashboards/{name}": text for name, text in dashboards().items()},
    }


def _sources(ports: Mapping[str, int]) -> list[dict[str, object]]:
    return [
        {
            "name": f"Paceline {kind.capitalize()}",
            "uid": f"paceline-{kind}",
            "type": kind,
            "access": "proxy",
            "url": f"http://127.0.0.1:{ports[kind]}",
            "isDefault": kind == PROMETHEUS,
            "jsonData": {"implementation": PROMETHEUS} if kind == ALERTMANAGER else {"httpMethod": "POST"},
        }
        for kind in (PROMETHEUS, ALERTMANAGER)
    ]


def _provisioned(**content: object) -> str:
    return yaml.safe_dump({"apiVersion": 1, **content}, sort_keys=False)


def _home(program: Path) -> Path | None:
    homes = (program.resolve().parent.parent, _PACKAGED)
    return next((home for home in homes if (home / "conf" / "defaults.ini").is_file()), None)
