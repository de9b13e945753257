"""
What `compare` and `ab` have in common: options, output, exit code.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import click
from msgspec import Struct, json, structs

from paceline.analysis.compare.comparison import Comparison
from paceline.analysis.compare.outcome import Change, Compared, ComparisonRule
from paceline.analysis.compare.work_changes import WorkChanges
from paceline.cli.options.click_kinds import Number
from paceline.cli.options.terminal import terminal_width, warn
from paceline.formatting import counted
from paceline.report.comparison_report import SORTED, markdown, text
from paceline.report.work_report import work_markdown, work_text

EXIT_SLOWER = 10
_F = TypeVar("_F", bound=Callable[..., object])


class Shown(Struct, frozen=True, kw_only=True):
    """
    How a comparison is shown, and what ends with exit code 10.
    """

    form: str
    sort: str
    limit: int
    fail_on_slower: float | None


def comparison_options(command: _F) -> _F:
    """
    The options that say how a comparison is shown and judged.
    """
    options: Sequence[Callable[[_F], _F]] = (
        click.option(
            "--format",
            "form",
            type=click.Choice(("text", "markdown", "json")),
            default="text",
            show_default=True,
            help="Format of the comparison.",
        ),
        click.option(
            "--sort",
            type=click.Choice(list(SORTED)),
            default="change",
            show_default=True,
            help="Order of the tests: by change, by ratio, by added or saved time, or by name.",
        ),
        click.option(
            "--limit", type=click.IntRange(1), default=20, show_default=True, help="Number of tests to print."
        ),
        click.option(
            "--fail-on-slower",
            metavar="RATIO",
            type=Number(1, min_open=True),
            help="Exit with 10 if a test is slower and takes at least RATIO times as long (default: never).",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def conclude(comparison: Comparison, rule: ComparisonRule, shown: Shown, work: WorkChanges | None = None) -> int:
    """
    Print a comparison, and below it the functions whose work changed, where calls were counted.

    Returns:
        The exit code.
    """
    if shown.form == "json":
        whole = {**structs.asdict(comparison), **({"work": work} if work is not None else {})}
        click.echo(json.format(json.encode(whole), indent=2).decode())
    else:
        click.echo(_written(comparison, rule, shown), nl=False)
        if work is not None:
            click.echo()
            show_work(work, shown)
    return 0 if shown.fail_on_slower is None else _gate(comparison.tests, shown.fail_on_slower)


def show_work(work: WorkChanges, shown: Shown) -> None:
    """
    Print the functions whose work changed.
    """
    if shown.form == "json":
        click.echo(json.format(json.encode(work), indent=2).decode())
    elif shown.form == "markdown":
        click.echo(work_markdown(work, limit=shown.limit), nl=False)
    else:
        click.echo(work_text(work, limit=shown.limit, width=terminal_width()), nl=False)


def _written(comparison: Comparison, rule: ComparisonRule, shown: Shown) -> str:
    if shown.form == "markdown":
        return markdown(comparison, rule, sort=shown.sort, limit=shown.limit)
    return text(comparison, rule, sort=shown.sort, limit=shown.limit, width=terminal_width())


def _gate(tests: Sequence[Compared], ratio: float) -> int:
    slower = [test for test in tests if test.change is Change.SLOWER and test.ratio >= ratio]
    if slower:
        warn(f"{counted(len(slower), 'test takes', 'tests take')} at least {ratio:g} times as long (--fail-on-slower)")
        return EXIT_SLOWER
    if all(test.change in {Change.UNKNOWN, Change.FAILED} for test in tests):
        warn("--fail-on-slower had nothing to judge: no test has enough runs on both sides")
    return 0
