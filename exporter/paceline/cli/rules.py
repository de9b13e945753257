"""
`paceline rules`: rules and alerts for Prometheus, and the configuration of Alertmanager.
"""

import re
from collections.abc import Callable
from pathlib import Path

import click

from paceline import units
from paceline.alerting.kubernetes import prometheus_rules
from paceline.alerting.options import MATCHERS, NAME, Options
from paceline.alerting.writing import render
from paceline.cli.project import clear_errors
from paceline.cli.writing import write_files

_DEFAULT = Options()
_Check = Callable[[click.Context, click.Parameter, str | tuple[str, ...]], str | tuple[str, ...]]


def _fits(pattern: str, expected: str) -> _Check:
    def check(_: click.Context, __: click.Parameter, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for text in (value,) if isinstance(value, str) else value:
            if not re.fullmatch(pattern, text):
                raise click.BadParameter(f"{text!r}, expected {expected}")
        return value

    return check


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--window",
    "window_days",
    type=click.IntRange(1, 3650),
    default=_DEFAULT.window_days,
    show_default=True,
    help="Days of past that a run is judged by.",
)
@click.option(
    "--hold",
    "hold_days",
    type=click.IntRange(1, 3650),
    default=_DEFAULT.hold_days,
    show_default=True,
    help="Days that a verdict stands where no run comes.",
)
@click.option(
    "--interval",
    "interval_seconds",
    type=click.IntRange(1, 120),
    default=_DEFAULT.interval_seconds,
    show_default=True,
    help="Seconds from one evaluation to the next.",
)
@click.option(
    "--prefix",
    default=_DEFAULT.prefix,
    show_default=True,
    callback=_fits(NAME, "the beginning of a metric's name, for example acme_paceline_"),
    help="What the names of metrics begin with.",
)
@click.option(
    "--match",
    default=_DEFAULT.match,
    show_default=True,
    callback=_fits(MATCHERS, 'matchers as in PromQL, for example branch="main"'),
    help="Matchers of the runs that are judged.",
)
@click.option(
    "--by",
    multiple=True,
    metavar="LABEL",
    callback=_fits(NAME, "the name of a label, for example python"),
    help="A label of yours that tells one suite from another.",
)
@click.option("--dashboards", default=_DEFAULT.dashboards, show_default=True, help="Address of Grafana.")
@click.option("--runbooks", default=_DEFAULT.runbooks, show_default=True, help="Address of the runbooks.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["files", "prometheusrule"]),
    default="files",
    show_default=True,
    help="Files of Prometheus and Alertmanager, or the rules alone for the Prometheus Operator in Kubernetes.",
)
@click.option("--force", is_flag=True, help="Replace files that differ.")
def rules(folder: Path, form: str, *, force: bool, **settings: object) -> None:
    """
    Write rules, alerts and the configuration of Prometheus and Alertmanager into FOLDER.

    \b
      paceline rules monitoring
      paceline rules monitoring --match 'branch=~"main|release-.*"' --by python --window 30
      paceline rules kubernetes --format prometheusrule --force
    """
    rendered = render(Options(**settings))  # type: ignore[arg-type]
    written = prometheus_rules(rendered) if form == "prometheusrule" else rendered
    with clear_errors():
        write_files(folder, written, force=force)
    click.echo(f"wrote {units.counted(len(written), 'file')} to {folder}")
