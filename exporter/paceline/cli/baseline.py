"""
`paceline baseline`: what tests are judged against where that is not simply their latest past.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from msgspec.structs import replace

from paceline import formatting
from paceline.analysis.baselines import Baseline, Baselines, fits
from paceline.analysis.ignored_queries import tolerated
from paceline.cli.options.project import clear_errors, find_root, load_project, results_option
from paceline.cli.options.terminal import terminal_width
from paceline.cli.report import find_run
from paceline.errors import StorageError
from paceline.history.baseline_file import read_baselines, write_baselines
from paceline.model import Run
from paceline.report.table import Column, table

_EVERY = "*"
_COLUMNS = (
    Column(""),
    Column("suite", 3),
    Column("tests", is_name=True),
    Column("since (UTC)", 1),
    Column("run", 2),
    Column("commit", 4),
    Column("note"),
)
_note_option = click.option("--note", default="", help="Reason, written into the file (default: none).")


@click.group()
def baseline() -> None:
    """
    Pin a run, accept a slowdown, or tolerate repeated queries.

    Baselines are kept in paceline_baselines.json. Commit that file with the code, so that it is reviewed.

    \b
      paceline baseline pin --note "release 2.0"
      paceline baseline accept tests/test_cart.py::test_total --note "checks stock now"
      paceline baseline queries --note "legacy code"
    """


@baseline.command()
@click.argument("run", required=False)
@click.option("--tests", metavar="PATTERN", default=_EVERY, help="Tests to pin, a pattern (default: all tests).")
@_note_option
@results_option
def pin(run: str | None, tests: str, note: str, results: Path | None) -> None:
    """
    Judge tests against the window that ends with a run.

    RUN is an id, the beginning of an id, or the file of a run (default: the last run). Slow growth after that run does
    not move the baseline. A pattern is a test id, a test id without its parameters, a file, or a text with * and ?.
    """
    with clear_errors():
        path, found = _find(run, results)
        one = _baseline(found, tests, note)
        known = read_baselines(path)
        write_baselines(path, replace(known, pinned=_with(known.pinned, [one])))
    click.echo(f"pinned {one.run_id} for {tests} in {path.name}; commit that file")


@baseline.command()
@click.argument("tests", metavar="PATTERN...", nargs=-1, required=True)
@click.option(
    "--run",
    metavar="RUN",
    help="First run whose durations are usual: id, beginning of an id, or file (default: the last run).",
)
@_note_option
@results_option
def accept(tests: tuple[str, ...], run: str | None, note: str, results: Path | None) -> None:
    """
    Accept the durations of tests in a run as usual.

    For these tests, runs before that run no longer count. Until there are enough newer runs, only budgets judge these
    tests.
    """
    with clear_errors():
        path, found = _find(run, results)
        accepted = [_baseline(found, pattern, note) for pattern in tests]
        known = read_baselines(path)
        write_baselines(path, replace(known, accepted=_with(known.accepted, accepted)))
    count = sum(any(fits(pattern, case.id) for pattern in tests) for case in found.cases)
    click.echo(f"accepted {formatting.counted(count, 'test')} as of {found.run_id} in {path.name}; commit that file")


@baseline.command()
@click.argument("run", required=False)
@click.option("--note", metavar="REASON", help="Reason, written into the file (default: the id of the run).")
@results_option
def queries(run: str | None, note: str | None, results: Path | None) -> None:
    """
    Tolerate the repeated queries (N+1) of a run.

    RUN is an id, the beginning of an id, or the file of a run (default: the last run). A statement is tolerated
    anywhere in the file that sends it. The report names entries that match no query of a whole run.
    """
    with clear_errors():
        path, found = _find(run, results)
        known = read_baselines(path)
        new = tolerated(found.cases, note or f"in run {found.run_id}")
        write_baselines(path, replace(known, repeated_queries=(*known.repeated_queries, *new)))
    click.echo(
        f"tolerated {formatting.counted(len(new), 'repeated query', 'repeated queries')} of {found.run_id} in "
        f"{path.name}; commit that file"
    )


@baseline.command("list")
def list_baselines() -> None:
    """
    List all baselines.
    """
    with clear_errors():
        known = read_baselines(_path())
    rows = [_row("pinned", one) for one in known.pinned] + [_row("accepted", one) for one in known.accepted]
    rows += [
        ["tolerated", "", one.place, "", "", "", f"{one.statement}: {one.reason}"] for one in known.repeated_queries
    ]
    if not rows:
        click.echo("No baselines: tests are judged against their latest runs.")
        return
    click.echo(table(_COLUMNS, rows, terminal_width()))


@baseline.command()
@click.argument("tests", metavar="[PATTERN]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Remove all baselines.")
def clear(tests: tuple[str, ...], *, everything: bool) -> None:
    """
    Remove the baselines that match a PATTERN.

    A baseline matches if it was made with this pattern, or for a test that matches the pattern. Tolerated queries match
    by their file.
    """
    if not tests and not everything:
        raise click.UsageError("expected PATTERN or --all")
    with clear_errors():
        path = _path()
        known = read_baselines(path)

        def is_left(name: str) -> bool:
            return not everything and not any(fits(pattern, name) for pattern in tests)

        left = Baselines(
            pinned=tuple(one for one in known.pinned if is_left(one.tests)),
            accepted=tuple(one for one in known.accepted if is_left(one.tests)),
            repeated_queries=tuple(one for one in known.repeated_queries if is_left(one.file)),
        )
        write_baselines(path, left)
    removed = _count(known) - _count(left)
    if not removed and tests:
        raise click.ClickException(
            f"no baseline matches {', '.join(map(repr, tests))}; `paceline baseline list` shows all"
        )
    click.echo(f"removed {formatting.counted(removed, 'baseline')}")


def _path() -> Path:
    config, _ = load_project(None)
    return find_root(Path.cwd()) / config.baselines


def _find(wanted: str | None, results: Path | None) -> tuple[Path, Run]:
    config, archive = load_project(results)
    return find_root(Path.cwd()) / config.baselines, find_run(archive, wanted)


def _baseline(run: Run, tests: str, note: str) -> Baseline:
    if not any(fits(tests, case.id) for case in run.cases):
        raise StorageError(
            f"run {run.run_id} has no test that matches {tests!r}; `paceline history show` lists its tests"
        )
    ended = datetime.fromtimestamp(round(run.ended, 3), UTC)
    return Baseline(suite=run.suite, tests=tests, run_id=run.run_id, ended=ended, commit=run.commit, note=note)


def _with(known: Sequence[Baseline], new: Sequence[Baseline]) -> tuple[Baseline, ...]:
    replaced = {(one.suite, one.tests) for one in new}
    return (*(one for one in known if (one.suite, one.tests) not in replaced), *new)


def _count(known: Baselines) -> int:
    return len(known.pinned) + len(known.accepted) + len(known.repeated_queries)


def _row(kind: str, one: Baseline) -> list[str]:
    moment = one.ended.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return [kind, one.suite, one.tests, moment, one.run_id, formatting.short_commit(one.commit), one.note]
