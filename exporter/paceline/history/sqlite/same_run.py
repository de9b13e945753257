"""
Whether what comes under a known id is the run that is known, or another one that would be lost as a duplicate.
"""

from collections.abc import Iterator
from sqlite3 import Connection

from msgspec import UNSET
from msgspec.structs import replace

from paceline.documents import encode_run
from paceline.errors import ConflictError
from paceline.formatting import moment, precise_moment
from paceline.history.sqlite.rows import pack, unpack
from paceline.model import Run, RunOutcome

# What the environment of a run says that was moved on arrival, as its clock was off.
AHEAD, BEHIND = "clock_ahead_seconds", "clock_behind_seconds"
# It says so in whole seconds, of each time that the run was moved.
_MOVED_SECONDS = 2.0


def check_run(database: Connection, run: Run) -> None:
    """
    See that no other run has the id of this one.

    A run is known by its id, suite and start. One that was made of parts began with the first of them, so that whoever
    made it of the same parts may send it as well. What a crash left gives way to a whole run that began later, as a job
    that is done again has the same id.

    Raises:
        ConflictError: another run has the id of this run.
    """
    if _is_kept(database, run):
        return
    heads, kept = list(_heads(database, run.run_id)), list(_kept(database, run.run_id))
    if not heads and all(gives_way(one, run) for one in kept):
        return
    if not any(is_same(one, run) for one in heads + kept):
        raise _conflict((heads + kept)[-1], run)


def check_part(database: Connection, run: Run, whole: str) -> None:
    """
    See that no other session sent this part, unless a crash left it, and that all parts of the whole are of one suite.

    Raises:
        ConflictError: another session sent this part, or a part of the run is of another suite.
    """
    for part in _heads(database, whole):
        is_other = part.run_id == run.run_id and not is_same(part, run) and not gives_way(part, run)
        if part.suite != run.suite or is_other:
            raise _conflict(part, run)


def head_of(run: Run) -> bytes:
    """
    A run without its cases, to be known by when they are elsewhere.
    """
    return pack(encode_run(replace(run, cases=(), verdicts=(), unknown_fields=UNSET)))


def is_same(known: Run, run: Run) -> bool:
    """
    Whether two documents of one id are of one run: of one suite, and begun at one time by the clock of their machine.
    """
    is_moved = any(key in one.environment for one in (known, run) for key in (AHEAD, BEHIND))
    apart = abs(_told_start(known) - _told_start(run))
    return known.suite == run.suite and apart <= (_MOVED_SECONDS if is_moved else 0.0)


def gives_way(known: Run, run: Run) -> bool:
    """
    Whether a document is what a crash left of a run, and the other one is a whole run of that suite.
    """
    return known.outcome is RunOutcome.CRASHED is not run.outcome and known.suite == run.suite


def _told_start(run: Run) -> float:
    ahead, behind = (run.environment.get(key) for key in (AHEAD, BEHIND))
    # Whoever sent a run may have written anything there.
    return run.started + (ahead if isinstance(ahead, int) else 0) - (behind if isinstance(behind, int) else 0)


def _heads(database: Connection, whole: str) -> Iterator[Run]:
    rows = database.execute("SELECT run_id, head FROM shards WHERE whole = ? AND head IS NOT NULL", (whole,)).fetchall()
    return (unpack(head, f"part {run_id}") for run_id, head in rows)


def _is_kept(database: Connection, run: Run) -> bool:
    """
    Whether it is kept for certain, which is known without reading a document.
    """
    same = "SELECT 1 FROM runs WHERE run_id = ? AND suite = ? AND started = ?"
    return database.execute(same, (run.run_id, run.suite, run.started)).fetchone() is not None


def _kept(database: Connection, run_id: str) -> Iterator[Run]:
    rows = database.execute("SELECT document FROM runs WHERE run_id = ?", (run_id,)).fetchall()
    return (unpack(document, f"run {run_id}") for (document,) in rows)


def _conflict(known: Run, run: Run) -> ConflictError:
    is_close = known.started != run.started and moment(known.started) == moment(run.started)
    shown = precise_moment if is_close else moment
    of_known, of_run = (f"suite {one.suite}, begun at {shown(one.started)}" for one in (known, run))
    return ConflictError(
        f"run {known.run_id} exists already ({of_known}); the new run differs ({of_run}): give each session an id of"
        " its own, or PACELINE_SHARD to the parts of one run"
    )
