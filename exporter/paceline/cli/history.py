"""
`paceline history`: the runs that are kept.
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from paceline import formatting
from paceline.analysis.past import PastRun
from paceline.cli.options.click_kinds import Number
from paceline.cli.options.project import (
    clear_errors,
    find_default_branch,
    load_project,
    results_option,
    suite_of,
)
from paceline.cli.options.terminal import terminal_width, warn
from paceline.cli.report import find_run
from paceline.errors import PacelineError
from paceline.history.importers import read_runs
from paceline.model import Case
from paceline.report.table import Column, table
from paceline.usage import UsageKey

_DAY = 24 * 3600.0
_RUN_COLUMNS = (
    Column("run"),
    Column("ended (UTC)"),
    Column("suite", 4),
    Column("branch", 1, is_name=True),
    Column("commit", 3),
    Column("outcome"),
    Column("tests"),
    Column("verdicts", 2),
    Column("took"),
)
_CASE_COLUMNS = (
    Column("test", is_name=True),
    Column("type", 4),
    Column("outcome", 1),
    Column("time"),
    Column("normalised", 3),
    Column("CPU"),
    Column("CPU wait", 5),
    Column("memory peak", 2),
    Column("retained", 6),
)


@click.group()
def history() -> None:
    """
    List, show, prune and import runs.
    """


@history.command("list")
@click.option("--suite", metavar="NAME", help="Suite whose runs are listed (default: all suites).")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Number of latest runs to list.")
@results_option
def list_runs(suite: str | None, limit: int, results: Path | None) -> None:
    """
    List runs, the latest first.
    """
    with clear_errors():
        _, archive = load_project(results)
        rows = archive.ledger.summaries(suite, limit)
    if not rows:
        click.echo("No runs yet. `pytest --paceline` makes one.")
        return
    click.echo(table(_RUN_COLUMNS, [_run_row(*row) for row in rows], terminal_width()))


@history.command("show")
@click.argument("run")
@results_option
def show_run(run: str, results: Path | None) -> None:
    """
    Show each test of a run.

    RUN is an id, the beginning of an id, or the file of a run.
    """
    with clear_errors():
        _, archive = load_project(results)
        found = find_run(archive, run)
    commit = formatting.of_commit(found.commit, dirty=found.dirty)
    click.echo(f"{found.run_id}: {found.suite} on {found.branch}{commit}, {_moment(found.ended)} UTC, {found.outcome}")
    ordered = sorted(found.cases, key=lambda case: -(case.duration_seconds or 0.0))
    click.echo(table(_CASE_COLUMNS, list(map(_case_row, ordered)), terminal_width()))


@history.command()
@click.option(
    "--older-than",
    "days",
    metavar="DAYS",
    type=Number(0),
    help="Remove runs that ended more than this many days ago (default: no limit).",
)
@click.option(
    "--keep", type=click.IntRange(0), help="Number of latest runs to keep of each suite and branch (default: no limit)."
)
@click.option("--dry-run", is_flag=True, help="Print the number of runs, and remove none.")
@results_option
def prune(days: float | None, keep: int | None, results: Path | None, *, dry_run: bool) -> None:
    """
    Remove old runs from history, trends and results folder.
    """
    if days is None and keep is None:
        raise click.UsageError("expected --older-than DAYS or --keep N")
    before = time.time() - days * _DAY if days is not None else 0.0
    with clear_errors():
        config, archive = load_project(results)
        forgotten = archive.prune(before=before, keep=keep, dry_run=dry_run)
        if forgotten and not dry_run:
            archive.renew_trends(config.rules, find_default_branch(config))
    click.echo(f"{'would remove' if dry_run else 'removed'} {formatting.counted(len(forgotten), 'run')}")


@history.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--suite", metavar="NAME", help="Suite of the imported runs (default: the suite of this project).")
@click.option(
    "--branch", default="", help="Branch of the imported runs (default: as in the file, else the default branch)."
)
@results_option
def import_runs(files: tuple[Path, ...], suite: str | None, branch: str, results: Path | None) -> None:
    """
    Add runs from JUnit XML, pytest-benchmark or Paceline.

    FILES are JUnit XML, JSON of pytest-benchmark, or run documents of Paceline. A file that was imported before adds
    no run. JUnit's times include setup and teardown, so tests look slower than they are: such runs may hide a
    regression, but never cause a false one.
    """
    with clear_errors():
        config, archive = load_project(results)
        suite, default_branch = suite or suite_of(config), find_default_branch(config)
        archive.folder.prepare()
    added = known = failed = 0
    with click.progressbar(files, label="importing", file=sys.stderr) as bar:
        for path in bar:
            try:
                runs = read_runs(path, suite, branch, config.type_of_path, default_branch)
                new = sum(archive.take_in(run, config.rules) for run in runs)
                added, known = added + new, known + len(runs) - new
            except PacelineError as error:
                failed += 1
                warn(str(error))
    click.echo(f"added {formatting.counted(added, 'run')}" + (f"; {known:,} known already" if known else ""))
    if failed:
        raise click.ClickException(f"{formatting.counted(failed, 'file')} could not be imported")


def _run_row(suite: str, outcome: str, run: PastRun) -> list[str]:
    return [
        run.run_id,
        _moment(run.ended),
        suite,
        run.branch,
        formatting.short_commit(run.commit) + ("*" if run.dirty else ""),
        outcome,
        f"{run.cases}{' (partial)' if run.is_partial else ''}",
        str(run.verdicts),
        formatting.duration(run.duration_seconds),
    ]


def _case_row(case: Case) -> list[str]:
    seconds = [case.duration_seconds, case.normalized_duration_seconds]
    seconds += [case.usage.get(UsageKey.CPU_SECONDS), case.usage.get(UsageKey.CPU_WAIT_SECONDS)]
    sizes = [case.usage.get(UsageKey.MEMORY_PEAK_BYTES), case.usage.get(UsageKey.MEMORY_RETAINED_BYTES)]
    return [
        case.id,
        case.test_type,
        case.outcome.value,
        *("" if value is None else formatting.duration(value) for value in seconds),
        *("" if value is None else formatting.size(value) for value in sizes),
    ]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
