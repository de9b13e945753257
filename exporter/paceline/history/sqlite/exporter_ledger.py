"""
The ledger of an exporter: the same file, with what is exposed, the counters, and parts of runs that wait.
"""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from sqlite3 import Connection
from typing import Any

from msgspec import Struct, json

from paceline.documents import encode_run
from paceline.formatting import milliseconds
from paceline.history.sqlite.database import WRITE, connected
from paceline.history.sqlite.ledger import Ledger
from paceline.history.sqlite.rows import insert_run, pack, unpack
from paceline.history.sqlite.same_run import check_part, check_run, gives_way, head_of
from paceline.metrics.counters import Key, added
from paceline.metrics.run_samples import free_stamp
from paceline.model import Run, RunOutcome
from paceline.shards import Shard, merge

Tally = Callable[[Run], Mapping[Key, float]]
_EXPOSED = (
    "SELECT run_id, runs.suite, branch, default_branch, ended, stamp, exposed_since"
    " FROM runs LEFT JOIN stamps ON run = number WHERE exposed_since IS NOT NULL"
)


class Exposed(Struct, frozen=True, kw_only=True):
    """
    A run that is on its way to Prometheus, since `since`.

    `stamp` is the time of its samples, in milliseconds since 1970: the end of the run, or a little later where other
    runs of the suite have that.
    """

    run_id: str
    suite: str
    branch: str
    default_branch: str = ""
    ended: float
    stamp: int
    since: float


class Terms(Struct, frozen=True, kw_only=True):
    """
    How runs are received: at what time, what each adds to the counters, and when a run has to have ended to be
    exposed at all.
    """

    now: float
    tally: Tally
    oldest: float = -inf

    def is_late(self, run: Run) -> bool:
        """
        Whether a run is kept, but not exposed.
        """
        return run.ended < self.oldest


class Received(Struct, frozen=True, kw_only=True):
    """
    What became of what was sent: whether it was new, the run that is kept now because of it, if one is, and how that
    is exposed, unless it is late.
    """

    is_new: bool
    run: Run | None = None
    exposed: Exposed | None = None


class ServedLedger(Ledger):
    """
    Keeps what is received in one transaction each: the run, that it is exposed, and what it adds to the counters.
    """

    def receive(self, run: Run, document: bytes, terms: Terms) -> Received:
        """
        Keep a run as `add` does, count it, and expose it from now on, unless it is late.

        Args:
            run: the run.
            document: the same run encoded.
            terms: when it came, and what is asked of it.

        Raises:
            ConflictError: another run has the id of this run.
        """
        with connected(self.path, begin=WRITE, lock_wait=self._lock_wait) as database:
            check_run(database, run)
            return _receive(database, run, document, terms)

    def receive_part(self, part: Shard, run: Run, document: bytes, terms: Terms) -> Received:
        """
        Keep a part of a run; with the last of them the whole is received. For a part that crashed a whole one is waited
        for, as it may be done again. A part that comes after the whole was made without it is a run of its own.

        Raises:
            ConflictError: another part has the id of this part, or the other parts of the run are of another suite.
        """
        with connected(self.path, begin=WRITE, lock_wait=self._lock_wait) as database:
            check_part(database, run, part.run_id)
            if _is_known_part(database, run):
                return Received(is_new=False)
            if database.execute("SELECT 1 FROM runs WHERE run_id = ?", (part.run_id,)).fetchone():
                check_run(database, run)
                return _receive(database, run, document, terms)
            database.execute(
                "INSERT OR REPLACE INTO shards (run_id, whole, arrived, document, head) VALUES (?, ?, ?, ?, ?)",
                (run.run_id, part.run_id, terms.now, pack(document), head_of(run)),
            )
            parts = _parts(database, part.run_id)
            if sum(one.outcome is not RunOutcome.CRASHED for one in parts) < part.parts:
                return Received(is_new=True)
            return _merged(database, part.run_id, parts, terms)

    def receive_incomplete(self, before: float, terms: Terms) -> list[Received]:
        """
        Make runs of parts that have waited since `before` for the rest, as far as they came.
        """
        with connected(self.path, begin=WRITE, lock_wait=self._lock_wait) as database:
            rows = database.execute(
                "SELECT whole FROM shards WHERE length(document) GROUP BY whole HAVING max(arrived) < ?", (before,)
            )
            return [_merged(database, whole, _parts(database, whole), terms) for (whole,) in rows.fetchall()]

    def count_rest(self, tally: Tally) -> int:
        """
        Count the runs that came by another way than through an exporter.

        Returns:
            How many those were.
        """
        with connected(self.path, lock_wait=self._lock_wait) as database:
            rows = database.execute("SELECT run_id FROM runs WHERE is_counted = 0").fetchall()
        for (run_id,) in rows:
            run = self.received(run_id)
            with connected(self.path, begin=WRITE, lock_wait=self._lock_wait) as database:
                if run is not None:
                    _count(database, run_id, tally(run))
        return len(rows)

    def exposed(self) -> list[Exposed]:
        """
        What is exposed, in the order in which it came.
        """
        with connected(self.path, lock_wait=self._lock_wait) as database:
            rows = database.execute(f"{_EXPOSED} ORDER BY exposed_since, number").fetchall()
        return [_exposed(row) for row in rows]

    def received(self, run_id: str) -> Run | None:
        """
        The run of that id.

        Raises:
            DocumentError: the document is damaged.
        """
        with connected(self.path, lock_wait=self._lock_wait) as database:
            row = database.execute("SELECT document FROM runs WHERE run_id = ?", (run_id,)).fetchone()
        return unpack(row[0], f"run {run_id} in {self.path}") if row else None

    def retire(self, run_ids: Sequence[str]) -> None:
        """
        Expose runs no longer.
        """
        with connected(self.path, begin=WRITE, lock_wait=self._lock_wait) as database:
            database.executemany("UPDATE runs SET exposed_since = NULL WHERE run_id = ?", [(one,) for one in run_ids])

    def stamps(self) -> dict[str, int]:
        """
        The times of the samples of runs, in milliseconds since 1970, by run id; of all runs that ever were exposed.
        """
        with connected(self.path) as database:
            return dict(database.execute("SELECT run_id, stamp FROM stamps JOIN runs ON run = number").fetchall())

    def scrapers(self) -> dict[str, bytes]:
        """
        The visits of each scraper, by its name, as they were kept.
        """
        with connected(self.path) as database:
            return dict(database.execute("SELECT name, visits FROM scrapers").fetchall())

    def keep_scrapers(self, scrapers: Mapping[str, bytes]) -> None:
        """
        Keep the visits of these scrapers, and of no other.
        """
        with connected(self.path, begin=WRITE) as database:
            database.execute("DELETE FROM scrapers")
            database.executemany("INSERT INTO scrapers (name, visits) VALUES (?, ?)", scrapers.items())

    def totals(self) -> dict[Key, float]:
        """
        The counters.
        """
        with connected(self.path, lock_wait=self._lock_wait) as database:
            rows = database.execute("SELECT labels, value FROM totals").fetchall()
        return {tuple(json.decode(labels, type=list[str])): value for labels, value in rows}

    def last_ends(self) -> dict[tuple[str, str, str], float]:
        """
        The end of the latest run by suite, branch and default branch.
        """
        query = "SELECT suite, branch, default_branch, max(ended) FROM runs GROUP BY suite, branch, default_branch"
        with connected(self.path, lock_wait=self._lock_wait) as database:
            rows = database.execute(query).fetchall()
        return {(suite, branch, default): ended for suite, branch, default, ended in rows}


