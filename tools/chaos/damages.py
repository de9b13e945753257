"""
Random damages of files: the ledger, journals, documents and outboxes. Each is a function of its number alone.
"""

import random
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from paceline.analysis.judgement_rules import Rules
from paceline.delivery.outbox import Outbox, pack, unpack
from paceline.delivery.send_rounds import Errand, deliver
from paceline.delivery.sink import Receipt
from paceline.history.archive import Archive
from paceline.history.journal import Journal
from paceline.model import Run
from support.values import make_case, make_run
from tools.chaos.row import Fault, Row

_TIMES = 250
_KINDS = ("bytes", "block", "cut", "insert")


def damaged(content: bytes, kind: str, source: random.Random) -> bytes:
    """
    The content with a damage of a kind.
    """
    data, place = bytearray(content), source.randrange(len(content))
    if kind == "bytes":
        for _ in range(source.choice((1, 4, 32))):
            data[source.randrange(len(data))] = source.randrange(256)
    elif kind == "block":
        data[place : place + 512] = source.choice((bytes(512), source.randbytes(512)))
    elif kind == "cut":
        del data[place:]
    else:
        data[place:place] = source.randbytes(source.randrange(1, 100))
    return bytes(data)


def _run(number: int) -> Run:
    ended = time.time() - 1000 + number
    run = make_run(number, [make_case(f"test_{place}", 0.1 + place / 100) for place in range(6)])
    return replace(run, started=ended - 0.5, ended=ended)


def _session(archive: Archive, number: int) -> bool:
    """
    What a session does with its results folder.
    """
    run = _run(number)
    archive.folder.prepare()
    archive.recover(Rules(), run.suite)
    judged, past = archive.judged(run, Rules(), "main")
    return archive.keep(archive.with_places(judged, past, Rules()), past) is not None


def _archive(folder: Path) -> Archive:
    return Archive(folder, lambda _: None)


def _ledger_or_document(pattern: str, kind: str, row: Row, folder: Path) -> None:
    seed = folder / "seed"
    for number in range(5):
        _session(_archive(seed), number)
    for number in range(_TIMES):
        results = folder / "results"
        shutil.rmtree(results, ignore_errors=True)
        shutil.copytree(seed, results)
        victim = min(results.glob(pattern))
        victim.write_bytes(damaged(victim.read_bytes(), kind, random.Random(number)))
        _check(row, results)


def _check(row: Row, results: Path) -> None:
    started = time.monotonic()
    archive = _archive(results)
    kept = [_session(archive, number) for number in (5, 6)]
    row.took(time.monotonic() - started)
    found = [run.run_id for _, _, run in archive.ledger.summaries()]
    row.counted([f"run-{number}" for number in range(7)], found)
    row.wrong += not all(kept)


def _journal(kind: str, row: Row, folder: Path) -> None:
    for number in range(_TIMES):
        results = folder / f"results-{number}"
        archive = _archive(results)
        archive.folder.prepare()
        journal = Journal(archive.folder.journals, replace(_run(0), cases=()))
        for case in _run(0).cases:
            journal.add(case)
        journal.close(is_kept=False)
        path = journal.path
        path.write_bytes(damaged(path.read_bytes(), kind, random.Random(number)))
        started = time.monotonic()
        row.wrong += not _session(archive, 1)
        row.took(time.monotonic() - started)
        row.counted(["run-1"], [run.run_id for _, _, run in archive.ledger.summaries()])
        shutil.rmtree(results)


class _Taking:
    """
    A server that takes every run.
    """

    kind = address = "taking"

    def __init__(self) -> None:
        self.taken: list[str] = []

    def deliver(self, packed: bytes, seconds: float) -> Receipt:  # noqa: ARG002 - of a sink
        self.taken.append(unpack(packed, "the outbox").run_id)
        return Receipt()


def _outbox(kind: str, row: Row, folder: Path) -> None:
    for number in range(_TIMES):
        box, server = Outbox(folder / str(number), "push", "http://exporter"), _Taking()
        for place in range(3):
            box.put(pack(_run(place)))
        victim = min(box.folder.glob("*.gz"))
        victim.write_bytes(damaged(victim.read_bytes(), kind, random.Random(number)))
        started = time.monotonic()
        deliver([Errand(server, box)], 5.0)
        row.took(time.monotonic() - started)
        row.counted(["run-1", "run-2"], server.taken)


def faults() -> list[tuple[str, Fault]]:
    """
    The rows of damages: 1,000 of each kind of file.
    """
    subjects: dict[str, Callable[[str], Fault]] = {
        "ledger": lambda kind: partial(_ledger_or_document, "history.sqlite", kind),
        "document": lambda kind: partial(_ledger_or_document, "performance_*.json", kind),
        "journal": lambda kind: partial(_journal, kind),
        "outbox": lambda kind: partial(_outbox, kind),
    }
    return [(f"{name}: {kind}", make(kind)) for name, make in subjects.items() for kind in _KINDS]
