"""
The vectors of counted calls in the database: each content once, for as long as a run that has it is kept.
"""

import sqlite3
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

from msgspec.structs import replace

from paceline.history.sqlite.database import NotALedgerError
from paceline.model import Case, Run
from paceline.usage import UsageKey
from paceline.work import Function, Vector, Vectors, Work, packed_work

_FINGERPRINTS = (UsageKey.CALLS_FINGERPRINT, UsageKey.REPEAT_CALLS_FINGERPRINT)


def without_vectors(run: Run) -> Run:
    """
    A run whose vectors are kept elsewhere.
    """
    return run if run.work is None else replace(run, work=replace(run.work, functions=(), packed=b""))


def with_vectors(database: sqlite3.Connection, run: Run) -> Run:
    """
    A run as it was before `without_vectors`.
    """
    if run.work is None or run.work.packed:
        return run
    fingerprints = set(chain.from_iterable(map(_fingerprints_of, run.cases)))
    vectors, functions = read_vectors(database, fingerprints), read_functions(database)
    packed = packed_work(run.work.mode, functions, vectors)
    return replace(run, work=replace(run.work, functions=packed.functions, packed=packed.packed))


def insert_vectors(database: sqlite3.Connection, number: int, work: Work) -> None:
    """
    Keep the vectors of a run. Those that are known belong to this run from now on.

    Args:
        database: within a transaction.
        number: of the run.
        work: what the run counted.
    """
    vectors = work.vectors
    numbers = _function_numbers(database, work.functions)
    database.executemany(
        "INSERT INTO vectors (fingerprint, run, content) VALUES (?, ?, ?)"
        " ON CONFLICT (fingerprint) DO UPDATE SET run = excluded.run",
        ((fingerprint, number, _packed(vector, numbers)) for fingerprint, vector in vectors.items()),
    )


def read_vectors(database: sqlite3.Connection, fingerprints: Collection[int]) -> Vectors:
    """
    The vectors that are kept of these.

    Raises:
        NotALedgerError: a vector is damaged.
    """
    if not fingerprints:
        return {}
    names = dict(database.execute("SELECT number, name FROM functions"))
    found = (
        database.execute("SELECT fingerprint, content FROM vectors WHERE fingerprint = ?", (one,)).fetchone()
        for one in fingerprints
    )
    return {row[0]: _unpacked(row[1], names) for row in found if row is not None}


def read_functions(database: sqlite3.Connection) -> Iterator[Function]:
    """
    All functions that are known.
    """
    for name, file, line in database.execute("SELECT name, file, line FROM functions"):
        yield Function(name=name, file=file, line=line)


def _fingerprints_of(case: Case) -> list[int]:
    return [int(case.usage[key]) for key in _FINGERPRINTS if key in case.usage]


def _function_numbers(database: sqlite3.Connection, functions: Iterable[Function]) -> Mapping[str, int]:
    database.executemany(
        "INSERT INTO functions (name, file, line) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET file = excluded.file, line = excluded.line",
        ((function.name, function.file, function.line) for function in functions),
    )
    return {name: number for number, name in database.execute("SELECT number, name FROM functions")}


def _packed(vector: Vector, numbers: Mapping[str, int]) -> bytes:
    pairs = ((numbers[name], min(calls, 0xFFFF_FFFF_FFFF)) for name, calls in vector.items())
    return zlib.compress(array("Q", chain.from_iterable(pairs)).tobytes())


def _unpacked(content: object, names: Mapping[int, str]) -> Vector:
    try:
        flat = array("Q", zlib.decompress(content))  # type: ignore[arg-type]
        return {names[number]: calls for number, calls in zip(flat[::2], flat[1::2], strict=True)}
    except (zlib.error, ValueError, TypeError, KeyError) as error:
        raise NotALedgerError(f"the ledger is damaged: a vector of calls cannot be read: {error}") from error
