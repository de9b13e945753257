"""
What is asked of what arrives, beyond being the document that it should be.
"""

from collections import Counter
from collections.abc import Mapping
from heapq import nlargest

from msgspec import Struct
from msgspec.structs import replace

from paceline.documents import decode_live_report, decode_run, encode_run
from paceline.errors import DocumentError
from paceline.formatting import counted
from paceline.history.sqlite.same_run import AHEAD, BEHIND
from paceline.identity import safe_text
from paceline.live_report import MOST_NAMED, LiveReport
from paceline.model import Run

# As far as Prometheus takes samples of the future; a clock that is off by less harms nobody.
_AHEAD_SECONDS = 60.0
# 9 September 2001: a clock that says less was never set.
_UNSET = 1e9
_MOST_TESTS, _MOST_VALUES = 200_000, 4_000_000


class Sender(Struct, frozen=True, kw_only=True):
    """
    Whom a run came from, and the time that the clock there showed when it was sent, where the sender says it.
    """

    name: str
    clock: float | None = None


def read_arrival(document: bytes, where: str, now: float) -> tuple[Run, bytes]:
    """
    Read a run, and put its time right where that cannot be.

    A run that ended in the past is taken as it is, as it may have waited for its delivery. One that ends in the
    future, or before clocks are set, is moved as a whole so that it ends now; its environment says by how much.

    Args:
        document: the run document.
        where: what to call it in an error.
        now: seconds since 1970.

    Returns:
        The run, and its document: the one that came, where nothing had to be put right.

    Raises:
        DocumentError: the document is not a run document, or has an impossible value.
    """
    _check_size(document, where)
    run = decode_run(document, where)
    _check(run, where)
    names = {name: safe_text(getattr(run, name)) for name in ("suite", "branch", "default_branch", "target_branch")}
    safe = replace(run, **names)
    arrived = _with_plausible_time(safe, now)
    # To encode a huge run once more takes as much memory as its document.
    return arrived, document if arrived == run else encode_run(arrived)


def read_report(document: bytes, where: str) -> LiveReport:
    """
    Read a report of a run under way, with its names made safe.

    Raises:
        DocumentError: the document is not a live report.
    """
    report = decode_live_report(document, where)
    _expect_name(report.suite, "suite", where)
    return replace(
        report,
        suite=safe_text(report.suite),
        branch=safe_text(report.branch),
        default_branch=safe_text(report.default_branch),
        shard=safe_text(report.shard),
        active={safe_text(test): seconds for test, seconds in _longest(report.active)},
        failed=tuple(safe_text(test) for test in report.failed[:MOST_NAMED]),
        budgets={},
    )


def _longest(active: Mapping[str, float]) -> list[tuple[str, float]]:
    """
    The tests that have been running longest, of more than can be shown.
    """
    if len(active) <= MOST_NAMED:
        return list(active.items())
    return nlargest(MOST_NAMED, active.items(), key=lambda one: one[1])


def clock_note(run: Run, clock: float | None, now: float) -> str:
    """
    The sentence for a sender whose clock is off; "" where it is not, or where nobody can tell.

    Args:
        run: the run, as `read_arrival` returns it.
        clock: the time by the sender's clock when the run was sent.
        now: the same time by the exporter's clock.
    """
    moved = run.environment.get(AHEAD, 0) or run.environment.get(BEHIND, 0)
    if run.ended == now and moved:
        off = f"{_minutes(float(moved))} {'ahead' if AHEAD in run.environment else 'behind'}"
        return f"the clock of the sender is {off}; the run is kept as if it had ended when it arrived"
    if clock is None or abs(clock - now) <= _AHEAD_SECONDS:
        return ""
    off = f"{_minutes(abs(clock - now))} {'ahead' if clock > now else 'behind'}"
    return f"the clock of the sender is {off}; the run is kept with the time of that clock"


def _minutes(seconds: float) -> str:
    return counted(round(seconds / 60), "minute")


def _check_size(document: bytes, where: str) -> None:
    """
    See that a document does not take many times its size while it is read.
    """
    if document.count(b'"outcome"') > _MOST_TESTS or document.count(b",") > _MOST_VALUES:
        raise DocumentError(f"{where}: more than {_MOST_TESTS} tests or {_MOST_VALUES} values")


def _check(run: Run, where: str) -> None:
    _expect_name(run.suite, "suite", where)
    for place, case in enumerate(run.cases):
        _expect_name(case.id, f"cases[{place}].id", where)
    if run.started > run.ended:
        raise DocumentError(f"{where}: started is {run.started!r}, expected at most {run.ended!r}, when it ended")
    # As they are exposed: two samples of one series at one time cannot both be taken.
    names = [safe_text(case.id) for case in run.cases]
    if len(set(names)) < len(names):
        name, count = Counter(names).most_common(1)[0]
        raise DocumentError(f"{where}: cases has {name[:100]!r} {count} times, expected each test once")


def _expect_name(name: str, place: str, where: str) -> None:
    # Prometheus drops a label with an empty value.
    if not name.strip():
        raise DocumentError(f"{where}: {place} is {name[:100]!r}, expected a name")


def _with_plausible_time(run: Run, now: float) -> Run:
    if _UNSET <= run.ended <= now + _AHEAD_SECONDS:
        return run
    key = AHEAD if run.ended > now else BEHIND
    environment = {**run.environment, key: round(abs(run.ended - now))}
    return replace(run, started=max(now - run.duration_seconds, 0.0), ended=now, environment=environment)
