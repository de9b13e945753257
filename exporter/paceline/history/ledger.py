"""
All runs in one SQLite file: each document whole, and its figures in columns that judgement reads at once.

A run is one row, and one row more for each measure, which holds the figures of all its tests as packed doubles.
Fifty runs of 10,000 tests are fifty short reads a measure, where one row a figure would be half a million.
"""

import sqlite3
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from math import inf, nan
from operator import itemgetter
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct

from paceline.analysis.past import Past, PastRun, Series, columns_of
from paceline.errors import DocumentError, StorageError
from paceline.model import Case, Run, decode_run, encode_run

_APPLICATION_ID = 0x50414345
_VERSION = 3
_BUSY_SECONDS = 30.0
_FASTEST = 1
WRITE = "BEGIN IMMEDIATE"
# What an exporter keeps beside the runs: counters, and the parts of runs that are not complete.
_SERVED_TABLES = (
    "CREATE INDEX runs_exposed ON runs (exposed_since) WHERE exposed_since IS NOT NULL",
    "CREATE TABLE totals (labels TEXT PRIMARY KEY, value REAL NOT NULL)",
    "CREATE TABLE shards (run_id TEXT PRIMARY KEY, whole TEXT NOT NULL, arrived REAL NOT NULL, document BLOB NOT NULL)",
)
_SCHEMA = f"""
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    suite TEXT NOT NULL,
    branch TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    dirty INTEGER NOT NULL,
    is_partial INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL NOT NULL,
    cases INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    verdicts INTEGER NOT NULL,
    tests BLOB NOT NULL,
    document BLOB NOT NULL,
    calibration_seconds REAL,
    slowdown_ratio REAL,
    exposed_since REAL,
    is_counted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX runs_by_time ON runs (suite, branch, ended);
CREATE TABLE tests (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE columns (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    measure TEXT NOT NULL,
    figures BLOB NOT NULL,
    UNIQUE (measure, run)
);
{"; ".join(_SERVED_TABLES)};
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
"""
# What a version added to the one before. Runs that were kept earlier have none of it.
_UPGRADES = {
    1: (
        "ALTER TABLE runs ADD COLUMN calibration_seconds REAL",
        "ALTER TABLE runs ADD COLUMN slowdown_ratio REAL",
    ),
    2: (
        "ALTER TABLE runs ADD COLUMN exposed_since REAL",
        "ALTER TABLE runs ADD COLUMN is_counted INTEGER NOT NULL DEFAULT 0",
        *_SERVED_TABLES,
    ),
}
_SUMMARY = (
    "run_id, ended, ended - started, branch, commit_id, dirty, is_partial, cases, failures, verdicts,"
    " calibration_seconds, slowdown_ratio"
)

_D = TypeVar("_D")


class NotALedgerError(DocumentError):
    """
    The file is damaged, or is no ledger at all: set it aside.
    """


class Span(Struct, frozen=True, kw_only=True):
    """
    Runs that ended from `since` to `until`, without one, and at most `limit` of them, the latest.
    """

    since: float = 0.0
    until: float = inf
    excluding: str = ""
    limit: int = 300


