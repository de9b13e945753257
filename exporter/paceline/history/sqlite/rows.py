"""
A run as rows of the database: its document whole, what lists show of it, and its figures in packed columns.
"""

import sqlite3
import zlib
from array import array
from collections.abc import Sequence
from math import nan
from typing import Any

from msgspec import DecodeError, json

from paceline.analysis.past import PastRun, columns_of, run_columns
from paceline.documents import decode_run, encode_run
from paceline.history.sqlite.database import NotALedgerError
from paceline.history.sqlite.vectors import insert_vectors, without_vectors
from paceline.model import LATEST, Case, Run, RunOutcome

_FASTEST = 1
SUMMARY = (
    "run_id, ended, ended - started, branch, commit_id, dirty, is_partial, cases, failures, verdicts,"
    " calibration_seconds, slowdown_ratio, others_cpu_percent"
)


def pack(document: bytes) -> bytes:
    """
    An encoded run as it is kept.
    """
    return zlib.compress(document, _FASTEST)


def unpack(document: bytes, where: str) -> Run:
    """
    A run as it was kept.

    Raises:
        DocumentError: the document is damaged.
    """
    try:
        return decode_run(zlib.decompress(document), where)
    except zlib.error as error:
        raise NotALedgerError(f"{where} is damaged: {error}") from error


def unpacked(kind: str, content: object, where: str) -> "array[Any]":
    """
    Packed numbers as they were kept.

    Raises:
        NotALedgerError: the figures are damaged.
    """
    if not isinstance(content, bytes):
        raise NotALedgerError(f"{where} is damaged: found {type(content).__name__}, expected packed numbers")
    try:
        return array(kind, content)
    except ValueError as error:
        raise NotALedgerError(f"{where} is damaged: {error}") from error


def unpacked_by_name(content: object, where: str) -> dict[str, float]:
    """
    Figures of fixtures or probes as they were kept, by name.

    Raises:
        NotALedgerError: the figures are damaged.
    """
    if not isinstance(content, bytes):
        raise NotALedgerError(f"{where} is damaged: found {type(content).__name__}, expected figures by name")
    try:
        return json.decode(content, type=dict[str, float])
    except (DecodeError, UnicodeDecodeError) as error:
        raise NotALedgerError(f"{where} is damaged: {error}") from error


def insert_run(database: sqlite3.Connection, run: Run, document: bytes) -> bool:
    """
    Keep a run within a transaction, as `Ledger.add` says.
    """
    known = database.execute("SELECT outcome, suite FROM runs WHERE run_id = ?", (run.run_id,)).fetchone()
    if known and known != (RunOutcome.CRASHED.value, run.suite):
        return False
    database.execute("DELETE FROM runs WHERE run_id = ?", (run.run_id,))
    _insert(database, run, document)
    return True


def _insert(database: sqlite3.Connection, run: Run, document: bytes) -> None:
    ran = {case.id: case for case in run.cases if case.outcome.is_pass or case.outcome.is_failure}
    numbers = _test_numbers(database, list(ran))
    if run.work is not None and run.work.packed:
        document = encode_run(without_vectors(run))
    row = _row(run, document, list(numbers.values()))
    cursor = database.execute(
        f"INSERT INTO runs ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",  # noqa: S608 - names of columns
        tuple(row.values()),
    )
    database.executemany(
        "INSERT INTO columns (run, measure, figures) VALUES (?, ?, ?)",
        (
            (cursor.lastrowid, measure, column.tobytes())
            for measure, column in sorted(_pack(list(ran.values())).items())
        ),
    )
    if run.work is not None and cursor.lastrowid is not None:
        insert_vectors(database, cursor.lastrowid, run.work)
    database.executemany(
        "INSERT INTO columns (run, measure, figures) VALUES (?, ?, ?)",
        ((cursor.lastrowid, measure, json.encode(column)) for measure, column in run_columns(run).items() if column),
    )


def _row(run: Run, document: bytes, tests: Sequence[int]) -> dict[str, object]:
    """
    The cells of a run, by the names of their columns.
    """
    return {
        "run_id": run.run_id,
        "suite": run.suite,
        "branch": run.branch,
        "commit_id": run.commit,
        "dirty": run.dirty,
        "is_partial": run.is_partial,
        "outcome": run.outcome.value,
        "started": run.started,
        "ended": run.ended,
        "cases": len(run.cases),
        "failures": sum(case.outcome.is_failure for case in run.cases),
        "verdicts": len(run.verdicts),
        "tests": array("I", tests).tobytes(),
        "document": pack(document),
        "calibration_seconds": run.machine.calibration_seconds,
        "slowdown_ratio": run.machine.slowdown_ratio,
        "default_branch": run.default_branch,
        "others_cpu_percent": run.machine.others_cpu_percent,
    }


def _pack(cases: Sequence[Case]) -> "dict[str, array[float]]":
    """
    The figures of the cases, by measure.
    """
    unmeasured = array("d", [nan]) * len(cases)
    packed: dict[str, array[float]] = {}
    for place, case in enumerate(cases):
        for measure, value in columns_of(case).items():
            if measure not in packed:
                packed[measure] = unmeasured[:]
            packed[measure][place] = value
    return packed


def _test_numbers(database: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
    database.executemany("INSERT OR IGNORE INTO tests (id) VALUES (?)", ((case_id,) for case_id in ids))
    wanted = set(ids)
    known = {
        case_id: number for case_id, number in database.execute("SELECT id, number FROM tests") if case_id in wanted
    }
    return {case_id: known[case_id] for case_id in ids}


def past_run(row: Sequence[object]) -> PastRun:
    """
    What lists show of a run, from a row that begins with `SUMMARY`.
    """
    run_id, ended, duration, branch, commit, dirty, is_partial, cases, failures, verdicts = row[:10]
    if not 0 <= float(ended) < LATEST:  # type: ignore[arg-type]
        raise NotALedgerError(f"run {run_id} is damaged: it ended at {ended}, expected seconds since 1970")
    return PastRun(
        run_id=str(run_id),
        ended=float(ended),  # type: ignore[arg-type]
        duration_seconds=float(duration),  # type: ignore[arg-type]
        branch=str(branch),
        commit=str(commit),
        dirty=bool(dirty),
        is_partial=bool(is_partial),
        cases=int(cases),  # type: ignore[call-overload]
        failures=int(failures),  # type: ignore[call-overload]
        verdicts=int(verdicts),  # type: ignore[call-overload]
        calibration_seconds=row[10],  # type: ignore[arg-type]
        slowdown_ratio=row[11],  # type: ignore[arg-type]
        others_cpu_percent=row[12],  # type: ignore[arg-type]
    )