def _receive(database: Connection, run: Run, document: bytes, terms: Terms) -> Received:
    crashed = _crashed(database, run.run_id)
    if not insert_run(database, run, document):
        return Received(is_new=False)
    exposed = None if terms.is_late(run) else _expose(database, run, terms.now)
    counts = terms.tally(run)
    _count(database, run.run_id, counts if crashed is None else added(counts, terms.tally(crashed)))
    return Received(is_new=True, run=run, exposed=exposed)


def _expose(database: Connection, run: Run, now: float) -> Exposed:
    stamp = _free_stamp(database, run)
    database.execute("UPDATE runs SET exposed_since = ? WHERE run_id = ?", (now, run.run_id))
    database.execute(
        "INSERT INTO stamps (run, suite, stamp) SELECT number, suite, ? FROM runs WHERE run_id = ?", (stamp, run.run_id)
    )
    return Exposed(
        run_id=run.run_id,
        suite=run.suite,
        branch=run.branch,
        default_branch=run.default_branch,
        ended=run.ended,
        stamp=stamp,
        since=now,
    )


def _free_stamp(database: Connection, run: Run) -> int:
    taken = "SELECT stamp FROM stamps WHERE suite = ? AND stamp >= ? ORDER BY stamp"
    later = database.execute(taken, (run.suite, milliseconds(run.ended)))
    return free_stamp(run.ended, (stamp for (stamp,) in later))


def _exposed(row: Sequence[Any]) -> Exposed:
    run_id, suite, branch, default_branch, ended, stamp, since = row
    # Runs that an earlier version exposed have the time of their end.
    known = milliseconds(ended) if stamp is None else stamp
    return Exposed(
        run_id=run_id,
        suite=suite,
        branch=branch,
        default_branch=default_branch,
        ended=ended,
        stamp=known,
        since=since,
    )


def _crashed(database: Connection, run_id: str) -> Run | None:
    row = database.execute(
        "SELECT document FROM runs WHERE run_id = ? AND outcome = 'crashed' AND is_counted", (run_id,)
    ).fetchone()
    return unpack(row[0], f"run {run_id}") if row else None


def _count(database: Connection, run_id: str, counts: Mapping[Key, float]) -> None:
    database.executemany(
        "INSERT INTO totals (labels, value) VALUES (?, ?)"
        " ON CONFLICT (labels) DO UPDATE SET value = value + excluded.value",
        [(json.encode(key).decode(), value) for key, value in counts.items()],
    )
    database.execute("UPDATE runs SET is_counted = 1 WHERE run_id = ?", (run_id,))


def _is_known_part(database: Connection, run: Run) -> bool:
    row = database.execute("SELECT document, head FROM shards WHERE run_id = ?", (run.run_id,)).fetchone()
    if row is None:
        return False
    document, head = row
    # An earlier version kept no head, and nothing of a part that is in the whole.
    known = unpack(document or head, f"part {run.run_id}") if document or head else run
    return not gives_way(known, run)


def _parts(database: Connection, whole: str) -> list[Run]:
    rows = database.execute(
        "SELECT run_id, document FROM shards WHERE whole = ? AND length(document) ORDER BY run_id", (whole,)
    ).fetchall()
    return [unpack(document, f"part {run_id}") for run_id, document in rows]


def _merged(database: Connection, whole: str, parts: Sequence[Run], terms: Terms) -> Received:
    run = merge(whole, parts)
    received = _receive(database, run, encode_run(run), terms)
    # The ids stay, so that a part that is sent again is known.
    database.execute("UPDATE shards SET document = x'' WHERE whole = ?", (whole,))
    return received
