"""
Other runs under known ids.
"""

from pathlib import Path
from typing import Any

import pytest

from paceline.documents import encode_run
from paceline.errors import ConflictError
from paceline.history.sqlite.exporter_ledger import Received, ServedLedger, Terms
from paceline.model import Run, RunOutcome
from paceline.server.report_checks import read_arrival
from paceline.shards import part_of
from support.values import EPOCH, HOUR, make_case, make_run


@pytest.fixture
def ledger(tmp_path: Path) -> ServedLedger:
    """
    An empty one.
    """
    return ServedLedger(tmp_path / "history.sqlite")


def _receive(ledger: ServedLedger, run: Run, now: float = EPOCH + 9 * HOUR) -> Received:
    run, document = read_arrival(encode_run(run), "the run", now)
    terms, part = Terms(now=now, tally=lambda _: {}), part_of(run.run_id)
    return ledger.receive_part(part, run, document, terms) if part else ledger.receive(run, document, terms)


def _part(name: str, number: int = 1, **changes: object) -> Run:
    return make_run(number, [make_case(f"test_{number}")], run_id=name, **changes)


@pytest.mark.parametrize(
    "changes", [{"suite": "e2e"}, {"started": EPOCH - 9}, {"started": EPOCH + 1, "ended": EPOCH + 3}]
)
def test_another_suite_or_start_is_another_run(ledger: ServedLedger, changes: dict[str, Any]) -> None:
    """
    It would be lost as a duplicate.
    """
    kept = make_run(0)
    _receive(ledger, kept)
    with pytest.raises(ConflictError):
        _receive(ledger, make_run(0, **changes))

    assert ledger.run("run-0") == kept


def test_what_a_crash_left_gives_way_to_a_whole_run_of_its_suite(ledger: ServedLedger) -> None:
    """
    A job that is done again has the same id, and begins later.
    """
    crashed, again = (make_run(number, run_id="a", outcome=RunOutcome.CRASHED) for number in (0, 1))
    other, whole = make_run(2, run_id="a", suite="e2e"), make_run(2, run_id="a", outcome=RunOutcome.FAILED)
    _receive(ledger, crashed)
    for one in (again, other):
        with pytest.raises(ConflictError):
            _receive(ledger, one)

    assert [_receive(ledger, one).is_new for one in (whole, whole)] == [True, False]
    assert ledger.run("a") == whole
    with pytest.raises(ConflictError):
        _receive(ledger, crashed)


@pytest.mark.parametrize("hours", [-2, 2, -(EPOCH - 60) / HOUR], ids=["behind", "ahead", "unset"])
def test_a_run_from_a_clock_that_is_off_is_known_again(ledger: ServedLedger, hours: float) -> None:
    """
    However much later it comes again, also when its time is no longer in the future, or as another exporter kept it.
    """
    run = make_run(0, started=EPOCH + hours * HOUR - 30.4, ended=EPOCH + hours * HOUR)
    first = _receive(ledger, run, EPOCH)
    again = [_receive(ledger, run, EPOCH + later) for later in (0.7, 60.0, 2 * HOUR - 59, 3 * HOUR)]
    kept = ledger.received(run.run_id)

    assert (first.is_new, [one.is_new for one in again]) == (True, [False] * 4)
    assert kept is not None
    assert not _receive(ledger, kept).is_new


def test_another_run_from_a_clock_that_is_off_is_another_run(ledger: ServedLedger) -> None:
    """
    As far as its own clock tells.
    """
    for number in (5, 6):
        run = make_run(number, run_id="a")
        if number == 5:
            _receive(ledger, run, EPOCH)
            continue
        with pytest.raises(ConflictError):
            _receive(ledger, run, EPOCH + 60)


def test_what_a_clock_said_may_be_anything(ledger: ServedLedger) -> None:
    """
    The environment is the sender's.
    """
    run = make_run(0, environment={"clock_ahead_seconds": "much"})

    assert [_receive(ledger, one).is_new for one in (run, run)] == [True, False]


def test_a_part_that_comes_again_is_known(ledger: ServedLedger) -> None:
    """
    While it waits and when it is in the whole; a whole one in the place of what a crash left is taken.
    """
    crashed, first, second = (_part("a.1of2", outcome=RunOutcome.CRASHED), _part("a.1of2"), _part("a.2of2", 2))

    assert [_receive(ledger, one).is_new for one in (crashed, first, first)] == [True, True, False]
    assert [_receive(ledger, one).is_new for one in (second, first, second)] == [True, False, False]


def test_a_part_that_crashed_is_waited_for(ledger: ServedLedger) -> None:
    """
    A job of several that is done again gives its part as a whole one, whenever it began.
    """
    crashed, other, again = (_part("a.1of2", outcome=RunOutcome.CRASHED), _part("a.2of2", 2), _part("a.1of2", 3))
    waiting = [_receive(ledger, one) for one in (crashed, other, crashed)]
    done = _receive(ledger, again)

    assert [(one.is_new, one.run) for one in waiting] == [(True, None), (True, None), (False, None)]
    assert done.run == ledger.run("a")
    assert done.run is not None
    assert (done.run.outcome, len(done.run.cases)) == (RunOutcome.PASSED, 2)


