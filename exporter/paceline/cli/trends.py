"""
`paceline trends`: the bounded summary, test by test.
"""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import click
from msgspec import json

from paceline import formatting
from paceline.analysis.summary import SuiteSummary, Summary
from paceline.cli.options.output_format import format_option
from paceline.cli.options.project import clear_errors, load_project, results_option, suite_of
from paceline.cli.options.terminal import terminal_width
from paceline.errors import StorageError
from paceline.history.trends_file import read_trends
from paceline.report.table import Column, table

_SORTED: Mapping[str, Callable[[Summary], float]] = {
    "slope": lambda one: -one.slope,
    "week": lambda one: -(one.weekly or 0.0),
    "latest": lambda one: -one.latest,
    "p50": lambda one: -one.p50,
    "p95": lambda one: -one.p95,
    "p99": lambda one: -one.p99,
}
_COLUMNS = (
    Column("normalised times", is_name=True),
    Column("runs", 2, is_figure=True),
    Column("latest", is_figure=True),
    Column("p50", is_figure=True),
    Column("p95", 1, is_figure=True),
    Column("p99", 4, is_figure=True),
    Column("slope a run", is_figure=True),
    Column("95% interval", 5, is_figure=True),
    Column("a week", 3, is_figure=True),
)


@click.command()
@click.argument("pattern", required=False)
@click.option(
    "--sort",
    "key",
    type=click.Choice(list(_SORTED)),
    default="slope",
    show_default=True,
    help="Column to sort by, the greatest first; week is the change in a week.",
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Number of tests to print.")
@click.option("--suite", metavar="NAME", help="Name of the suite (default: the suite of this project).")
@format_option("text", "json")
@results_option
def trends(pattern: str | None, key: str, limit: int, suite: str | None, form: str, results: Path | None) -> None:
    """
    Print how long tests take, and their trend.

    PATTERN selects tests by their id. The times of tests are normalised times of the call phase, as in judgement; the
    times of the whole suite are by the clock. The slope is per run, with its 95% interval if it is significant. The
    change in a week is in percent of the median, and needs runs of at least two days.

    \b
      paceline trends
      paceline trends "*cart*" --sort p95
    """
    with clear_errors():
        config, archive = load_project(results)
        summary = _suite(read_trends(archive.folder.trends), suite or suite_of(config))
    shown = {name: one for name, one in summary.tests.items() if _fits(name, pattern)}
    ordered = dict(sorted(shown.items(), key=lambda item: _SORTED[key](item[1]))[:limit])
    if form == "json":
        click.echo(json.format(json.encode(ordered), indent=2).decode())
        return
    if not shown and pattern is not None:
        raise click.ClickException(f"no test matches {pattern!r}; `paceline trends` shows all")
    click.echo(_table(summary, ordered))
    if len(shown) > len(ordered):
        click.echo(f"… and {len(shown) - len(ordered)} more; --limit shows more")


def _suite(suites: Mapping[str, SuiteSummary], name: str) -> SuiteSummary:
    if name in suites:
        return suites[name]
    if len(suites) == 1:
        return next(iter(suites.values()))
    known = ", ".join(sorted(suites)) or "none"
    raise StorageError(f"no trends of the suite {name!r}, expected one of: {known}")


def _fits(name: str, pattern: str | None) -> bool:
    return pattern is None or pattern in name or fnmatchcase(name, pattern)


def _table(suite: SuiteSummary, tests: Mapping[str, Summary]) -> str:
    rows = [
        *([_row("the whole suite, by the clock", suite.duration_seconds)] if suite.duration_seconds else []),
        *(_row(name, one) for name, one in tests.items()),
    ]
    return table(_COLUMNS, rows, terminal_width())


def _row(name: str, one: Summary) -> list[str]:
    times = [formatting.duration(value) for value in (one.latest, one.p50, one.p95, one.p99)]
    share = f" ({one.slope / one.p50:+.1%})" if one.p50 else ""
    weekly = f"{one.weekly:+.1%}" if one.weekly is not None else ""
    return [name, str(one.runs), *times, f"{formatting.signed(one.slope)}{share}", _interval(one), weekly]


def _interval(one: Summary) -> str:
    if one.slope_low is None or one.slope_high is None:
        return ""
    return f"{formatting.signed(one.slope_low)} to {formatting.signed(one.slope_high)}"
