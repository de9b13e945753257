"""
`paceline export`: kept runs for other tools.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import TextIO

import click

from paceline import units
from paceline.cli.project import clear_errors, load_project, results_option
from paceline.history.ledger import Ledger
from paceline.metrics.run_samples import Sample, run_samples
from paceline.probes.origin import FALLBACK_BRANCH
from paceline.sinks.openmetrics import exposition


@click.group()
def export() -> None:
    """
    Write kept runs for other tools.
    """


@export.command()
@click.argument("file", type=click.File("w", encoding="utf-8", atomic=True))
@click.option("--since", type=click.DateTime(), help="Only runs that ended from then on (UTC).")
@click.option("--until", type=click.DateTime(), help="Only runs that ended before or then (UTC).")
@click.option("--suite", metavar="NAME", help="Only this suite.")
@click.option(
    "--branch",
    "branches",
    multiple=True,
    help="A branch that keeps its name (default: the default branch); the others are called other.",
)
@results_option
def openmetrics(
    file: TextIO,
    since: datetime | None,
    until: datetime | None,
    suite: str | None,
    branches: tuple[str, ...],
    results: Path | None,
) -> None:
    """
    Write runs to FILE as OpenMetrics text, one sample of each series a run; - is the standard output.

    \b
      paceline export openmetrics runs.txt --since 2026-01-01
      promtool tsdb create-blocks-from openmetrics runs.txt /var/lib/prometheus
    """
    with clear_errors():
        config, archive = load_project(results)
        kept = branches or (config.default_branch or FALLBACK_BRANCH,)
        ids = _ids_between(archive.ledger, suite, _seconds(since, 0.0), _seconds(until, inf))
        file.writelines(exposition(_samples(archive.ledger, ids, kept)))
    click.echo(f"wrote {units.counted(len(ids), 'run')}", err=True)


def _ids_between(ledger: Ledger, suite: str | None, since: float, until: float) -> list[str]:
    return [run.run_id for _, _, run in reversed(ledger.summaries(suite)) if since <= run.ended <= until]


def _samples(ledger: Ledger, ids: Sequence[str], branches: Sequence[str]) -> Iterator[Sample]:
    # Run after run: a document is larger than what is kept of it.
    for run_id in ids:
        run = ledger.run(run_id)
        if run is not None:
            yield from run_samples(run, branches)


def _seconds(moment: datetime | None, default: float) -> float:
    return default if moment is None else moment.replace(tzinfo=UTC).timestamp()