def test_a_part_that_is_done_again_too_late_is_a_run_of_its_own(ledger: ServedLedger) -> None:
    """
    The whole has by then what the crash left of it.
    """
    for one in (_part("a.1of2", outcome=RunOutcome.CRASHED), _part("a.2of2", 2)):
        _receive(ledger, one)
    (whole,) = ledger.receive_incomplete(EPOCH + 20 * HOUR, _TERMS)
    again = _part("a.1of2", 3)

    assert whole.run is not None
    assert (whole.run.outcome, len(whole.run.cases)) == (RunOutcome.CRASHED, 2)
    assert [_receive(ledger, one).is_new for one in (again, again)] == [True, False]
    assert ledger.run("a.1of2") == again


@pytest.mark.parametrize("is_complete", [False, True])
def test_a_part_of_another_session_is_another_run(ledger: ServedLedger, *, is_complete: bool) -> None:
    """
    Two steps of a job with one id and one place: of another suite, or of the same one later; also in another place.
    """
    _receive(ledger, _part("a.1of2"))
    if is_complete:
        _receive(ledger, _part("a.2of2", 2))
    for other in (_part("a.1of2", 3), _part("a.1of2", suite="e2e"), _part("a.2of2", suite="e2e")):
        with pytest.raises(ConflictError):
            _receive(ledger, other)

    assert _receive(ledger, _part("a.2of2", 2)).is_new is not is_complete


def test_a_whole_is_known_by_its_parts(ledger: ServedLedger) -> None:
    """
    Another exporter may have put it together; a session that is no part is another run.
    """
    for number in (1, 2):
        _receive(ledger, _part(f"a.{number}of2", number))
    whole = ledger.run("a")
    assert whole is not None
    with pytest.raises(ConflictError) as caught:
        _receive(ledger, _part("a", 5))

    assert not _receive(ledger, whole).is_new
    assert str(caught.value) == (
        "run a exists already (suite shop, begun at 2023-11-14 23:13:10 UTC); the new run differs (suite shop, begun at"
        " 2023-11-15 03:13:10 UTC): give each session an id of its own, or PACELINE_SHARD to the parts of one run"
    )


def test_what_a_crash_left_of_a_part_gives_way_to_no_other_session(ledger: ServedLedger) -> None:
    """
    That is no part: the whole has the other parts, too.
    """
    for one in (_part("a.1of2", outcome=RunOutcome.CRASHED), _part("a.2of2", 2)):
        _receive(ledger, one)
    ledger.receive_incomplete(EPOCH + 20 * HOUR, _TERMS)
    with pytest.raises(ConflictError):
        _receive(ledger, _part("a", 5))

    assert len(ledger.summaries()) == 1


def test_runs_of_one_second_are_told_apart(ledger: ServedLedger) -> None:
    """
    To the millisecond, as two steps of a job may follow one another at once.
    """
    _receive(ledger, make_run(0, run_id="a"))
    with pytest.raises(ConflictError) as caught:
        _receive(ledger, make_run(0, run_id="a", started=EPOCH - 9.0504))

    assert str(caught.value) == (
        "run a exists already (suite shop, begun at 2023-11-14 22:13:10.000 UTC); the new run "
        "differs (suite shop, begun"
        " at 2023-11-14 22:13:10.950 UTC): give each session an id of its own, or "
        "PACELINE_SHARD to the parts of one run"
    )


def test_a_session_that_is_no_part_is_none_of_the_parts_that_wait(ledger: ServedLedger) -> None:
    """
    They would be taken for known when they are put together.
    """
    _receive(ledger, _part("a.1of2"))
    with pytest.raises(ConflictError):
        _receive(ledger, _part("a", 2))

    assert _receive(ledger, _part("a.2of2", 2)).run == ledger.run("a")


def test_a_whole_that_comes_before_its_parts_holds_them(ledger: ServedLedger) -> None:
    """
    Those that wait go with it, and one that comes later is a run of its own, once.
    """
    _receive(ledger, _part("a.1of2"))
    whole = make_run(1, run_id="a", ended=EPOCH + 7 * HOUR)
    late = _part("a.2of2", 2)

    assert [_receive(ledger, one).is_new for one in (whole, late, late)] == [True, True, False]
    assert [one.is_new for one in ledger.receive_incomplete(EPOCH + 20 * HOUR, _TERMS)] == [False]
    assert ledger.run("a") == whole
    with pytest.raises(ConflictError):
        _receive(ledger, _part("a.2of2", 3))


_TERMS = Terms(now=EPOCH + 20 * HOUR, tally=lambda _: {})
