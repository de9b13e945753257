"""
What is asked of a run that arrives.
"""

import pytest

from paceline.documents import encode_run
from paceline.errors import DocumentError
from paceline.model import Run
from paceline.server.report_checks import read_arrival, read_report
from support.values import EPOCH, HOUR, make_case, make_run

_RUN = make_run(0, [make_case()])


def _arrived(now: float, **changes: float) -> Run:
    return read_arrival(encode_run(make_run(0, [make_case()], **changes)), "it", now)[0]


@pytest.mark.parametrize("what", [b'"outcome"' * 200_001, b"," * 4_000_001], ids=["tests", "values"])
def test_a_document_of_too_many_is_refused_before_it_is_read(what: bytes) -> None:
    """
    It would take many times its size.
    """
    with pytest.raises(DocumentError, match="it: more than 200000 tests or 4000000 values"):
        read_arrival(what, "it", EPOCH)


@pytest.mark.parametrize("age", [-60.0, 0.0, HOUR, 1000 * HOUR])
def test_a_time_that_can_be_is_taken(age: float) -> None:
    """
    A minute ahead, and any time ago.
    """
    assert _arrived(EPOCH + age) == _RUN


def test_a_run_of_the_future_is_moved_to_now() -> None:
    """
    As a whole; its environment says how far.
    """
    run = _arrived(EPOCH - 2 * HOUR)

    assert (run.started, run.ended) == (EPOCH - 2 * HOUR - 10, EPOCH - 2 * HOUR)
    assert run.environment == {"clock_ahead_seconds": 7200}


def test_a_clock_that_was_never_set_says_nothing() -> None:
    """
    A run of 1970 ended now.
    """
    run = _arrived(EPOCH, started=5.0, ended=15.0)

    assert (run.started, run.ended) == (EPOCH - 10, EPOCH)
    assert run.environment == {"clock_behind_seconds": EPOCH - 15}


def test_names_are_made_safe() -> None:
    """
    Of runs and of reports, whatever the sender did.
    """
    run, document = read_arrival(encode_run(make_run(0, suite="a\nb", branch="token=hunter22")), "it", EPOCH)
    report = read_report(
        b'{"run_id": "x", "suite": "a\\nb", "branch": "main", "active": {"t[token=hunter22]": 1}}', "it"
    )

    assert (run.suite, run.branch) == ("a\\nb", "token=***")
    assert document == encode_run(run)
    assert (report.suite, list(report.active)) == ("a\\nb", ["t[token=***]"])


def test_a_document_that_needs_no_change_is_kept_as_it_came() -> None:
    """
    Blanks and all.
    """
    document = encode_run(_RUN).replace(b",", b" ,\n")

    assert read_arrival(document, "it", EPOCH) == (_RUN, document)
