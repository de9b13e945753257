"""
What is said of errands.
"""

import gzip
from pathlib import Path

import pytest

from paceline.config import OutboxLimits
from paceline.delivery.exporter_sink import read_push
from paceline.delivery.messages import delivered, let_go, undelivered
from paceline.delivery.outbox import Box, Held, Outbox, Parcel, pack
from paceline.delivery.send_rounds import Errand, ErrandTally, deliver
from support.receiving import receiving
from support.servers import free_port
from support.values import make_run
from support.wording import REFUSED


def _held(*numbers: int) -> Held:
    return Held(*(pack(make_run(number)) for number in numbers))


def _errand(url: str, box: Box) -> Errand:
    return Errand(read_push(url, {}), box)


def test_a_user_reads_why_and_what_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    One line for what waits, and one for what was refused.
    """
    monkeypatch.chdir(tmp_path)
    url = f"http://127.0.0.1:{free_port()}"
    errands = [_errand(url, _held(1, 2)), _errand(url, Outbox(tmp_path / "results", "push", url))]
    errands[1].box.put(pack(make_run(1)))
    tallies = deliver(errands, 30)
    lines = [line for errand, tally in zip(errands, tallies, strict=True) for line in undelivered(errand, tally)]

    why = f"not sent to {url}: the connection failed ({REFUSED}), tried 3 times"
    assert lines == [
        f"2 runs were {why}; no outbox keeps them for a later try",
        f"1 run was {why}; it is sent with the next run, or by `paceline push`",
    ]


def test_a_user_reads_of_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What the server said, and where the run is now.
    """
    monkeypatch.chdir(tmp_path)
    with receiving([422], body=b'{"error": "no such thing"}') as exporter:
        errand = _errand(exporter.url, Outbox(tmp_path / "results", "push", exporter.url))
        errand.box.put(pack(make_run(1)))
        (tally,) = deliver([errand], 5)

    port = exporter.url.rpartition(":")[2]
    assert list(undelivered(errand, tally)) == [
        (
            f"1 run was refused by {exporter.url}: answered 422 In Words "
            '({"error": "no such thing"}); '
            f"kept in results/push/http%3A%2F%2F127.0.0.1%3A{port}/refused"
        )
    ]


def test_a_user_reads_which_were_refused_where_nothing_is_kept() -> None:
    """
    The first of them, by their ids.
    """
    with receiving(status=409) as exporter:
        errand = _errand(exporter.url, _held(*range(12)))
        (tally,) = deliver([errand], 30)

    assert list(undelivered(errand, tally)) == [
        (
            f"12 runs were refused by {exporter.url}: answered 409 In Words "
            '({"error":"no"}); not sent: run-0, run-1, run-2, run-3, '
            "run-4, run-5, run-6, run-7, run-8, run-9 and 2 more"
        )
    ]


def test_a_user_reads_of_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It is set aside, and the others go.
    """
    monkeypatch.chdir(tmp_path)
    with receiving() as exporter:
        errand = _errand(exporter.url, Outbox(tmp_path / "results", "push", exporter.url))
        for parcel in (Parcel("0", gzip.compress(b"{}" * 99, mtime=0)[:-9]), Parcel("1", b""), pack(make_run(1))):
            errand.box.put(parcel)
        (tally,) = deliver([errand], 5)

    port = exporter.url.rpartition(":")[2]
    assert exporter.run_ids == ["run-1"]
    assert list(undelivered(errand, tally)) == [
        (
            "2 files in the outbox are damaged and set aside: the outbox: empty, expected a run document; "
            f"kept in results/push/http%3A%2F%2F127.0.0.1%3A{port}/refused"
        )
    ]


def test_a_user_reads_how_often_it_was_tried() -> None:
    """
    Where it was more than once.
    """
    tally = ErrandTally(waiting=1, rounds=3, failure="answered 503 Service Unavailable")

    assert list(undelivered(_errand("http://exporter", _held(1)), tally)) == [
        (
            "1 run was not sent to http://exporter: answered 503 Service Unavailable, tried 3 times; "
            "no outbox keeps it for a later try"
        )
    ]


def test_a_user_reads_what_the_server_had() -> None:
    """
    And what it has to say of what it took.
    """
    errand = _errand("http://exporter", _held())
    tally = ErrandTally(sent=3, known=2, noted=3, note="run run-1 is kept and not exposed")

    assert delivered(errand, tally) == "1 run to http://exporter (push); the server had 2 runs already"
    assert list(undelivered(errand, tally)) == [
        "http://exporter: run run-1 is kept and not exposed; the same for 2 more runs"
    ]


def test_a_user_reads_what_waits_no_more() -> None:
    """
    What an outbox holds, and where the runs are.
    """
    assert let_go(_errand("http://exporter", _held()), 2, OutboxLimits()) == (
        "dropped 2 queued runs for http://exporter: the outbox keeps at most 1,000 runs, 256 MiB and 30 days; "
        "`paceline replay` sends the runs of the results folder"
    )
