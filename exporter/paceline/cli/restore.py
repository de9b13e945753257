"""
`paceline restore`: the past of a Prometheus that lost its data.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from paceline import formatting
from paceline.cli.options.constant_labels import read_labels
from paceline.cli.options.kept_runs import KeptRuns, branch_names, span_options
from paceline.cli.options.project import clear_errors
from paceline.delivery.openmetrics import exposition
from paceline.errors import StorageError
from paceline.history.sqlite.exporter_ledger import ServedLedger
from paceline.http.server_access import read_server
from paceline.metrics.run_samples import run_samples
from paceline.model import Run
from paceline.prometheus.query_client import NAMING, QueryClient
from paceline.prometheus.scrape_labels import scrape_labels
from paceline.server.exporter_settings import BRANCHES, LEDGER
from paceline.stack.programs import PROMTOOL, Programs, default_cache

_FOLDER = click.Path(file_okay=False, exists=True, path_type=Path)
_SECONDS = 30.0
# One text has at most so many cases: promtool and this command hold it in memory.
_CASES = 200_000
# One block for four weeks instead of one for each two hours: promtool reads the whole text for each block.
_BLOCK = "--max-block-duration=648h"


@click.command()
@click.argument("folder", type=_FOLDER)
@click.option(
    "--data",
    metavar="DIR",
    type=_FOLDER,
    default=Path("paceline_data"),
    show_default=True,
    help="Folder of the exporter's runs, or a copy of it.",
)
@click.option(
    "--prometheus",
    metavar="URL",
    default="http://127.0.0.1:9090",
    show_default=True,
    help="Address of the Prometheus, from which the labels of its scrape are read.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME=VALUE",
    callback=read_labels,
    help="Label of the scrape, instead of those that the Prometheus has; repeatable (default: none).",
)
@click.option(
    "--branches",
    metavar="NAME",
    callback=branch_names,
    multiple=True,
    default=BRANCHES,
    show_default=True,
    help="Branch that keeps its name in labels, as in `paceline serve`; repeatable.",
)
@span_options
def restore(
    folder: Path,
    data: Path,
    prometheus: str,
    labels: Mapping[str, str],
    branches: tuple[str, ...],
    **span: object,
) -> None:
    """
    Write past runs of the exporter into a Prometheus' data.

    FOLDER is the --storage.tsdb.path of a Prometheus that lost its data. The samples have the labels and times of a
    scrape, so existing samples count once. promtool writes them as blocks, which a running Prometheus loads within two
    minutes.

    \b
      paceline restore /var/lib/prometheus --data /var/lib/paceline
      paceline restore /data --label job=paceline-runs --label instance=paceline
    """
    with clear_errors():
        promtool = Programs(default_cache()).get(PROMTOOL)
        ledger = ServedLedger(data / LEDGER)
        ids = KeptRuns(**span).ids(ledger)  # type: ignore[arg-type]
        added = labels or scrape_labels(QueryClient(read_server(prometheus, NAMING), _SECONDS))
        stamps = ledger.stamps()
        with click.progressbar(_read(ledger, ids), len(ids), label="writing", file=sys.stderr) as runs:
            for batch in _batches(runs):
                _write_blocks(promtool, folder, _lines(batch, stamps, branches, added))
    click.echo(f"wrote {formatting.counted(len(ids), 'run')} into {folder}", err=True)


def _read(ledger: ServedLedger, ids: Sequence[str]) -> Iterator[Run]:
    for run_id in ids:
        run = ledger.received(run_id)
        if run is not None:
            yield run


def _batches(runs: Iterable[Run]) -> Iterator[list[Run]]:
    batch: list[Run] = []
    room = _CASES
    for run in runs:
        batch.append(run)
        room -= len(run.cases)
        if room <= 0:
            yield batch
            batch, room = [], _CASES
    if batch:
        yield batch


def _lines(
    runs: Iterable[Run], stamps: Mapping[str, int], branches: Sequence[str], labels: Mapping[str, str]
) -> Iterator[str]:
    samples = (
        sample._replace(timestamp=stamps.get(run.run_id, formatting.milliseconds(run.ended)) / 1e3)
        for run in runs
        for sample in run_samples(run, branches)
    )
    return exposition(samples, labels)


def _write_blocks(promtool: Path, folder: Path, lines: Iterable[str]) -> None:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as text:
        text.writelines(lines)
        text.flush()
        command = (promtool, "tsdb", "create-blocks-from", _BLOCK, "--quiet", "openmetrics", text.name, folder)
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - fixed
    if done.returncode:
        raise StorageError(f"{promtool} could not write blocks into {folder}: {done.stderr.strip()}")
