"""
`paceline work`: counted calls over runs, and between two sides.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import click
from msgspec import json

from paceline.analysis.compare.work_changes import WorkChanges, work_changes
from paceline.cli.compare import find_side
from paceline.cli.options.output_format import format_option
from paceline.cli.options.project import clear_errors, load_project, results_option, suite_of
from paceline.cli.options.terminal import terminal_width
from paceline.errors import StorageError
from paceline.formatting import moment, short_commit
from paceline.history.archive import Archive
from paceline.model import Run
from paceline.report.table import Column, table
from paceline.report.work_report import markdown_table, work_markdown, work_text
from paceline.usage import UsageKey
from paceline.values import Value

# The latest run that counted is looked for in this many latest runs of a branch or a commit.
_LATEST = 20
_COLUMNS = (
    Column("ended", 1),
    Column("run", 2),
    Column("commit", 3),
    Column("calls", is_figure=True),
    Column("tests", 4, is_figure=True),
    Column("name", is_name=True),
)


class CountedRow(Value, frozen=True, kw_only=True, omit_defaults=False):
    """
    The calls of a test, or of a function in all tests, in a run.
    """

    name: str
    run_id: str
    ended: float
    commit: str
    calls: int
    tests: int


@click.group()
def work() -> None:
    """
    Show how often functions of the project were called.

    Runs with `pytest --paceline --paceline-work all` (or rotate) count calls.

    \b
      paceline work diff main my-branch
      paceline work history "*:Schema.load"
    """


@work.command()
@click.argument("base")
@click.argument("head")
@format_option("text", "markdown", "json")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Number of functions to print.")
@results_option
def diff(base: str, head: str, form: str, limit: int, results: Path | None) -> None:
    """
    Print the functions that HEAD calls more or less often.

    BASE and HEAD are each a run, a branch or a commit, as in `paceline compare`. Of a branch or a commit, the latest
    run that counted is used.
    """
    with clear_errors():
        config, archive = load_project(results)
        sides = [_latest_counted(archive, name) for name in (base, head)]
        changes = work_changes((base, head), sides[:1], sides[1:], config.rules.work)
    if form == "json":
        click.echo(json.format(json.encode(changes), indent=2).decode())
    else:
        click.echo(_written(changes, form, limit), nl=False)


@work.command()
@click.argument("pattern")
@click.option("--runs", type=click.IntRange(1), default=20, show_default=True, help="Number of latest runs to look at.")
@format_option("text", "markdown", "json")
@results_option
def history(pattern: str, runs: int, form: str, results: Path | None) -> None:
    """
    Print the calls of tests or functions in the latest runs.

    PATTERN selects tests by their id and functions by their name (module:qualname), as in a shell.
    """
    with clear_errors():
        config, archive = load_project(results)
        rows = [row for run in _counted_runs(archive, suite_of(config), runs) for row in _rows(run, pattern)]
    if form == "json":
        click.echo(json.format(json.encode(rows), indent=2).decode())
        return
    if not rows:
        raise click.ClickException(f"no test or function that was counted matches {pattern!r}")
    rows.sort(key=lambda row: (row.name, row.ended))
    cells = [_cells(row) for row in rows]
    click.echo(markdown_table(_COLUMNS, cells) if form == "markdown" else table(_COLUMNS, cells, terminal_width()))


def _written(changes: WorkChanges, form: str, limit: int) -> str:
    if form == "markdown":
        return work_markdown(changes, limit=limit)
    return work_text(changes, limit=limit, width=terminal_width())


def _latest_counted(archive: Archive, name: str) -> Run:
    counted = [run for run in find_side(archive, name, _LATEST).runs if any(case.is_counted for case in run.cases)]
    if not counted:
        raise StorageError(f"{name}: no run counted calls; run `pytest --paceline --paceline-work all`")
    return max(counted, key=lambda run: run.ended)


def _counted_runs(archive: Archive, suite: str, limit: int) -> Iterator[Run]:
    for _, _, past in archive.ledger.summaries(suite, limit):
        run = archive.ledger.run(past.run_id)
        if run is not None and run.work is not None:
            yield run


def _rows(run: Run, pattern: str) -> Iterator[CountedRow]:
    vectors = run.work.vectors if run.work is not None else {}
    functions: dict[str, list[int]] = {}
    for case in run.cases:
        if not case.is_counted:
            continue
        if _fits(case.id, pattern):
            yield _row(run, case.id, [int(case.usage[UsageKey.CALLS])])
        for name, calls in vectors.get(int(case.usage[UsageKey.CALLS_FINGERPRINT]), {}).items():
            if _fits(name, pattern):
                functions.setdefault(name, []).append(calls)
    for name, of_tests in functions.items():
        yield _row(run, name, of_tests)


def _row(run: Run, name: str, calls: Sequence[int]) -> CountedRow:
    return CountedRow(
        name=name, run_id=run.run_id, ended=run.ended, commit=run.commit, calls=sum(calls), tests=len(calls)
    )


def _fits(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern.replace("[", "[[]"))


def _cells(row: CountedRow) -> Sequence[str]:
    return moment(row.ended), row.run_id, short_commit(row.commit), f"{row.calls:,}", f"{row.tests:,}", row.name
