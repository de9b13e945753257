"""
`paceline rules`: rules and alerts for Prometheus, and the configuration of Alertmanager.
"""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import click

from paceline import formatting
from paceline.alerting.rule_files import prometheus_rules, render
from paceline.alerting.rule_options import ADDRESS, LABEL, MATCHERS, NAME, PLACE, STRING, Options
from paceline.cli.options.project import clear_errors
from paceline.files import write_files

_DEFAULT = Options()
# Users edit receivers and scrape jobs in these files.
_YOURS = frozenset({"prometheus/prometheus.yml", "alerts/alertmanager.yml"})
# What RE2 lacks.
_NOT_RE2 = re.compile(r"\(\?(?:[=!>]|<[=!])|\\[1-9]")
_Check = Callable[[click.Context, click.Parameter, str | tuple[str, ...]], str | tuple[str, ...]]


def _fits(pattern: str, expected: str) -> _Check:
    def check(_: click.Context, __: click.Parameter, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for text in (value,) if isinstance(value, str) else value:
            if not re.fullmatch(pattern, text):
                raise click.BadParameter(f"{text!r}, expected {expected}")
        return value

    return check


def _matchers(context: click.Context, option: click.Parameter, value: str) -> str:
    """
    Matchers, with regular expressions in the syntax of Prometheus.
    """
    _fits(MATCHERS, 'matchers as in PromQL, for example branch="main"')(context, option, value)
    for text in re.findall(rf"~\s*({STRING})", value):
        expression = ast.literal_eval(text)
        if _NOT_RE2.search(expression) or not _compiles(expression):
            raise click.BadParameter(f"{expression!r}, expected a regular expression, for example main|release-.*")
    return value


def _compiles(expression: str) -> bool:
    try:
        re.compile(expression)
    except re.error:
        return False
    return True


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--window",
    "window_days",
    type=click.IntRange(1, 3650),
    default=_DEFAULT.window_days,
    show_default=True,
    help="Days of past runs that a run is judged against.",
)
@click.option(
    "--hold",
    "hold_days",
    type=click.IntRange(1, 3650),
    default=_DEFAULT.hold_days,
    show_default=True,
    help="Days an alert keeps firing when no newer run arrives.",
)
@click.option(
    "--keep-firing",
    "keep_firing_hours",
    type=click.IntRange(0, 720),
    default=_DEFAULT.keep_firing_hours,
    show_default=True,
    help="Hours an alert on a budget keeps firing when the test is within budget again; needs Prometheus 2.42.",
)
@click.option(
    "--interval",
    "interval_seconds",
    type=click.IntRange(1, 120),
    default=_DEFAULT.interval_seconds,
    show_default=True,
    help="Seconds between two evaluations of the rules.",
)
@click.option(
    "--prefix",
    default=_DEFAULT.prefix,
    show_default=True,
    callback=_fits(NAME, "the beginning of a metric's name, for example acme_paceline_"),
    help="Prefix of the names of metrics.",
)
@click.option(
    "--match",
    default=_DEFAULT.match,
    show_default=True,
    callback=_matchers,
    help="PromQL label matchers of the runs that are judged.",
)
@click.option(
    "--by",
    multiple=True,
    metavar="LABEL",
    callback=_fits(LABEL, "the name of a label of yours, for example python"),
    help="Label of your own that separates suites; repeatable (default: none).",
)
@click.option(
    "--dashboards",
    default=_DEFAULT.dashboards,
    show_default=True,
    callback=_fits(ADDRESS, "an address, for example https://grafana.example.org"),
    help="Address of Grafana, for the links in alerts.",
)
@click.option(
    "--runbooks",
    default=_DEFAULT.runbooks,
    show_default=True,
    callback=_fits(PLACE, "an address or a path, for example https://wiki.example.org/runbooks"),
    help="Address or path of the runbooks, for the links in alerts.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["files", "prometheusrule"]),
    default="files",
    show_default=True,
    help="Files for Prometheus and Alertmanager, or only the rules, for the Prometheus Operator in Kubernetes.",
)
@click.option("--force", is_flag=True, help="Replace rule files that differ from the new ones.")
@click.option(
    "--force-configuration", is_flag=True, help="With --force, replace prometheus.yml and alertmanager.yml too."
)
def rules(folder: Path, form: str, *, force: bool, force_configuration: bool, **settings: object) -> None:
    """
    Write rules, alerts and configuration for Prometheus.

    The files are written into FOLDER, with the configuration of Alertmanager. You may edit prometheus.yml and
    alertmanager.yml: existing files are kept.

    \b
      paceline rules monitoring
      paceline rules monitoring --match 'branch=~"main|release-.*"' --by python --window 30
      paceline rules kubernetes --format prometheusrule --force
    """
    rendered = render(Options(**settings))  # type: ignore[arg-type]
    written = prometheus_rules(rendered) if form == "prometheusrule" else rendered
    kept = {path for path in _YOURS & written.keys() if (folder / path).is_file() and not force_configuration}
    texts = {path: text for path, text in written.items() if path not in kept}
    with clear_errors():
        write_files(folder, texts, force=force)
    click.echo(f"wrote {formatting.counted(len(texts), 'file')} to {folder}")
    for path in sorted(kept):
        click.echo(f"kept {folder / path}; --force --force-configuration replaces it")
