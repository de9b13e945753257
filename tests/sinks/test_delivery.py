"""
Bringing runs to servers that misbehave.
"""

from pathlib import Path

import pytest

from paceline.client.endpoint import Endpoint
from paceline.sinks.delivery import Errand, deliver, undelivered
from paceline.sinks.otlp.collector import Collector
from paceline.sinks.otlp.metrics import OtlpMetrics
from paceline.sinks.outbox import Box, Held, Outbox, Parcel, pack
from paceline.sinks.push import read_push
from support.answering import answering, silence
from support.receiving import Receiving, receiving
from support.servers import free_port
from support.values import make_case, make_run


def _held(*numbers: int) -> Held:
    return Held(*(pack(make_run(number, [make_case()])) for number in numbers))


def _errand(url: str, box: Box) -> Errand:
    return Errand(read_push(url, {}), box)


def _counts(box: Box, server: Receiving, seconds: float = 10) -> tuple[int, int, int]:
    (tally,) = deliver([_errand(server.url, box)], seconds)
    return tally.sent, tally.refused, tally.waiting


def test_all_that_waits_goes_oldest_first() -> None:
    """
    What an exporter has already, it acknowledges as well.
    """
    box = _held(3, 1, 2)
    with receiving([201, 200]) as exporter:
        counts = _counts(box, exporter)

    assert counts == (3, 0, 0)
    assert exporter.run_ids == ["run-1", "run-2", "run-3"]


def test_a_server_in_trouble_is_asked_again() -> None:
    """
    Two failures and then a success are a success.
    """
    with receiving([500, 503]) as exporter:
        counts = _counts(_held(1), exporter)

    assert counts == (1, 0, 0)
    assert exporter.run_ids == ["run-1"] * 3


def test_a_run_that_a_server_cannot_digest_does_not_hold_up_the_next() -> None:
    """
    It is tried again after the others.
    """
    with receiving([500, 201, 201]) as exporter:
        counts = _counts(_held(1, 2, 3), exporter)

    assert counts == (3, 0, 0)
    assert exporter.run_ids == ["run-1", "run-2", "run-3", "run-1"]


def test_a_server_that_is_down_is_not_asked_for_each_run() -> None:
    """
    Three failures in a row are enough for a round.
    """
    with receiving(status=503) as exporter:
        counts = _counts(_held(*range(9)), exporter, 0.2)

    assert counts == (0, 0, 9)
    assert exporter.run_ids == ["run-0", "run-1", "run-2"]


def test_wrong_credentials_end_it_at_once() -> None:
    """
    They do not mend themselves: the runs wait for the next session.
    """
    with receiving(status=401) as exporter:
        counts = _counts(_held(1, 2), exporter)

    assert counts == (0, 0, 2)
    assert len(exporter.requests) == 1


def test_a_refused_run_is_kept_apart(tmp_path: Path) -> None:
    """
    It is not sent again by itself, and those behind it go.
    """
    with receiving([422]) as exporter:
        box = Outbox(tmp_path, "push", exporter.url)
        for number in (1, 2):
            box.put(pack(make_run(number)))
        counts, later = _counts(box, exporter), _counts(box, exporter)

    assert (counts, later) == ((1, 1, 0), (0, 0, 0))
    assert [path.name for path in box.refused.iterdir()] == ["001700003600000-run-1.json.gz"]


def test_no_server_holds_up_the_others_or_the_end() -> None:
    """
    Servers are asked at the same time, and none beyond the limit.
    """
    with answering(silence) as hanging, receiving() as exporter:
        tallies = deliver([_errand(hanging.url, _held(1)), _errand(exporter.url, _held(1))], 0.5)

    assert [(tally.sent, tally.waiting) for tally in tallies] == [(0, 1), (1, 0)]
    assert tallies[0].failure.startswith("no answer within ")


def test_a_damaged_parcel_is_kept_apart(tmp_path: Path) -> None:
    """
    It would stand in the way of all others for ever.
    """
    with receiving(status=200) as server:
        sink = OtlpMetrics(Collector(Endpoint(server.url), {}, "metrics"), lambda: ["main"])
        box = Outbox(tmp_path, sink.kind, sink.address)
        for parcel in (Parcel("0", b"damaged"), pack(make_run(1))):
            box.put(parcel)
        (tally,) = deliver([Errand(sink, box)], 5)

    assert (tally.sent, tally.refused, tally.waiting) == (1, 1, 0)
    assert tally.refusal == "the outbox: not compressed with gzip: Not a gzipped file (b'da')"


class _Broken:
    kind, address = "broken", "http://broken"

    def deliver(self, packed: bytes, seconds: float) -> None:
        raise ValueError(f"{len(packed) > 0}, {seconds > 0}")


def test_what_a_sink_did_not_expect_is_told() -> None:
    """
    An error inside a thread would be seen by nobody.
    """
    (tally,) = deliver([Errand(_Broken(), _held(1))], 5)

    assert (tally.waiting, tally.failure) == (1, "ValueError: True, True")


def test_a_user_reads_why_and_what_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    One line for what waits, and one for what was refused.
    """
    monkeypatch.chdir(tmp_path)
    url = f"http://127.0.0.1:{free_port()}"
    errands = [_errand(url, _held(1, 2)), _errand(url, Outbox(tmp_path / "results", "push", url))]
    errands[1].box.put(pack(make_run(1)))
    tallies = deliver(errands, 0.1)
    lines = [line for errand, tally in zip(errands, tallies, strict=True) for line in undelivered(errand, tally)]

    why = f"not sent to {url}: the connection failed (Connection refused)"
    assert lines == [
        f"2 runs were {why}; nothing is kept here that could be sent later",
        f"1 run was {why}; it goes with the next run, or by `paceline push`",
    ]


def test_a_user_reads_of_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What the server said, and where the run is now.
    """
    monkeypatch.chdir(tmp_path)
    with receiving([422], body=b"no such thing") as exporter:
        errand = _errand(exporter.url, Outbox(tmp_path / "results", "push", exporter.url))
        errand.box.put(pack(make_run(1)))
        (tally,) = deliver([errand], 5)

    port = exporter.url.rpartition(":")[2]
    assert list(undelivered(errand, tally)) == [
        (
            f"1 run was refused by {exporter.url}: answered 422 Unprocessable Entity (no such thing); "
            f"kept in results/push/http%3A%2F%2F127.0.0.1%3A{port}/refused"
        )
    ]
