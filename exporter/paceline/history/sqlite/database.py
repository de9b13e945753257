"""
The SQLite file of a history: its tables, its versions, and transactions on it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paceline.errors import DocumentError, StorageError
from paceline.files import make_private_folder
from paceline.history.sqlite.lock_wait import LONGEST_DEAF_SECONDS, LockWait, code_of

_APPLICATION_ID = 0x50414345
_VERSION = 9
# Within a transaction a lock is asked for again only where much is written while somebody reads.
_WITHIN_MILLISECONDS = 1000
# Raised by cells that are not of their type.
_UNREADABLE = (TypeError, ValueError, LookupError, ArithmeticError)
READ = "BEGIN"
WRITE = "BEGIN IMMEDIATE"
# What an exporter keeps beside the runs: counters, the parts of runs that are not complete, and the times of samples.
_SERVED_TABLES = (
    "CREATE INDEX runs_exposed ON runs (exposed_since) WHERE exposed_since IS NOT NULL",
    "CREATE TABLE totals (labels TEXT PRIMARY KEY, value REAL NOT NULL)",
    "CREATE TABLE shards (run_id TEXT PRIMARY KEY, whole TEXT NOT NULL, arrived REAL NOT NULL, document BLOB NOT NULL)",
)
_STAMPS = (
    "CREATE TABLE stamps (run INTEGER PRIMARY KEY REFERENCES runs (number) ON DELETE CASCADE, suite TEXT NOT NULL,"
    " stamp INTEGER NOT NULL, UNIQUE (suite, stamp))"
)
# By what a part is known when its document is in the whole.
_HEADS = ("ALTER TABLE shards ADD COLUMN head BLOB", "CREATE INDEX shards_by_whole ON shards (whole)")
_DEFAULT_BRANCH = "ALTER TABLE runs ADD COLUMN default_branch TEXT NOT NULL DEFAULT ''"
# A vector belongs to the latest run that has it.
_VECTORS = (
    "CREATE TABLE functions (number INTEGER PRIMARY KEY, name TEXT UNIQUE, file TEXT NOT NULL, line INTEGER NOT NULL)",
    (
        "CREATE TABLE vectors (fingerprint INTEGER PRIMARY KEY,"
        " run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE, content BLOB NOT NULL)"
    ),
    "CREATE INDEX vectors_by_run ON vectors (run)",
)
_OTHERS_CPU = "ALTER TABLE runs ADD COLUMN others_cpu_percent REAL"
_SCRAPERS = "CREATE TABLE scrapers (name TEXT PRIMARY KEY, visits BLOB NOT NULL)"
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
{_STAMPS};
{"; ".join(_HEADS)};
{_DEFAULT_BRANCH};
{"; ".join(_VECTORS)};
{_OTHERS_CPU};
{_SCRAPERS};
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
    3: (_STAMPS,),
    4: _HEADS,
    5: (_DEFAULT_BRANCH,),
    6: _VECTORS,
    7: (_OTHERS_CPU,),
    8: (_SCRAPERS,),
}


class NotALedgerError(DocumentError):
    """
    The file is damaged, or is no ledger at all: set it aside.
    """


@contextmanager
def connected(path: Path, *, begin: str = READ, lock_wait: LockWait | None = None) -> Iterator[sqlite3.Connection]:
    """
    A connection within one transaction, which is kept if nothing is raised; the file is made or upgraded first.

    Args:
        path: of the file, whose folder is made if it is missing.
        begin: READ or WRITE.
        lock_wait: waits while another process has the file locked.

    Raises:
        NotALedgerError: the file is damaged, or a database of another program.
        StorageError: the file cannot be read or written, or is of a newer version.
    """
    lock_wait = lock_wait or LockWait()
    try:
        make_private_folder(path.parent)
        database = _open(path)
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{path} cannot be opened: {error}") from error
    try:
        database.execute("PRAGMA foreign_keys = ON")
        lock_wait.tried(lambda: _begin(database, path, begin))
        database.execute(f"PRAGMA busy_timeout = {_WITHIN_MILLISECONDS}")
        yield database
        lock_wait.tried(lambda: database.execute("COMMIT"))
    except sqlite3.DatabaseError as error:
        raise _fault(path, error) from error
    except _UNREADABLE as error:
        if begin == WRITE and _is_sound(database):
            raise
        raise NotALedgerError(f"{path} is damaged: {type(error).__name__}: {error}") from error
    finally:
        database.close()


def _open(path: Path) -> sqlite3.Connection:
    # The probe of queries, and tools that trace a suite, watch `sqlite3.connect`: these are no queries of the suite.
    return sqlite3.Connection(path, timeout=LONGEST_DEAF_SECONDS, isolation_level=None)


def _fault(path: Path, error: sqlite3.DatabaseError) -> StorageError | NotALedgerError:
    # The statements are right, so that what SQLite does not understand are tables that are not as they were made.
    is_damage = not isinstance(error, sqlite3.OperationalError) or code_of(error) == sqlite3.SQLITE_ERROR
    if is_damage:
        return NotALedgerError(f"{path} is damaged: {error}")
    return StorageError(f"{path} cannot be used: {error}")


def _is_sound(database: sqlite3.Connection) -> bool:
    try:
        return bool(database.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.Error:
        return False


def shrink(path: Path) -> None:
    """
    Give the room of what was deleted back to the file system.

    Raises:
        StorageError: the disk is full, or the file is locked or damaged; it stays as it was.
    """
    database = _open(path)
    try:
        LockWait().tried(lambda: database.execute("VACUUM"))
    except sqlite3.Error as error:
        raise StorageError(f"{path} cannot be made smaller: {error}") from error
    finally:
        database.close()


def _begin(database: sqlite3.Connection, path: Path, begin: str) -> None:
    if database.in_transaction:
        database.execute("ROLLBACK")
    _make_ready(database, path)
    database.execute(begin)
    # Reading takes its lock now, so that what follows need not wait for one.
    database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()


def _make_ready(database: sqlite3.Connection, path: Path) -> None:
    # In this order: what another process creates meanwhile is there as a whole when its schema is.
    is_empty = _pragma(database, "schema_version") == 0
    application, version = _pragma(database, "application_id"), _pragma(database, "user_version")
    if is_empty and application in {0, _APPLICATION_ID}:
        _create(database)
    elif application != _APPLICATION_ID:
        raise NotALedgerError(f"{path} is a database of another program, expected a history of Paceline")
    elif version > _VERSION:
        raise StorageError(f"{path} has version {version}, expected at most {_VERSION}: upgrade paceline")
    elif version < _VERSION:
        _upgrade(database)


def _create(database: sqlite3.Connection) -> None:
    database.execute("BEGIN EXCLUSIVE")
    if _pragma(database, "schema_version") == 0:  # another process may have been faster
        for statement in filter(str.strip, _SCHEMA.split(";")):
            database.execute(statement)
    database.execute("COMMIT")


def _upgrade(database: sqlite3.Connection) -> None:
    database.execute(WRITE)
    # Another process may have been faster.
    for version in range(_pragma(database, "user_version"), _VERSION):
        for statement in _UPGRADES[version]:
            database.execute(statement)
    database.execute(f"PRAGMA user_version = {_VERSION}")
    database.execute("COMMIT")


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])
