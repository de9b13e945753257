"""
`paceline ab`: two versions run in turn on this machine.
"""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from paceline.ab.pytest_run import Tree
from paceline.ab.repository import Repository
from paceline.ab.rounds import TrialPlan, both_trees, prepare, run_rounds
from paceline.ab.work_runs import counted_changes, with_loops
from paceline.analysis.compare.comparison import Comparison
from paceline.analysis.compare.comparison import compare as compare_sides
from paceline.analysis.compare.outcome import ComparisonRule
from paceline.analysis.compare.work_changes import WorkChanges
from paceline.cli.options.click_kinds import PYTEST_ARGUMENTS, Number, PassingOn
from paceline.cli.options.comparison_options import EXIT_SLOWER, Shown, comparison_options, conclude, show_work
from paceline.cli.options.project import clear_errors
from paceline.cli.options.terminal import warn
from paceline.errors import TrialError
from paceline.model import Run


@click.command(cls=PassingOn, options_metavar="[OPTIONS]", epilog="Arguments after -- are passed to pytest unchanged.")
@click.option("--base", metavar="REF", required=True, help="Branch, tag or commit to compare with.")
@click.option(
    "--head", metavar="REF", help="Branch, tag or commit to look at (default: the work tree with all its changes)."
)
@click.option(
    "--rounds", type=click.IntRange(1), default=10, show_default=True, help="Number of pytest runs of each side."
)
@click.option(
    "--setup",
    metavar="CMD",
    default="",
    help="Shell command that builds or installs in each work tree before the rounds (default: none).",
)
@click.option(
    "--max-seconds",
    metavar="S",
    type=Number(0, min_open=True),
    help="Seconds after which no further round begins (default: no limit).",
)
@click.option("--work-only", is_flag=True, help="Count calls in one run of each side, and time no rounds.")
@click.option(
    "--fail-on-work", is_flag=True, help="Exit with 10 if a function of the project runs more often (default: never)."
)
@comparison_options
@click.pass_context
def ab(
    context: click.Context,
    /,
    base: str,
    head: str | None,
    rounds: int,
    setup: str,
    max_seconds: float | None,
    work_only: bool,
    fail_on_work: bool,
    **options: object,
) -> None:
    """
    Run two commits in turn on this machine and compare them.

    Both commits are checked out into temporary git work trees, which are removed at the end; your own work tree and
    its index do not change. Each round runs pytest once on each side; the first round does not count. If --max-seconds
    ends the rounds, only complete rounds are compared.

    \b
      paceline ab --base main
      paceline ab --base main --rounds 20 -- tests/unit -k cart
      paceline ab --base v1.2 --head v1.3 --setup "make build" --fail-on-slower 1.2
      paceline ab --base main --work-only --fail-on-work
    """
    plan = TrialPlan(
        arguments=tuple(context.meta[PYTEST_ARGUMENTS]), rounds=rounds, max_seconds=max_seconds, setup=setup
    )
    rule, shown = ComparisonRule(), Shown(**options)  # type: ignore[arg-type]
    with clear_errors(), _ended_cleanly():
        comparison, work = _compare(base, head, plan, rule, work_only=work_only)
    code = conclude(comparison, rule, shown, work) if comparison is not None else 0
    if comparison is None and work is not None:
        show_work(work, shown)
    context.exit(EXIT_SLOWER if fail_on_work and work is not None and work.grown else code)


def _compare(
    base: str, head: str | None, plan: TrialPlan, rule: ComparisonRule, *, work_only: bool
) -> tuple[Comparison | None, WorkChanges | None]:
    repository = Repository.around(Path.cwd())
    versions = [
        repository.version(base),
        repository.version(head) if head is not None else repository.work_tree_version(),
    ]
    warnings: list[str] = []
    try:
        with both_trees(repository, versions, Path.cwd()) as trees:
            if work_only:
                prepare(trees, plan)
                return None, counted_changes(trees, plan.arguments)
            with click.progressbar(length=plan.rounds + 1, label="rounds", file=sys.stderr) as bar:
                sides, counted_runs = run_rounds(trees, plan, warnings.append, lambda: bar.update(1))
            comparison = compare_sides(*sides, rule, is_paired=True)
            work = _work_beside(trees, plan, counted_runs, comparison, warnings.append)
    finally:
        # Beside a progress bar nothing can be said.
        for warning in warnings:
            warn(warning)
    return comparison, work


def _work_beside(
    trees: Sequence[Tree],
    plan: TrialPlan,
    runs: Sequence[Run],
    comparison: Comparison,
    warn_later: Callable[[str], None],
) -> WorkChanges | None:
    """
    The functions whose work changed; None where no calls were counted, which ends no comparison of times.
    """
    work = None
    try:
        work = counted_changes(trees, plan.arguments, runs)
        return with_loops(work, comparison, trees, plan.arguments)
    except TrialError as error:
        warn_later(str(error))
        return work


@contextmanager
def _ended_cleanly() -> Iterator[None]:
    """
    Leave by the way that removes the work trees where somebody ends this process.
    """
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
