"""
`paceline gate`: ask a Prometheus whether anything fires.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import click
from msgspec import json

from paceline import units
from paceline.cli.project import clear_errors, find_root, suite_of
from paceline.client.endpoint import read_endpoint
from paceline.config import Config, load_config
from paceline.errors import ConfigError, StorageError
from paceline.history.alerts import Alert, AlertReader, Place, RuleKind
from paceline.history.query_client import NAMING, QueryClient
from paceline.metrics.run_samples import OTHER_BRANCH
from paceline.model import Severity
from paceline.probes.origin import OriginFinder

EXIT_FIRING = 10
_POLL_SECONDS = 1.0
# What is recorded from what another group records is there after the second evaluation, and alerts are made of both.
_CHAIN = (RuleKind.RECORDING, RuleKind.RECORDING, RuleKind.ALERTING)
_T = TypeVar("_T")
_COLOURS = {Severity.CRITICAL: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


@click.command()
@click.option("--prometheus", metavar="URL", help="The server (default: the history that is configured).")
@click.option("--run", "run_id", metavar="ID", help="Wait for this run to arrive and to be judged, then ask.")
@click.option("--suite", metavar="NAME", help="The suite (default: this project's).")
@click.option("--branch", metavar="NAME", help="The branch (default: as git and the CI system say).")
@click.option(
    "--severity",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.WARNING.value,
    show_default=True,
    help="What is less severe is left out.",
)
@click.option(
    "--wait", "seconds", metavar="S", type=click.FloatRange(1), default=300, show_default=True, help="At most so long."
)
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_context
def gate(
    context: click.Context,
    /,
    prometheus: str | None,
    run_id: str | None,
    suite: str | None,
    branch: str | None,
    severity: str,
    seconds: float,
    form: str,
) -> None:
    """
    Exit with 10 where alerts of Paceline fire in a Prometheus: for a run, or for a suite and branch as it is now.

    With --run it waits until the server has the run and has evaluated its rules after that.
    A server that cannot be asked, or that never gets the run, is exit code 1.

    \b
      paceline gate --prometheus http://prometheus:9090
      paceline gate --run 01M82BR9TB4JNP --severity critical
    """
    with clear_errors():
        config = load_config(find_root(Path.cwd()) / "pyproject.toml", {})
        url = prometheus or config.history
        if not url:
            raise ConfigError("no server to ask, expected --prometheus URL, or 'history' in [tool.paceline]")
        reader = AlertReader(QueryClient(read_endpoint(url, NAMING), seconds))
        reader.evaluated(RuleKind.ALERTING)  # a server without rules has nothing to say, which is not that all is well
        place = _judged(reader, run_id, seconds) if run_id else _here(config, suite, branch)
        alerts = reader.firing(place, _at_least(severity))
    click.echo(
        "\n".join(_lines(alerts, place)) if form == "text" else json.format(json.encode(alerts), indent=2).decode()
    )
    context.exit(EXIT_FIRING if alerts else 0)


def _here(config: Config, suite: str | None, branch: str | None) -> Place:
    with _origin_finder(config) as finder:
        origin = finder.find() if branch is None else None
    if origin is None:
        return Place(suite=suite or suite_of(config), branch=str(branch))
    # All branches but the default one share a name in labels, unless the exporter was told otherwise.
    label = origin.branch if origin.branch == origin.default_branch else OTHER_BRANCH
    return Place(suite=suite or suite_of(config), branch=label)


@contextmanager
def _origin_finder(config: Config) -> Iterator[OriginFinder]:
    finder = OriginFinder(find_root(Path.cwd()), default_branch=config.default_branch)
    try:
        yield finder
    finally:
        finder.close()


def _judged(reader: AlertReader, run_id: str, seconds: float) -> Place:
    """
    Wait until the server has a run and has evaluated its rules since, what alerts are made of first.

    Raises:
        StorageError: it takes too long.
    """
    end, within = time.monotonic() + seconds, f"within {units.duration(seconds)}; --wait gives it more"
    place = _waited(
        lambda: reader.place_of(run_id, reader.server_time()), f"{reader.server}: no run {run_id} {within}", end
    )
    for kind in _CHAIN:
        since = reader.server_time()
        missing = f"{reader.server}: the {kind} rules were not evaluated {within}"
        _waited(partial(_is_evaluated, reader, kind, since), missing, end)
    return place


def _is_evaluated(reader: AlertReader, kind: RuleKind, since: float) -> bool | None:
    return reader.evaluated(kind) > since or None


def _waited(look: Callable[[], _T | None], missing: str, end: float) -> _T:
    while (found := look()) is None:
        if time.monotonic() + _POLL_SECONDS > end:
            raise StorageError(missing)
        time.sleep(_POLL_SECONDS)
    return found


def _at_least(severity: str) -> Sequence[str]:
    known = [one.value for one in Severity]
    return known[: known.index(severity) + 1]


def _lines(alerts: Sequence[Alert], place: Place) -> Iterator[str]:
    where = f"{place.suite} on {place.branch}"
    yield (
        f"{units.counted(len(alerts), 'alert fires', 'alerts fire')} for {where}"
        if alerts
        else f"nothing fires for {where}"
    )
    for alert in alerts:
        level = Severity(alert.severity)
        heading = click.style(f"{level.upper():<9}", fg=_COLOURS[level])
        yield f"{heading} {alert.name}  {alert.labels.get('test', '')}".rstrip()
        said = alert.annotations.get("description") or alert.annotations.get("summary", "")
        yield from (f"          {text}" for text in (said, alert.annotations.get("runbook_url", "")) if text)
