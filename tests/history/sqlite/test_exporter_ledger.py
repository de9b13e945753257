"""
The ledger of an exporter: the times of samples.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from paceline.documents import encode_run
from paceline.history.sqlite.exporter_ledger import ServedLedger, Terms
from paceline.model import Run
from paceline.shards import Shard
from support.values import EPOCH, make_case, make_run


def _no_tally(_: Run) -> Mapping[tuple[str, ...], float]:
    return {}


_OF_VERSION_4 = (
    "DROP INDEX shards_by_whole; ALTER TABLE shards DROP COLUMN head; ALTER TABLE runs DROP COLUMN default_branch;"
    "DROP TABLE vectors; DROP TABLE functions; ALTER TABLE runs DROP COLUMN others_cpu_percent;"
    "DROP TABLE scrapers"
)
_TERMS = Terms(now=EPOCH, tally=_no_tally)


@pytest.fixture
def ledger(tmp_path: Path) -> ServedLedger:
    """
    An empty one.
    """
    return ServedLedger(tmp_path / "history.sqlite")


def test_counters_of_a_suite_go_with_its_last_run(ledger: ServedLedger) -> None:
    """
    So that a suite that is gone leaves /metrics; those of other suites count on.
    """
    terms = Terms(now=EPOCH, tally=lambda run: {("runs", run.suite, "main", "passed"): 1.0})
    for number, suite in enumerate(["old", "shop", "shop"]):
        run = make_run(number, [make_case()], suite=suite, ended=EPOCH + number)
        ledger.receive(run, encode_run(run), terms)
    ledger.prune(before=EPOCH + 2)

    assert ledger.totals() == {("runs", "shop", "main", "passed"): 2.0}


def _receive(ledger: ServedLedger, name: str, ended: float = EPOCH, **changes: object) -> None:
    run = make_run(1, [make_case()], run_id=name, ended=ended, **changes)
    ledger.receive(run, encode_run(run), _TERMS)


def _stamps(ledger: ServedLedger) -> dict[str, int]:
    return {run.run_id: run.stamp - round(EPOCH * 1e3) for run in ledger.exposed()}


def test_runs_of_one_millisecond_have_times_of_their_own(ledger: ServedLedger) -> None:
    """
    In the order in which they came, whatever their branch; the documents stay as they are.
    """
    for name, ended in (("b", EPOCH + 0.0004), ("a", EPOCH + 0.0001), ("d", EPOCH + 0.001), ("c", EPOCH)):
        _receive(ledger, name, ended, branch=f"of-{name}")
    kept = ledger.received("a")

    assert _stamps(ledger) == {"b": 0, "a": 1, "d": 2, "c": 3}
    assert kept is not None
    assert kept.ended == EPOCH + 0.0001


def test_other_suites_and_times_are_as_they_are(ledger: ServedLedger) -> None:
    """
    They have no series in common.
    """
    _receive(ledger, "a")
    _receive(ledger, "b", suite="other")
    _receive(ledger, "c", EPOCH + 0.002)

    assert _stamps(ledger) == {"a": 0, "b": 0, "c": 2}


def test_a_run_that_is_sent_again_keeps_its_time(ledger: ServedLedger) -> None:
    """
    Else it would be two samples.
    """
    for name in ("a", "b", "a", "b"):
        _receive(ledger, name)

    assert _stamps(ledger) == {"a": 0, "b": 1}


def test_a_late_run_takes_no_time_from_others(ledger: ServedLedger) -> None:
    """
    It is kept and counted, and not exposed.
    """
    run = make_run(1, [make_case()], run_id="late", ended=EPOCH)
    ledger.receive(run, encode_run(run), Terms(now=EPOCH, tally=_no_tally, oldest=EPOCH + 1))
    _receive(ledger, "a")

    assert _stamps(ledger) == {"a": 0}
    assert ledger.received("late") == run


def test_runs_that_an_earlier_version_exposed_have_their_end(ledger: ServedLedger) -> None:
    """
    As they had then.
    """
    _receive(ledger, "a")
    _receive(ledger, "b")
    with closing(sqlite3.connect(ledger.path)) as database:
        database.executescript(f"{_OF_VERSION_4}; DROP TABLE stamps; PRAGMA user_version = 3")

    assert _stamps(ledger) == {"a": 0, "b": 0}


def test_parts_that_waited_in_an_earlier_version_are_put_together(ledger: ServedLedger) -> None:
    """
    By their ids alone, as no more was kept of them.
    """
    for number in (1, 2):
        run = make_run(number, [make_case(f"test_{number}")], run_id=f"a.{number}of2")
        received = ledger.receive_part(Shard("a", number, 2), run, encode_run(run), _TERMS)
        with closing(sqlite3.connect(ledger.path)) as database:
            database.executescript(f"{_OF_VERSION_4}; PRAGMA user_version = 4")

    assert received.run is not None
    assert len(received.run.cases) == 2
