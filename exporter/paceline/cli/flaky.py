"""
`paceline flaky`: the suite again and again, in random order.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import count

import click

from paceline.analysis.estimators import wilson
from paceline.cli.options.click_kinds import Number
from paceline.cli.options.project import clear_errors
from paceline.cli.options.terminal import terminal_width
from paceline.flaky.order_dependence import Dependence, dependence
from paceline.flaky.trial import Trial, run_trial
from paceline.formatting import counted
from paceline.report.table import Column, table
from paceline.unpatched import UNPATCHED

_COLUMNS = (
    Column("failed", is_figure=True),
    Column("rate", is_figure=True),
    Column("95% interval", 1, is_figure=True),
    Column("seeds", 2),
    Column("test", is_name=True),
)
_SHOWN_SEEDS = 3
_RUNS = 50
# Each takes some runs of a part of the suite.
_MOST_EXPLAINED = 5
_FOUND = 1


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--runs", type=click.IntRange(1), help="Number of runs (default: 50, or as many as --seconds allows).")
@click.option(
    "--seconds",
    type=Number(0, min_open=True),
    help="Seconds after which no further run begins (default: no limit).",
)
@click.option("--until-failure", is_flag=True, help="Stop at the first run in which a test fails.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of the first run.")
@click.pass_context
def flaky(
    context: click.Context,
    /,
    arguments: tuple[str, ...],
    runs: int | None,
    seconds: float | None,
    until_failure: bool,
    seed: int,
) -> None:
    """
    Run tests in random order many times to find flaky ones.

    Each run has a seed for the order of the tests and for hashes. A test that failed in some orders is run alone and
    after the tests before it, until the test that makes it fail is found. Exit code 1: a test failed.

    \b
      paceline flaky
      paceline flaky tests/unit --runs 20
      paceline flaky tests/unit -k cart --until-failure --seconds 300
    """
    most = runs or (_RUNS if seconds is None else None)
    seeds = count(seed) if most is None else range(seed, seed + most)
    with clear_errors():
        trials = _trials(arguments, seeds, seconds, until_failure=until_failure)
        if not any(trial.failed for trial in trials):
            click.echo(f"no test failed in {counted(len(trials), 'run')}")
            return
        click.echo(_failures(trials))
        for found in _explained(arguments, trials):
            click.echo(f"\n{_sentence(found)}")
    context.exit(_FOUND)


def _trials(
    arguments: Sequence[str], seeds: Iterable[int], seconds: float | None, *, until_failure: bool
) -> list[Trial]:
    started, trials = UNPATCHED.monotonic(), list[Trial]()
    of_all = f" of {len(seeds)}" if isinstance(seeds, range) else ""
    with suppress(KeyboardInterrupt):
        for seed in seeds:
            trials.append(run_trial(arguments, seed=seed))
            failing = sum(bool(trial.failed) for trial in trials)
            click.echo(f"run {len(trials)}{of_all}, seed {seed}: {counted(failing, 'run')} failed so far", err=True)
            is_over = seconds is not None and UNPATCHED.monotonic() - started > seconds
            if is_over or (until_failure and failing):
                break
    return trials


def _failures(trials: Sequence[Trial]) -> str:
    rows = []
    for test in sorted({test for trial in trials for test in trial.failed}):
        ran = [trial for trial in trials if test in trial.order]
        failed = [trial for trial in ran if test in trial.failed]
        rate = wilson(len(failed), len(ran))
        seeds = ", ".join(str(trial.seed) for trial in failed[:_SHOWN_SEEDS])
        rows.append(
            (
                f"{len(failed)} of {len(ran)}",
                f"{len(failed) / len(ran):.0%}",
                f"{rate.low:.0%} to {rate.high:.0%}",
                seeds,
                test,
            )
        )
    return table(_COLUMNS, rows, terminal_width())


def _explained(arguments: Sequence[str], trials: Sequence[Trial]) -> list[Dependence]:
    found = []
    with suppress(KeyboardInterrupt):
        for test in sorted({test for trial in trials for test in trial.failed})[:_MOST_EXPLAINED]:
            failing = next(trial for trial in trials if test in trial.failed)
            before = failing.order[: failing.order.index(test)]

            def fails(order: Sequence[str]) -> bool:
                return order[-1] in run_trial(arguments, order=order).failed

            found.append(dependence(test, before, fails))
    return found


def _sentence(found: Dependence) -> str:
    if not found.polluters:
        return f"{found.victim}: {found.reason}"
    names = " and ".join(found.polluters)
    return f"{found.victim} fails after {names}:\n  {found.command}"
