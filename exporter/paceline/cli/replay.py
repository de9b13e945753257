"""
`paceline replay`: past runs to a server, once more.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from paceline.cli.options.kept_runs import KeptRuns, read_all, span_options
from paceline.cli.options.project import clear_errors, load_project, results_option
from paceline.cli.options.servers import Destination, conclude, find_sinks, target_options
from paceline.delivery.outbox import Held, pack
from paceline.delivery.send_rounds import Errand, ErrandTally, deliver
from paceline.delivery.sink import Sink
from paceline.errors import DeliveryError
from paceline.history.sqlite.ledger import Ledger
from paceline.model import Run


@click.command()
@target_options
@span_options
@results_option
def replay(to: str | None, otlp: str | None, ca_file: Path | None, results: Path | None, **span: object) -> None:
    """
    Send kept runs again to a server, oldest first.

    Use this command for a server that is new or has lost runs. A run that the server has already counts once. After a
    refused run the command continues with the next run, and exits with 1 at the end. A Prometheus accepts old samples
    only within its storage.tsdb.out_of_order_time_window, and an exporter exposes no run that every Prometheus has
    scraped; if a Prometheus lost its data, use `paceline restore`.

    \b
      paceline replay --to http://exporter:10464 --since 2026-01-01
    """
    with clear_errors():
        config, archive = load_project(results)
        archive.refill_ledger()
        ids = KeptRuns(**span).ids(archive.ledger)  # type: ignore[arg-type]
        sinks = find_sinks(Destination(to=to, otlp=otlp, ca_file=ca_file).applied(config))
        conclude([_replay(sink, archive.ledger, ids, config.push_seconds) for sink in sinks])


def _replay(sink: Sink, ledger: Ledger, ids: Sequence[str], seconds: float) -> tuple[Errand, ErrandTally]:
    errand, total = Errand(sink, Held()), ErrandTally()
    with click.progressbar(read_all(ledger, ids), len(ids), label="sending", file=sys.stderr) as runs:
        for run in runs:
            errand.box.put(pack(run))
            (done,) = deliver([errand], seconds)
            if done.waiting:
                raise DeliveryError(_stopped(sink, run, done.failure))
            total = total.with_more(done)
    return errand, total


def _stopped(sink: Sink, run: Run, why: str) -> str:
    since = datetime.fromtimestamp(run.ended, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"stopped at run {run.run_id}: {sink.address}: {why}; continue with --since {since}"
