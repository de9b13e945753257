"""
`paceline push`: runs that wait in the outbox, or documents from elsewhere, to a server.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import click

from paceline.cli.options.project import clear_errors, load_project, results_option
from paceline.cli.options.servers import Destination, conclude, default_branch_finder, find_sinks, target_options
from paceline.cli.options.terminal import warn
from paceline.config import Config
from paceline.delivery.configured_sinks import open_sink, open_sinks, silence_of
from paceline.delivery.outbox import Held, outboxes, pack, unpack
from paceline.delivery.send_rounds import Errand, ErrandTally, deliver
from paceline.delivery.sink import Sink
from paceline.errors import StorageError
from paceline.formatting import counted
from paceline.history.results_folder import read_run
from paceline.model import Run

# Takes the kind and the address of a sink. What it gives instead of one says why nothing is sent there.
_Find: TypeAlias = Callable[[str, str], Sink | str]


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@target_options
@click.option("--refused", is_flag=True, help="Send runs again that a server has refused before.")
@results_option
def push(files: tuple[Path, ...], results: Path | None, *, refused: bool, **target: object) -> None:
    """
    Send queued runs, or run documents, to a server.

    Without FILES, the command sends the runs in the outbox: each to its own server, or all to the server that --to or
    --otlp names.

    \b
      paceline push
      paceline push --to http://exporter:10464
      paceline push artefacts/*/latest_report.json --to http://exporter:10464
    """
    with clear_errors():
        config, archive = load_project(results)
        where = Destination(**target)  # type: ignore[arg-type]
        config = where.applied(config)
        if files:
            sinks, parcels = find_sinks(config), [pack(_read(path)) for path in files]
            errands = [Errand(sink, Held(*parcels)) for sink in sinks]
        else:
            errands = _waiting(archive.folder.outbox, config, is_moved=where.is_given, refused=refused)
    if not errands:
        click.echo("no run is queued")
    conclude([(errand, _send(errand, config.push_seconds)) for errand in errands])


def _read(path: Path) -> Run:
    if path.suffix != ".gz":
        return read_run(path)
    try:
        return unpack(path.read_bytes(), str(path))
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error


def _waiting(folder: Path, config: Config, *, is_moved: bool, refused: bool) -> list[Errand]:
    find = _moved(config) if is_moved else _meant(config)
    errands = []
    for kind, address, box in outboxes(folder):
        if refused:
            box.readmit()
        if not box.count():
            continue
        sink = find(kind, address)
        if isinstance(sink, str):
            warn(f"{counted(box.count(), 'run is queued', 'runs are queued')} for {address} ({kind}); {sink}")
        else:
            errands.append(Errand(sink, box))
    return errands


def _moved(config: Config) -> _Find:
    by_kind = {sink.kind: sink for sink in find_sinks(config)}
    return lambda kind, _: by_kind.get(kind, "`paceline push` without an address sends it there")


def _meant(config: Config) -> _Find:
    default_branch = default_branch_finder(config)
    # An address that is configured may have credentials in it, which no outbox has.
    known = {(sink.kind, sink.address): sink for sink in open_sinks(config, default_branch, lambda _: None)}
    return lambda kind, address: (
        silence_of(kind) or known.get((kind, address)) or open_sink(kind, address, config, default_branch)
    )


def _send(errand: Errand, seconds: float) -> ErrandTally:
    """
    Send all that waits, as long as some of it arrives.
    """
    done = ErrandTally()
    while True:
        (more,) = deliver([errand], seconds)
        done = done.with_more(more)
        if not more.waiting or not more.sent + more.refused + more.damaged:
            return done
