"""
`paceline grafana`: the dashboards, as files or in a Grafana.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from paceline.cli.options.project import clear_errors
from paceline.errors import ConfigError
from paceline.files import write_files
from paceline.formatting import counted
from paceline.http.server_access import Naming, ServerAccess, read_server
from paceline.version import __version__

if TYPE_CHECKING:
    from paceline.grafana.install_plan import DataSource

_DONE = {"create": "created", "update": "updated", "keep": "unchanged", "refuse": "refused"}
_WOULD = {**_DONE, "create": "would create", "update": "would update"}
_FOLDER = "paceline"


@click.group()
def grafana() -> None:
    """
    Write the dashboards, or install them in a Grafana.
    """


@grafana.command()
@click.option("--url", required=True, envvar="PACELINE_GRAFANA_URL", show_envvar=True, help="Address of the Grafana.")
@click.option(
    "--folder",
    metavar="UID",
    help="UID of the folder for the dashboards (default: paceline; dashboards that you moved stay where they are).",
)
@click.option(
    "--prometheus",
    metavar="URL",
    help="Prometheus to add as data source, its address as Grafana reaches it (default: none).",
)
@click.option(
    "--alertmanager",
    metavar="URL",
    help="Alertmanager to add as data source, its address as Grafana reaches it (default: none).",
)
@click.option(
    "--jaeger",
    metavar="URL",
    help="Jaeger that the Test dashboard links to, its address as a browser reaches it (default: no link).",
)
@click.option(
    "--tempo",
    metavar="UID",
    help="UID of the Tempo data source that the Test dashboard links to (default: no link).",
)
@click.option("--force", is_flag=True, help="Replace dashboards and data sources that somebody else wrote or changed.")
@click.option("--dry-run", is_flag=True, help="Print the steps, and change no dashboard or data source.")
def install(
    url: str,
    folder: str | None,
    prometheus: str | None,
    alertmanager: str | None,
    jaeger: str | None,
    tempo: str | None,
    *,
    force: bool,
    dry_run: bool,
) -> None:
    """
    Install dashboards and data sources in a Grafana.

    Credentials come from PACELINE_GRAFANA_TOKEN, the token of a service account with the role Editor (Admin for data
    sources), or from PACELINE_GRAFANA_USER and PACELINE_GRAFANA_PASSWORD. If somebody else wrote or changed one of the
    dashboards or data sources, the command writes none of them.

    \b
      paceline grafana install --url http://grafana:3000 --dry-run
      paceline grafana install --url http://grafana:3000 --prometheus http://prometheus:9090
    """
    from paceline.grafana.http_api import GrafanaApi  # noqa: PLC0415 - asked for by no other command
    from paceline.grafana.install import plan  # noqa: PLC0415
    from paceline.grafana.install_plan import Action, Wanted  # noqa: PLC0415

    with clear_errors():
        server = GrafanaApi(_server(url))
        wanted = Wanted(
            version=__version__,
            folder=folder or _FOLDER,
            is_moving=bool(folder),
            sources=_sources(prometheus, alertmanager),
            force=force,
            trace_link=_trace_link(jaeger, tempo),
        )
        steps = list(plan(server, wanted))
        refused = [step for step in steps if step.action is Action.REFUSE]
        words = _WOULD if refused or dry_run else _DONE
        for step in steps:
            if words is _DONE:
                server.do(step)
            said = f": {step.reason}" if step.reason else ""
            click.echo(f"{words[step.action.value]:<12}  {step.what}{said}")
    if refused:
        raise click.ClickException(f"nothing was written: {counted(len(refused), 'item')} refused")


@grafana.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "configmap"]),
    default="json",
    show_default=True,
    help="JSON files for Grafana itself, or ConfigMaps for its sidecar in Kubernetes.",
)
@click.option("--force", is_flag=True, help="Replace files that differ from the new ones.")
def write(folder: Path, form: str, *, force: bool) -> None:
    """
    Write the dashboards into FOLDER as files.

    \b
      paceline grafana write /var/lib/grafana/dashboards
      paceline grafana write manifests --format configmap
    """
    from paceline.grafana.dashboard_files import config_maps, dashboards  # noqa: PLC0415 - asked for by no other command

    texts = config_maps() if form == "configmap" else dashboards()
    with clear_errors():
        write_files(folder, texts, force=force)
    click.echo(f"wrote {counted(len(texts), 'file')} to {folder}")


def _server(url: str) -> ServerAccess:
    from paceline.grafana.http_api import NAMING  # noqa: PLC0415 - asked for by no other command

    server = read_server(url, NAMING, os.environ)
    if urlsplit(url).password:
        raise ConfigError(
            "--url has a password, which all users of this machine can read; put it into PACELINE_GRAFANA_PASSWORD"
        )
    return server


def _trace_link(jaeger: str | None, tempo: str | None) -> str:
    from paceline.grafana.trace_link import jaeger_link, tempo_link  # noqa: PLC0415 - asked for by no other command

    if jaeger and tempo:
        raise ConfigError("--jaeger and --tempo were both given; expected one of them")
    if jaeger:
        return jaeger_link(_address(jaeger, "--jaeger", "http://jaeger:16686").rstrip("/"))
    return tempo_link(tempo) if tempo else ""


def _sources(prometheus: str | None, alertmanager: str | None) -> "Sequence[DataSource]":
    from paceline.grafana import install  # noqa: PLC0415 - asked for by no other command

    asked = (
        (install.prometheus, prometheus, "--prometheus", "http://prometheus:9090"),
        (install.alertmanager, alertmanager, "--alertmanager", "http://alertmanager:9093"),
    )
    return [make(_address(url, option, example)) for make, url, option, example in asked if url]


def _address(url: str, option: str, example: str) -> str:
    address = str(read_server(url, Naming(option, example), {}))
    if "@" in urlsplit(url).netloc:
        raise ConfigError(
            f"{option} has a user in it, which all users of this machine can read; "
            f"expected {address}, without a user; set the credentials in Grafana"
        )
    return address
