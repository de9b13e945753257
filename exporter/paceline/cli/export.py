"""
`paceline export`: kept runs for other tools.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
from msgspec.structs import replace

from paceline import formatting
from paceline.cli.options.constant_labels import read_labels
from paceline.cli.options.kept_runs import KeptRuns, Whole, branches_option, span_options
from paceline.cli.options.project import clear_errors, find_default_branch, load_project, results_option
from paceline.cli.options.terminal import warn
from paceline.delivery.openmetrics import exposition
from paceline.files import open_to_write
from paceline.metrics.run_samples import stamped_samples
from paceline.shards import missing_parts


@contextmanager
def _opened(file: Path) -> Iterator[IO[str]]:
    if str(file) != "-":
        with open_to_write(file) as lines:
            yield lines
        return
    with click.open_file("-", "w", encoding="utf-8") as stream:
        yield stream
        stream.flush()


def _tell_missing(whole: Whole) -> None:
    missing = missing_parts(whole.ids) if whole.is_of_parts else []
    if missing:
        warn(f"run {whole.run_id} lacks part {', '.join(map(str, missing))} and is written as a partial run")


@click.group()
def export() -> None:
    """
    Write kept runs as files for other tools.
    """


@export.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@span_options
@branches_option
@click.option(
    "--label",
    "constant",
    multiple=True,
    metavar="NAME=VALUE",
    callback=read_labels,
    help="Label to add to every series, such as a label that a scrape adds; repeatable (default: none).",
)
@results_option
def openmetrics(
    file: Path, branches: tuple[str, ...], constant: Mapping[str, str], results: Path | None, **span: object
) -> None:
    """
    Write runs to FILE as OpenMetrics text.

    Each run has one sample in each series. FILE - is stdout. Parts of a run are merged, as in the exporter.

    \b
      paceline export openmetrics runs.txt --since 2026-01-01
      paceline export openmetrics runs.txt --label job=paceline-runs --label instance=paceline
      promtool tsdb create-blocks-from openmetrics runs.txt /var/lib/prometheus
    """
    with clear_errors():
        config, archive = load_project(results)
        default = find_default_branch(config)
        wholes = KeptRuns(**span).wholes(archive.ledger)  # type: ignore[arg-type]
        for whole in wholes:
            _tell_missing(whole)
        runs = (run for whole in wholes if (run := whole.read(archive.ledger)) is not None)
        with _opened(file) as lines:
            told = (replace(run, default_branch=run.default_branch or default) for run in runs)
            lines.writelines(exposition(stamped_samples(told, branches), constant))
    click.echo(f"wrote {formatting.counted(len(wholes), 'run')}", err=True)
