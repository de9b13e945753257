"""
`paceline export`: kept runs for other tools.
"""

from pathlib import Path
from typing import TextIO

import click

from paceline import units
from paceline.cli.project import clear_errors, load_project, results_option
from paceline.cli.span import Span, branches_option, read_all, span_options
from paceline.metrics.run_samples import run_samples
from paceline.probes.origin import FALLBACK_BRANCH
from paceline.sinks.openmetrics import exposition


@click.group()
def export() -> None:
    """
    Write kept runs for other tools.
    """


@export.command()
@click.argument("file", type=click.File("w", encoding="utf-8", atomic=True))
@span_options
@branches_option
@results_option
def openmetrics(file: TextIO, branches: tuple[str, ...], results: Path | None, **span: object) -> None:
    """
    Write runs to FILE as OpenMetrics text, one sample of each series a run; - is the standard output.

    \b
      paceline export openmetrics runs.txt --since 2026-01-01
      promtool tsdb create-blocks-from openmetrics runs.txt /var/lib/prometheus
    """
    with clear_errors():
        config, archive = load_project(results)
        kept = branches or (config.default_branch or FALLBACK_BRANCH,)
        ids = Span(**span).ids(archive.ledger)  # type: ignore[arg-type]
        runs = read_all(archive.ledger, ids)
        file.writelines(exposition(sample for run in runs for sample in run_samples(run, kept)))
    click.echo(f"wrote {units.counted(len(ids), 'run')}", err=True)
