"""
All runs in one SQLite file: each document whole, and its figures in columns that judgement reads at once.

A run is one row, and one row more for each measure, which holds the figures of all its tests as packed doubles.
Fifty runs of 10,000 tests are fifty short reads a measure, where one row a figure would be half a million.
"""

from collections.abc import Collection
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from msgspec import json

from paceline.analysis.past import PastRun
from paceline.documents import encode_run
from paceline.errors import DocumentError
from paceline.history.source import TimeSpan
from paceline.history.sqlite.columns import LedgerReader
from paceline.history.sqlite.database import WRITE, connected, shrink
from paceline.history.sqlite.lock_wait import LockWait
from paceline.history.sqlite.rows import SUMMARY, insert_run, past_run, unpack, unpacked
from paceline.history.sqlite.vectors import read_vectors, with_vectors
from paceline.model import Run
from paceline.work import Vectors


class Ledger:
    """
    The runs in one SQLite file; several processes may use it at once.

    Every method opens the file, does its work in one transaction and closes it, so that a process that is
    killed leaves no lock and no half a run.

    Raises:
        NotALedgerError: the file is damaged, or a database of another program.
        StorageError: the file cannot be read or written, or is of a newer version.
    """

    def __init__(self, path: Path, lock_wait: LockWait | None = None) -> None:
        self.path: Final = path
        self._lock_wait: Final = lock_wait or LockWait()

    def add(self, run: Run, document: bytes | None = None) -> bool:
        """
        Keep a run. A run whose id is known is left as it is, unless the kept one is what a crash left in its suite.

        Args:
            run: the run.
            document: the same run encoded, if it was encoded already.

        Returns:
            Whether the run was added.
        """
        with connected(self.path, begin=WRITE, lock_wait=self._lock_wait) as database:
            return insert_run(database, run, document if document is not None else encode_run(run))

    def reader(self, suite: str, branch: str, span: TimeSpan) -> LedgerReader:
        """
        A reader of the past of a suite on a branch.

        Args:
            suite: name of the suite.
            branch: name of the branch.
            span: which of its runs.
        """
        if not self.path.exists():
            return LedgerReader(self.path, self._lock_wait, (), [], {})
        with connected(self.path, lock_wait=self._lock_wait) as database:
            rows = database.execute(
                f"SELECT {SUMMARY}, number, tests FROM runs"  # noqa: S608 - a constant
                " WHERE suite = ? AND branch = ? AND ended BETWEEN ? AND ? AND run_id != ?"
                " ORDER BY ended DESC, number DESC LIMIT ?",
                (suite, branch, span.since, span.until, span.excluding, span.limit),
            ).fetchall()[::-1]
            names = dict(database.execute("SELECT number, id FROM tests")) if rows else {}
            tests = [(row[-2], unpacked("I", row[-1], f"{self.path}")) for row in rows]
            runs = tuple(map(past_run, rows))
        return LedgerReader(self.path, self._lock_wait, runs, tests, names)

    def summaries(self, suite: str | None = None, limit: int = -1) -> list[tuple[str, str, PastRun]]:
        """
        All runs, the latest first, as (suite, outcome, run).
        """
        if not self.path.exists():
            return []
        with connected(self.path, lock_wait=self._lock_wait) as database:
            rows = database.execute(
                f"SELECT {SUMMARY}, suite, outcome FROM runs"  # noqa: S608 - a constant
                " WHERE :suite IS NULL OR suite = :suite ORDER BY ended DESC, number DESC LIMIT :limit",
                {"suite": suite, "limit": limit},
            ).fetchall()
            return [(row[-2], row[-1], past_run(row)) for row in rows]

    def run(self, run_id: str) -> Run | None:
        """
        The run with this id, or with the only id that begins with it; None if no run fits.

        Raises:
            DocumentError: several ids begin with the given text.
        """
        if not self.path.exists():
            return None
        with connected(self.path, lock_wait=self._lock_wait) as database:
            rows = database.execute(
                "SELECT document, run_id FROM runs WHERE run_id = :id OR substr(run_id, 1, length(:id)) = :id"
                " ORDER BY run_id != :id LIMIT 2",
                {"id": run_id},
            ).fetchall()
            if len(rows) > 1 and rows[0][1] != run_id:
                raise DocumentError(f"several run ids begin with {run_id!r}, for example {rows[0][1]} and {rows[1][1]}")
            if not rows:
                return None
            return with_vectors(database, unpack(rows[0][0], f"run {rows[0][1]} in {self.path}"))

    def vectors(self, fingerprints: Collection[int]) -> Vectors:
        """
        The vectors of counted calls that are kept, by fingerprint.
        """
        if not fingerprints or not self.path.exists():
            return {}
        with connected(self.path, lock_wait=self._lock_wait) as database:
            return read_vectors(database, fingerprints)

    def prune(self, *, before: float = 0.0, keep: int | None = None, dry_run: bool = False) -> list[str]:
        """
        Forget runs. `shrink` gives their room back.

        Args:
            before: runs that ended earlier are forgotten.
            keep: number of latest runs that stay, of each suite and branch.
            dry_run: remove nothing, only return what would be removed.

        Returns:
            The ids of the runs that are forgotten.
        """
        if not self.path.exists():
            return []
        with connected(self.path, begin=WRITE, lock_wait=self._lock_wait) as database:
            rows = database.execute(
                "SELECT run_id, number FROM (SELECT run_id, number, ended, row_number() OVER"
                " (PARTITION BY suite, branch ORDER BY ended DESC, number DESC) AS place FROM runs)"
                " WHERE ended < ? OR place > ?",
                (before, keep if keep is not None else 1 << 62),
            ).fetchall()
            if not dry_run:
                database.executemany("DELETE FROM runs WHERE number = ?", [(number,) for _, number in rows])
                _forget_counters(database)
        return [run_id for run_id, _ in rows]

    def shrink(self) -> None:
        """
        Give the room of what was forgotten back to the file system.

        Raises:
            StorageError: the disk is full, or the file is locked or damaged; it stays as it was.
        """
        shrink(self.path)


def _forget_counters(database: Connection) -> None:
    """
    Forget what an exporter counted of suites that have no run any more.
    """
    suites = {suite for (suite,) in database.execute("SELECT DISTINCT suite FROM runs")}
    counted = [labels for (labels,) in database.execute("SELECT labels FROM totals")]
    gone = [(labels,) for labels in counted if json.decode(labels, type=list[str])[1] not in suites]
    database.executemany("DELETE FROM totals WHERE labels = ?", gone)
