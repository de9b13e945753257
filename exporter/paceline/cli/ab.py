"""
`paceline ab`: two versions run in turn on this machine.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from paceline.ab.rounds import TrialPlan, both_trees, run_rounds
from paceline.ab.work_trees import Repository
from paceline.analysis.compare.comparison import Comparison
from paceline.analysis.compare.comparison import compare as compare_sides
from paceline.analysis.compare.outcome import ComparisonRule
from paceline.cli.options.click_kinds import PYTEST_ARGUMENTS, Number, PassingOn
from paceline.cli.options.comparison_options import Shown, comparison_options, conclude
from paceline.cli.options.project import clear_errors
from paceline.cli.options.terminal import warn


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
    **shown: object,
) -> None:
    """
    Run two commits in turn on this machine and compare them.

    Both commits are checked out into temporary git work trees, which are removed at the end; your own work tree and
    its index are only read. Each round runs pytest once on each side; a first round is not counted. Where --max-seconds
    ends the rounds, only complete rounds are compared.

    \b
      paceline ab --base main
      paceline ab --base main --rounds 20 -- tests/unit -k cart
      paceline ab --base v1.2 --head v1.3 --setup "make build" --fail-on-slower 1.2
    """
    plan = TrialPlan(
        arguments=tuple(context.meta[PYTEST_ARGUMENTS]), rounds=rounds, max_seconds=max_seconds, setup=setup
    )
    rule = ComparisonRule()
    with clear_errors(), _ended_cleanly():
        comparison = _compare(base, head, plan, rule)
    context.exit(conclude(comparison, rule, Shown(**shown)))  # type: ignore[arg-type]


def _compare(base: str, head: str | None, plan: TrialPlan, rule: ComparisonRule) -> Comparison:
    repository = Repository.around(Path.cwd())
    versions = [
        repository.version(base),
        repository.version(head) if head is not None else repository.work_tree_version(),
    ]
    warnings: list[str] = []
    try:
        with (
            both_trees(repository, versions, Path.cwd()) as trees,
            click.progressbar(length=plan.rounds + 1, label="rounds", file=sys.stderr) as bar,
        ):
            sides = run_rounds(trees, plan, warnings.append, lambda: bar.update(1))
    finally:
        # Beside a progress bar nothing can be said.
        for warning in warnings:
            warn(warning)
    return compare_sides(*sides, rule, is_paired=True)


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
