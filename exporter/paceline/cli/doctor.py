"""
`paceline doctor`: check the project and the servers.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from msgspec import Struct, json

from paceline.cli.options.click_kinds import Number
from paceline.cli.options.output_format import format_option
from paceline.cli.options.project import (
    clear_errors,
    find_default_branch,
    find_root,
    load_project,
    results_option,
    suite_of,
)
from paceline.config import Config
from paceline.delivery import exporter_sink
from paceline.doctor import alertmanager_checks
from paceline.doctor.alertmanager_checks import check_alertmanager
from paceline.doctor.checks import ChainPart, Check, Level
from paceline.doctor.exporter_checks import check_exporter
from paceline.doctor.grafana_checks import check_grafana
from paceline.doctor.project_checks import check_configuration, check_history, check_outbox
from paceline.doctor.prometheus_checks import alertmanagers_of, check_prometheus
from paceline.errors import PacelineError
from paceline.grafana import http_api
from paceline.http.server_access import Naming, ServerAccess, read_authorities, read_server
from paceline.own_secrets import without_own_secrets
from paceline.prometheus import query_client
from paceline.prometheus.query_client import QueryClient
from paceline.stack.stack_settings import ALERTMANAGER, EXPORTER, GRAFANA, PROMETHEUS, Layout
from paceline.stack.state_file import StateFile

_COLOURS = {Level.OK: "green", Level.HINT: "yellow", Level.WRONG: "red", Level.OFF: None}


class _Asked(Struct, frozen=True, kw_only=True):
    """
    The addresses of the options and of the local stack, and the seconds that each server may take.
    """

    given: Mapping[str, str | None]
    of_stack: Mapping[str, str]
    seconds: float
    is_test_alert: bool

    def server(self, kind: str, configured: str, naming: Naming) -> ServerAccess | None:
        """
        The server by its option, else by the configuration, else of the local stack.
        """
        url = self.given.get(kind) or configured or self.of_stack.get(kind)
        return read_server(url, naming, os.environ) if url else None


@click.command()
@click.option("--exporter", metavar="URL", help="Address of the exporter (default: 'push' in [tool.paceline]).")
@click.option("--prometheus", metavar="URL", help="Address of the Prometheus (default: 'history' in [tool.paceline]).")
@click.option(
    "--alertmanager", metavar="URL", help="Address of the Alertmanager (default: where Prometheus sends alerts)."
)
@click.option(
    "--grafana",
    metavar="URL",
    envvar="PACELINE_GRAFANA_URL",
    show_envvar=True,
    help="Address of the Grafana (default: none).",
)
@click.option(
    "--stack",
    "stack_folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".paceline-stack"),
    show_default=True,
    help="Folder of a local stack, whose servers are checked if no others are configured.",
)
@click.option(
    "--test-alert", "is_test_alert", is_flag=True, help="Send a test alert to Alertmanager: people get a message."
)
@click.option(
    "--seconds", type=Number(0.1, 600), default=5, show_default=True, help="Seconds that each server may take."
)
@format_option("text", "json")
@results_option
@click.pass_context
def doctor(
    context: click.Context,
    /,
    stack_folder: Path,
    form: str,
    seconds: float,
    results: Path | None,
    *,
    is_test_alert: bool,
    **given: str | None,
) -> None:
    """
    Check the set-up, from configuration to Grafana.

    Each check is one line: ok; hint, for a limitation; wrong, with the fix; or off, for a part that is not configured.
    Exit code 1 means that a check is wrong. The command sends no run and changes no file or server.

    \b
      paceline doctor
      paceline doctor --prometheus http://prometheus:9090 --grafana http://grafana:3000
      paceline doctor --test-alert
    """
    found = []
    with clear_errors():
        asked = _Asked(given=given, of_stack=_addresses_of(stack_folder), seconds=seconds, is_test_alert=is_test_alert)
        for check in _checks(asked, results):
            found.append(check)
            if form == "text":
                click.echo(_line(check))
    if form == "json":
        click.echo(json.format(json.encode(found), indent=2).decode())
    context.exit(1 if any(check.level is Level.WRONG for check in found) else 0)


def _addresses_of(stack_folder: Path) -> dict[str, str]:
    """
    The servers of a local stack that run.
    """
    started = StateFile(Layout(stack_folder).state).read()
    return {one.name: one.url for one in started if one.process() is not None}


def _checks(asked: _Asked, results: Path | None) -> Iterator[Check]:
    config = Config()
    try:
        config, archive = load_project(results)
        suite = suite_of(config)
        pyproject = find_root(Path.cwd()) / "pyproject.toml"
        yield from check_configuration(pyproject, suite, find_default_branch(config))
        yield from check_history(archive, config, suite)
        yield from check_outbox(archive)
    except PacelineError as error:
        yield ChainPart("configuration").wrong(str(error))
    yield from _server_checks(asked, config)


def _server_checks(asked: _Asked, config: Config) -> Iterator[Check]:
    parts = {EXPORTER: _exporter, PROMETHEUS: _prometheus, ALERTMANAGER: _alertmanager, GRAFANA: _grafana}
    for name, checks in parts.items():
        try:
            yield from checks(asked, config)
        except PacelineError as error:
            yield ChainPart(name).wrong(str(error))


def _exporter(asked: _Asked, config: Config) -> Iterator[Check]:
    authorities = read_authorities(config.push_ca_file, "push_ca_file is")
    server = asked.server(EXPORTER, config.push, exporter_sink.NAMING)
    return check_exporter(server, asked.seconds, authorities)


def _prometheus(asked: _Asked, config: Config) -> Iterator[Check]:
    return check_prometheus(_client(asked, config), suite_of(config), is_otlp=bool(config.otlp))


def _alertmanager(asked: _Asked, config: Config) -> Iterator[Check]:
    configured = "" if asked.given.get(ALERTMANAGER) else _known_alertmanager(asked, config)
    server = asked.server(ALERTMANAGER, configured, alertmanager_checks.NAMING)
    return check_alertmanager(server, asked.seconds, suite_of(config) if asked.is_test_alert else "")


def _grafana(asked: _Asked, _: Config) -> Iterator[Check]:
    return check_grafana(asked.server(GRAFANA, "", http_api.NAMING), asked.seconds)


def _client(asked: _Asked, config: Config) -> QueryClient | None:
    server = asked.server(PROMETHEUS, config.history, query_client.NAMING)
    return QueryClient(server, asked.seconds) if server else None


def _known_alertmanager(asked: _Asked, config: Config) -> str:
    """
    The address of the first Alertmanager that Prometheus knows; "" if it knows no Alertmanager.
    """
    try:
        client = _client(asked, config)
        return next(iter(alertmanagers_of(client)), "") if client else ""
    except PacelineError:
        return ""


def _line(check: Check) -> str:
    level = click.style(f"{check.level:<6}", fg=_COLOURS[check.level], bold=check.level is Level.WRONG)
    separator = ": " if check.level is Level.OFF else "; next: "
    said = without_own_secrets(check.said + (f"{separator}{check.fix}" if check.fix else ""))
    return f"{level} {check.part:<13}  {said}"