class Ledger:
    """
    The runs in one SQLite file; several processes may use it at once.

    Every method opens the file, does its work in one transaction and closes it, so that a process that is
    killed leaves no lock and no half a run.

    Raises:
        NotALedgerError: the file is damaged or foreign.
        StorageError: the file cannot be read or written, or is of a later version.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    def add(self, run: Run, document: bytes | None = None) -> bool:
        """
        Keep a run. A run whose id is known is left as it is, unless the kept one is what a crash left of it.

        Args:
            run: the run.
            document: the same run encoded, if it was encoded already.

        Returns:
            Whether the run was added.
        """
        with self._connected(begin=WRITE) as database:
            return insert_run(database, run, document if document is not None else encode_run(run))

    def past(self, suite: str, branch: str, span: Span) -> Past:
        """
        The past of a suite on a branch; a column is read when it is first asked for.

        Args:
            suite: name of the suite.
            branch: name of the branch.
            span: which of its runs.
        """
        if not self.path.exists():
            return Past()
        with self._connected() as database:
            rows = database.execute(
                f"SELECT {_SUMMARY}, number, tests FROM runs"  # noqa: S608 - a constant
                " WHERE suite = ? AND branch = ? AND ended BETWEEN ? AND ? AND run_id != ?"
                " ORDER BY ended DESC, number DESC LIMIT ?",
                (suite, branch, span.since, span.until, span.excluding, span.limit),
            ).fetchall()[::-1]
            names = dict(database.execute("SELECT number, id FROM tests")) if rows else {}
        runs = tuple(_past_run(row) for row in rows)
        return Past(runs=runs, columns=_Columns(self, [(row[-2], array("I", row[-1])) for row in rows], names))

    def summaries(self, suite: str | None = None, limit: int = -1) -> list[tuple[str, str, PastRun]]:
        """
        All runs, the latest first, as (suite, outcome, run).
        """
        if not self.path.exists():
            return []
        with self._connected() as database:
            rows = database.execute(
                f"SELECT {_SUMMARY}, suite, outcome FROM runs"  # noqa: S608 - a constant
                " WHERE :suite IS NULL OR suite = :suite ORDER BY ended DESC, number DESC LIMIT :limit",
                {"suite": suite, "limit": limit},
            ).fetchall()
        return [(row[-2], row[-1], _past_run(row)) for row in rows]

    def run(self, run_id: str) -> Run | None:
        """
        A run, by its id or by the only id that begins so; None where there is none.

        Raises:
            DocumentError: several ids begin so.
        """
        if not self.path.exists():
            return None
        with self._connected() as database:
            rows = database.execute(
                "SELECT document, run_id FROM runs WHERE run_id = :id OR substr(run_id, 1, length(:id)) = :id"
                " ORDER BY run_id != :id LIMIT 2",
                {"id": run_id},
            ).fetchall()
        if len(rows) > 1 and rows[0][1] != run_id:
            raise DocumentError(f"run {run_id!r}: several ids begin so, for example {rows[0][1]} and {rows[1][1]}")
        return unpack(rows[0][0], f"run {rows[0][1]} in {self.path}") if rows else None

    def prune(self, *, before: float = 0.0, keep: int | None = None, dry_run: bool = False) -> list[str]:
        """
        Forget runs.

        Args:
            before: runs that ended earlier are forgotten.
            keep: of each suite and branch, keep only so many, the latest.
            dry_run: only tell.

        Returns:
            The ids of the runs that are forgotten.
        """
        if not self.path.exists():
            return []
        with self._connected(begin=WRITE) as database:
            rows = database.execute(
                "SELECT run_id, number FROM (SELECT run_id, number, ended, row_number() OVER"
                " (PARTITION BY suite, branch ORDER BY ended DESC, number DESC) AS place FROM runs)"
                " WHERE ended < ? OR place > ?",
                (before, keep if keep is not None else 1 << 62),
            ).fetchall()
            if not dry_run:
                database.executemany("DELETE FROM runs WHERE number = ?", [(number,) for _, number in rows])
        if rows and not dry_run:
            self._shrink()
        return [run_id for run_id, _ in rows]

    def figures(self, measure: str, numbers: Sequence[int]) -> "dict[int, array[float]]":
        """
        The packed figures of one measure, by number of run.
        """
        with self._connected() as database:
            rows = database.execute(
                "SELECT run, figures FROM columns WHERE measure = ? AND run BETWEEN ? AND ?",
                (measure, min(numbers, default=0), max(numbers, default=0)),
            )
            return {number: array("d", figures) for number, figures in rows}

    @contextmanager
    def _connected(self, *, begin: str = "BEGIN") -> Iterator[sqlite3.Connection]:
        try:
            database = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        except sqlite3.Error as error:
            raise StorageError(f"{self.path} cannot be opened: {error}") from error
        try:
            database.execute("PRAGMA foreign_keys = ON")
            self._ready(database)
            database.execute(begin)
            yield database
            database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise StorageError(f"{self.path} cannot be used: {error}") from error
        except sqlite3.DatabaseError as error:
            raise NotALedgerError(f"{self.path} is damaged: {error}") from error
        finally:
            database.close()

    def _ready(self, database: sqlite3.Connection) -> None:
        # In this order: what another process creates meanwhile is there as a whole when its schema is.
        is_empty = _pragma(database, "schema_version") == 0
        application, version = _pragma(database, "application_id"), _pragma(database, "user_version")
        if is_empty and application in {0, _APPLICATION_ID}:
            self._create(database)
        elif application != _APPLICATION_ID:
            raise NotALedgerError(f"{self.path} is a database of another program, expected a history of Paceline")
        elif version > _VERSION:
            raise StorageError(f"{self.path} has version {version}, expected at most {_VERSION}: upgrade paceline")
        elif version < _VERSION:
            self._upgrade(database)

    def _create(self, database: sqlite3.Connection) -> None:
        database.execute("BEGIN EXCLUSIVE")
        if _pragma(database, "schema_version") == 0:  # another process may have been faster
            for statement in filter(str.strip, _SCHEMA.split(";")):
                database.execute(statement)
        database.execute("COMMIT")

    def _upgrade(self, database: sqlite3.Connection) -> None:
        database.execute(WRITE)
        # Another process may have been faster.
        for version in range(_pragma(database, "user_version"), _VERSION):
            for statement in _UPGRADES[version]:
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {_VERSION}")
        database.execute("COMMIT")

    def _shrink(self) -> None:
        database = sqlite3.connect(self.path, timeout=_BUSY_SECONDS)
        try:
            database.execute("VACUUM")
        finally:
            database.close()


class _Columns(Mapping[str, Mapping[str, Series]]):
    """
    Columns that are read when asked for.
    """

    def __init__(self, ledger: Ledger, runs: "Sequence[tuple[int, array[int]]]", names: Mapping[int, str]) -> None:
        self._ledger = ledger
        self._runs = runs
        self._names = names
        self._read: dict[str, Mapping[str, Series]] = {}

    def __getitem__(self, measure: str) -> Mapping[str, Series]:
        if measure not in self._read:
            self._read[measure] = self._column(measure)
        return self._read[measure]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)

    def _column(self, measure: str) -> Mapping[str, Series]:
        figures = self._ledger.figures(measure, [number for number, _ in self._runs]) if self._runs else {}
        if not figures:
            return {}
        layout = self._layout
        rows = (layout.row(tests, figures.pop(number, None)) for number, tests in self._runs)
        return _Column(layout.places, _stacked(rows), len(self._runs))

    @cached_property
    def _layout(self) -> "_Layout":
        return _Layout([tests for _, tests in self._runs], self._names)


class _Layout:
    """
    One place for each test that any of the runs had.
    """

    def __init__(self, runs: "Sequence[array[int]]", names: Mapping[int, str]) -> None:
        tests = dict.fromkeys(chain.from_iterable({run.tobytes(): run for run in runs}.values()))
        self.places: Final = {names[test]: place for place, test in enumerate(tests)}
        self._tests = array("I", tests)
        self._unmeasured = array("d", [nan]) * len(tests)
        self._orders: dict[bytes, Callable[[array[float]], Sequence[float]]] = {}

    def row(self, tests: "array[int]", figures: "array[float] | None") -> "array[float]":
        if figures is None:
            return self._unmeasured
        if tests == self._tests:
            return figures
        order = self._order(tests)
        figures.append(nan)
        return array("d", order(figures))

    def _order(self, tests: "array[int]") -> "Callable[[array[float]], Sequence[float]]":
        key = tests.tobytes()
        if key not in self._orders:
            places = {test: place for place, test in enumerate(tests)}
            # One more, so that a single test makes a tuple as well.
            self._orders[key] = itemgetter(*(places.get(test, -1) for test in self._tests), -1)
        order = self._orders[key]
        return lambda figures: order(figures)[:-1]


class _Column(Mapping[str, Series]):
    """
    The figures of one measure, run after run; a test's series is cut out when asked for.
    """

    def __init__(self, places: Mapping[str, int], matrix: "array[float]", runs: int) -> None:
        self._places = places
        self._matrix = matrix
        self._runs = range(runs)
        # One row that stands for all runs, or a row for each.
        self._times = runs * len(places) // len(matrix)

    def __getitem__(self, test: str) -> Series:
        series = self.get(test)
        if series is None:
            raise KeyError(test)
        return series

    def get(self, test: str, default: _D | None = None) -> Series | _D | None:  # type: ignore[override]
        """
        The series of a test, without the runs that did not measure it.
        """
        place = self._places.get(test)
        if place is None:
            return default
        values = self._matrix[place :: len(self._places)] * self._times
        total = sum(values)
        if total == total:  # noqa: PLR0124 - NaN stands for "not measured", and makes any sum NaN
            return Series(self._runs, values)
        runs = [run for run in self._runs if values[run] == values[run]]
        if not runs:
            return default
        return Series(runs, array("d", [values[run] for run in runs]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _stacked(rows: "Iterator[array[float]]") -> "array[float]":
    """
    All rows one after the other, or one row where all are the same: half of what is measured hardly ever varies.
    """
    first = next(rows)
    same = 1
    for row in rows:
        if row != first:
            matrix = first * same + row
            for other in rows:
                matrix += other
            return matrix
        same += 1
    return first


def pack(document: bytes) -> bytes:
    """
    An encoded run as it is kept.
    """
    return zlib.compress(document, _FASTEST)


def unpack(document: bytes, where: str) -> Run:
    """
    A run as it was kept.

    Raises:
        DocumentError: it is damaged.
    """
    try:
        return decode_run(zlib.decompress(document), where)
    except zlib.error as error:
        raise NotALedgerError(f"{where} is damaged: {error}") from error


def insert_run(database: sqlite3.Connection, run: Run, document: bytes) -> bool:
    """
    Keep a run within a transaction, as `Ledger.add` says.
    """
    known = database.execute("SELECT outcome FROM runs WHERE run_id = ?", (run.run_id,)).fetchone()
    if known and known[0] != "crashed":
        return False
    database.execute("DELETE FROM runs WHERE run_id = ?", (run.run_id,))
    _insert(database, run, document)
    return True


def _insert(database: sqlite3.Connection, run: Run, document: bytes) -> None:
    ran = {case.id: case for case in run.cases if case.outcome.is_pass or case.outcome.is_failure}
    numbers = _test_numbers(database, list(ran))
    cursor = database.execute(
        "INSERT INTO runs (run_id, suite, branch, commit_id, dirty, is_partial, outcome, started, ended, cases,"
        " failures, verdicts, tests, document, calibration_seconds, slowdown_ratio)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run.run_id,
            run.suite,
            run.branch,
            run.commit,
            run.dirty,
            run.is_partial,
            run.outcome.value,
            run.started,
            run.ended,
            len(run.cases),
            sum(case.outcome.is_failure for case in run.cases),
            len(run.verdicts),
            array("I", numbers.values()).tobytes(),
            pack(document),
            run.machine.calibration_seconds,
            run.machine.slowdown_ratio,
        ),
    )
    database.executemany(
        "INSERT INTO columns (run, measure, figures) VALUES (?, ?, ?)",
        (
            (cursor.lastrowid, measure, column.tobytes())
            for measure, column in sorted(_pack(list(ran.values())).items())
        ),
    )


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


def _past_run(row: Sequence[object]) -> PastRun:
    run_id, ended, duration, branch, commit, dirty, is_partial, cases, failures, verdicts = row[:10]
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
    )


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])
