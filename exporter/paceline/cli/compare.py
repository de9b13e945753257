"""
`paceline compare`: runs that are kept, side by side.
"""

from pathlib import Path

import click

from paceline.analysis.compare.compared_runs import Side
from paceline.analysis.compare.comparison import compare as compare_sides
from paceline.analysis.compare.outcome import ComparisonRule
from paceline.cli.options.comparison_options import Shown, comparison_options, conclude
from paceline.cli.options.project import clear_errors, load_project, results_option, warn
from paceline.cli.options.revisions import find_side
from paceline.errors import StorageError


@click.command()
@click.argument("base")
@click.argument("head")
@click.option(
    "--runs",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Number of latest runs to take of a branch or a commit.",
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
