"""
`paceline demo-history`: a history to look at, without weeks of waiting.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from msgspec.structs import replace

from paceline import formatting
from paceline.cli.options.click_kinds import Number
from paceline.cli.options.project import clear_errors, load_project, results_option
from paceline.demo.runs import BRANCH, SUITE, TESTS, Demo


@click.command("demo-history")
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    help="Seed of the random numbers; the same seed and end give the same runs.",
)
@click.option("--until", type=click.DateTime(), help="End of the history, in UTC (default: now).")
@click.option("--days", type=Number(1, 400), default=30.0, show_default=True, help="Length of the history in days.")
@click.option(
    "--tests", type=click.IntRange(8, 20_000), default=TESTS, show_default=True, help="Number of tests in the suite."
)
@click.option("--suite", metavar="NAME", default=SUITE, show_default=True, help="Name of the suite.")
@results_option
def demo_history(seed: int, until: datetime | None, days: float, tests: int, suite: str, results: Path | None) -> None:
    """
    Add runs of an invented suite to the results folder.

    The runs are judged and kept like real runs. One test gets slower and is fixed, one creeps, one leaks memory, some
    are flaky, and the machine changes twice. Existing runs are not added again.

    \b
      paceline demo-history --results demo
      paceline trends --results demo --suite demo
      paceline export openmetrics demo.txt --results demo --branch faster-search
    """
    end = until.replace(tzinfo=UTC) if until is not None else datetime.now(UTC)
    demo = Demo(seed=seed, until=end.timestamp(), days=days, tests=tests, suite=suite)
    with clear_errors():
        config, archive = load_project(results)
        archive.folder.prepare()
        thresholds = config.rules.thresholds()
        known = {run.run_id for _, _, run in archive.ledger.summaries(suite)}
        new = [run for run in demo.runs() if run.run_id not in known]
        with click.progressbar(new, label="making runs", file=sys.stderr) as bar:
            for run in bar:
                archive.keep(*archive.judged(replace(run, thresholds=thresholds), config.rules, BRANCH))
    click.echo(f"added {formatting.counted(len(new), 'run')}")
