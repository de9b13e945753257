"""
`paceline compare`: runs that are kept, side by side.
"""

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from paceline.ab.repository import Repository
from paceline.analysis.compare.compared_runs import Side
from paceline.analysis.compare.comparison import compare as compare_sides
from paceline.analysis.compare.outcome import ComparisonRule
from paceline.analysis.past import PastRun
from paceline.cli.options.comparison_options import Shown, comparison_options, conclude
from paceline.cli.options.project import clear_errors, load_project, results_option
from paceline.cli.options.terminal import warn
from paceline.errors import DocumentError, StorageError, TrialError
from paceline.formatting import counted, listed, short_commit
from paceline.history.archive import Archive
from paceline.history.results_folder import ResultsFolder, read_run
from paceline.model import Run

_SHORTEST_COMMIT = 4
_SHOWN = 5


@click.command()
@click.argument("base")
@click.argument("head")
@click.option(
    "--runs",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Number of latest runs of a branch or a commit to compare.",
)
@comparison_options
@results_option
@click.pass_context
def compare(context: click.Context, /, base: str, head: str, runs: int, results: Path | None, **shown: object) -> None:
    """
    Compare kept runs of BASE and HEAD test by test.

    BASE and HEAD are each a run (its id, the beginning of its id, or its file), several runs separated by commas, a
    folder or a pattern of files, a branch, or a commit (also as a tag or as HEAD~1). Partial runs of a branch or a
    commit are left out. Two runs on each side give an interval, one run on each side only a ratio.

    \b
      paceline compare main my-branch
      paceline compare 4f2c91a 01M82BR9 --fail-on-slower 1.2
      paceline compare "old/*.json" performance_results --format markdown
    """
    rule = ComparisonRule()
    with clear_errors():
        _, archive = load_project(results)
        sides = find_side(archive, base, runs), find_side(archive, head, runs)
        _check(*sides)
    comparison = compare_sides(*sides, rule)
    context.exit(conclude(comparison, rule, Shown(**shown)))  # type: ignore[arg-type]


def _check(base: Side, head: Side) -> None:
    shared = {run.run_id for run in base.runs} & {run.run_id for run in head.runs}
    if shared:
        raise StorageError(f"run {min(shared)} is on both sides, expected different runs")
    suites = [", ".join(sorted({run.suite for run in side.runs})) for side in (base, head)]
    if suites[0] != suites[1]:
        warn(f"the sides are of different suites: {suites[0]} and {suites[1]}")


def find_side(archive: Archive, wanted: str, latest: int) -> Side:
    """
    The runs that a name stands for.

    Args:
        archive: the runs that are kept.
        wanted: ids, beginnings of ids or files, separated by commas; a folder or a pattern of files; a branch; a
            commit or its beginning, a tag, or an expression such as HEAD~1.
        latest: number of latest runs of a branch or a commit.

    Raises:
        StorageError: the name matches no run, or both a run and something else.
        DocumentError: a file is not a run document.
    """
    parts = [part.strip() for part in wanted.split(",") if part.strip()]
    if not parts:
        raise StorageError("a side is empty, expected a run, a file, a branch or a commit")
    runs = {run.run_id: run for part in parts for run in _find_runs(archive, part, latest)}
    return Side(name=wanted, runs=tuple(sorted(runs.values(), key=lambda run: run.ended)))


def _find_runs(archive: Archive, wanted: str, latest: int) -> list[Run]:
    files = _files(wanted)
    if files:
        return [read_run(path) for path in files]
    known = [run for _, _, run in archive.ledger.summaries()]
    found = {kind: runs for kind, runs in _meanings(known, wanted).items() if runs}
    if not found:
        return _runs_of_revision(archive, known, wanted, latest)
    if len(found) > 1:
        meanings = " and ".join(f"{kind} ({counted(len(runs), 'run')})" for kind, runs in found.items())
        raise StorageError(f"{wanted!r} matches {meanings}; expected a whole id, or more characters of the commit")
    ((kind, runs),) = found.items()
    if kind == "a run" and len(runs) > 1:
        some = listed([run.run_id for run in runs], _SHOWN)
        raise StorageError(f"{wanted!r} is the beginning of several ids: {some}")
    return [_read(archive, run.run_id) for run in runs[:latest]]


def _runs_of_revision(archive: Archive, known: Sequence[PastRun], wanted: str, latest: int) -> list[Run]:
    """
    The runs of what only git knows by that name: a tag, or an expression such as HEAD~1.
    """
    try:
        commit = Repository.around(Path.cwd()).version(wanted).commit
    except TrialError:
        raise StorageError(_nothing(archive, known, wanted)) from None
    runs = _meanings(known, commit)["a commit"]
    if not runs:
        raise StorageError(
            f"{wanted!r} is commit {short_commit(commit)}, but no complete run of that commit without changes is kept"
        )
    return [_read(archive, run.run_id) for run in runs[:latest]]


def _meanings(known: Sequence[PastRun], wanted: str) -> Mapping[str, list[PastRun]]:
    """
    The runs, latest first, by what the name can mean; only what has no such name can be the beginning of one.
    """
    whole = [run for run in known if not run.is_partial and not run.is_wrecked]
    exact = {
        "a run": [run for run in known if run.run_id == wanted],
        "a branch": [run for run in whole if run.branch == wanted],
    }
    if any(exact.values()):
        return exact
    is_commit = len(wanted) >= _SHORTEST_COMMIT
    return {
        "a run": [run for run in known if run.run_id.startswith(wanted)],
        # What was changed beside a commit is not that commit.
        "a commit": [run for run in whole if is_commit and not run.dirty and run.commit.startswith(wanted)],
    }


def _nothing(archive: Archive, known: Sequence[PastRun], wanted: str) -> str:
    branches = listed(sorted({run.branch for run in known}), _SHOWN) or "none"
    return (
        f"{wanted!r} is not a file, a git revision, or a run, branch or commit in {archive.ledger.path}; "
        f"branches with runs: {branches}; `paceline history list` lists all runs"
    )


def _files(wanted: str) -> list[Path]:
    path = Path(wanted)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = list(ResultsFolder(path).documents()) or sorted(path.glob("*.json"))
        if not found:
            raise StorageError(f"{path} has no documents of runs, expected performance_*.json or performance_*.json.gz")
        return found
    if not glob.has_magic(wanted):
        return []
    found = sorted(map(Path, glob.glob(wanted, recursive=True)))  # noqa: PTH207 - the pattern may be absolute
    if not found:
        raise StorageError(f"no file matches {wanted!r}")
    return found


def _read(archive: Archive, run_id: str) -> Run:
    run = archive.ledger.run(run_id)
    if run is None:
        raise DocumentError(f"run {run_id} was removed from {archive.ledger.path}")
    return run
