"""
`paceline gate`: ask a Prometheus whether anything fires.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from msgspec import json
from msgspec.structs import replace

from paceline import formatting
from paceline.alerting.runbooks import runbooks
from paceline.cli.options.click_kinds import Number
from paceline.cli.options.output_format import format_option
from paceline.cli.options.project import clear_errors, find_root, load_project, suite_of
from paceline.cli.options.terminal import warn
from paceline.config import Config
from paceline.errors import ConfigError
from paceline.history.archive import Archive
from paceline.http.server_access import read_server
from paceline.model import Severity
from paceline.prometheus.gate_checks import Gate, GateAnswer
from paceline.prometheus.query_client import NAMING, QueryClient
from paceline.prometheus.rule_alerts import Alert
from paceline.run_origin import find_origin
from paceline.shards import part_of

EXIT_FIRING = 10
_ID = re.compile(r"[A-Za-z0-9._-]*")
_COLOURS = {Severity.CRITICAL: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


def _named(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise click.BadParameter("the value is empty, expected a name")
    return value


def _id(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value and not _ID.fullmatch(value):
        raise click.BadParameter(f"{value!r} is not a run id, expected letters, digits, '.', '_' and '-'")
    return _named(context, parameter, value)


@click.command()
@click.option("--prometheus", metavar="URL", help="Address of the Prometheus (default: 'history' in [tool.paceline]).")
@click.option(
    "--run",
    "run_id",
    metavar="ID",
    callback=_id,
    help="Id of the run to wait for, or its beginning (default: the latest run in the results folder; without a "
    "folder, or with --suite or --branch, the latest run of suite and branch).",
)
@click.option(
    "--suite", metavar="NAME", callback=_named, help="Name of the suite (default: the suite of this project)."
)
@click.option(
    "--branch",
    metavar="NAME",
    callback=_named,
    help="Name of the branch (default: the branch that the CI system or git names).",
)
@click.option(
    "--severity",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.WARNING.value,
    show_default=True,
    help="Lowest severity of an alert that counts.",
)
@click.option("--include-earlier", is_flag=True, help="Count alerts about findings of earlier runs too.")
@click.option(
    "--wait", "seconds", metavar="S", type=Number(1), default=300, show_default=True, help="Seconds to wait at most."
)
@format_option("text", "json")
@click.pass_context
def gate(
    context: click.Context,
    /,
    prometheus: str | None,
    run_id: str | None,
    suite: str | None,
    branch: str | None,
    severity: str,
    include_earlier: bool,
    seconds: float,
    form: str,
) -> None:
    """
    Exit with 10 if Paceline's alerts fire for a run.

    The gate asks about one run: by default the latest run in the results folder, else the latest run of a suite and
    branch. It waits until Prometheus has the run and has evaluated its rules. Alerts about findings of earlier runs are
    listed separately and do not count. Exit code 1 means that the gate cannot decide: the run does not arrive, no rule
    judges its branch, the run arrived too late, a newer run came too soon, or Prometheus does not answer.

    \b
      paceline gate --prometheus http://prometheus:9090
      paceline gate --run 01M82BR9TB4JNP --severity critical
    """
    if run_id and (suite or branch):
        raise click.UsageError("--run names one run, expected no --suite and no --branch with it")
    with clear_errors():
        config, archive = load_project(None)
        url = prometheus or config.history
        if not url:
            raise ConfigError("no Prometheus is configured, expected --prometheus URL, or 'history' in [tool.paceline]")
        if run_id is None and suite is None and branch is None:
            run_id = _latest_run(archive)
        asked = Gate(QueryClient(read_server(url, NAMING), seconds), seconds, _at_least(severity))
        answer = (
            asked.of_run(run_id)
            if run_id
            else asked.of_latest(suite or suite_of(config), branch or _branch_here(config))
        )
    if include_earlier:
        answer = replace(answer, alerts=[*answer.alerts, *answer.earlier], earlier=[])
    _tell(answer, form, run_id or answer.run.run_id)
    context.exit(EXIT_FIRING if answer.alerts else 0)


def _latest_run(archive: Archive) -> str | None:
    """
    The id of the latest run in the results folder, of the whole run where that is a part; None where it has no run.
    """
    if not archive.folder.latest_report.exists():
        return None
    run_id = archive.folder.read_latest().run_id
    part = part_of(run_id)
    return part.run_id if part else run_id


def _branch_here(config: Config) -> str:
    return find_origin(find_root(Path.cwd()), config.default_branch).branch


def _at_least(severity: str) -> Sequence[str]:
    known = [one.value for one in Severity]
    return known[: known.index(severity) + 1]


def _tell(answer: GateAnswer, form: str, asked: str) -> None:
    if asked != answer.run.run_id:
        warn(f"{asked} is {answer.run}")
    if answer.superseded_by:
        warn(f"run {answer.run.run_id} was superseded by run {answer.superseded_by}: these alerts fired before")
    for notice in answer.notices:
        warn(f"{notice.name} fires, without a suite: {notice.said}")
    for wait in answer.waits:
        warn(f"rule group {wait}: alerts that need it cannot fire before")
    if answer.earlier and form != "text":
        warn(f"not counted: {_counted(answer.earlier)} for findings of earlier runs")
    is_text = form == "text"
    click.echo("\n".join(_lines(answer)) if is_text else json.format(json.encode(answer.alerts), indent=2).decode())


def _lines(answer: GateAnswer) -> Iterator[str]:
    yield f"{_counted(answer.alerts) if answer.alerts else 'nothing fires'} for {answer.place}"
    for alert in answer.alerts:
        yield from _lines_of(alert)
    if answer.earlier:
        yield f"not counted: {_counted(answer.earlier)} for findings of earlier runs (--include-earlier counts them)"
    for alert in answer.earlier:
        yield from _lines_of(alert)


def _counted(alerts: Sequence[Alert]) -> str:
    return formatting.counted(len(alerts), "alert fires", "alerts fire")


def _lines_of(alert: Alert) -> Iterator[str]:
    level = Severity(alert.severity)
    heading = click.style(f"{level.upper():<9}", fg=_COLOURS[level])
    yield f"{heading} {alert.name}  {alert.labels.get('test', '')}".rstrip()
    texts = (alert.said, alert.annotations.get("cause", ""), _what_to_do(alert))
    yield from (f"          {text.strip()}" for text in texts if text.strip())


def _what_to_do(alert: Alert) -> str:
    """
    Where the runbook is: its address, or the command that shows it where the rules name a path of the repository.
    """
    runbook = alert.annotations.get("runbook_url", "").strip()
    is_path = runbook and "://" not in runbook and not Path(runbook).is_file()
    return f"next: `paceline explain {alert.name}`" if is_path and alert.name in runbooks() else runbook
