"""
Bringing runs to servers that misbehave.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from paceline.delivery.exporter_sink import read_push
from paceline.delivery.otlp.collector import Collector
from paceline.delivery.otlp.otlp_metrics import OtlpMetrics
from paceline.delivery.outbox import Box, Held, Outbox, Parcel, pack
from paceline.delivery.send_rounds import Errand, deliver
from paceline.delivery.sink import Receipt, Sink
from paceline.errors import DeliveryError
from paceline.http.server_access import ServerAccess
from support.answering import answering, silence
from support.receiving import Receiving, receiving
from support.servers import free_port
from support.values import make_case, make_run
from support.wording import REFUSED


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
        counts = _counts(_held(*range(9)), exporter, 2)

    assert counts == (0, 0, 9)
    assert set(exporter.run_ids) == {"run-0", "run-1", "run-2"}


def test_where_nobody_listens_it_is_soon_over() -> None:
    """
    Three tries are enough for a server that is being started again; nobody waits a minute for one that is gone.
    """
    (tally,) = deliver([_errand(f"http://127.0.0.1:{free_port()}", _held(1, 2))], 60)

    assert (tally.waiting, tally.rounds) == (2, 3)
    assert tally.failure == f"the connection failed ({REFUSED})"


def test_a_server_that_comes_back_in_between_gets_all() -> None:
    """
    As after an update.
    """
    port, box = free_port(), _held(1, 2)
    errand = _errand(f"http://127.0.0.1:{port}", box)
    waiting = Event()
    errands = [Errand(_Noticing(errand.sink, waiting), box)]
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(deliver, errands, 60)
        waiting.wait()
        with receiving(port=port) as exporter:
            (tally,) = done.result()

    assert (tally.sent, tally.waiting) == (2, 0)
    assert exporter.run_ids == ["run-1", "run-2"]


def test_wrong_credentials_end_it_at_once() -> None:
    """
    They do not mend themselves: the runs wait for the next session.
    """
    with receiving(status=401) as exporter:
        counts = _counts(_held(1, 2), exporter)

    assert counts == (0, 0, 2)
    assert len(exporter.requests) == 1


@pytest.mark.parametrize("status", [409, 422])
def test_a_refused_run_is_kept_apart(tmp_path: Path, status: int) -> None:
    """
    It is not sent again by itself, and those behind it go.
    """
    with receiving([status]) as exporter:
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
        tallies = deliver([_errand(hanging.url, _held(1)), _errand(exporter.url, _held(1))], 3)

    assert [(tally.sent, tally.waiting) for tally in tallies] == [(0, 1), (1, 0)]
    assert tallies[0].failure.startswith("no answer within ")


def test_what_another_session_puts_there_meanwhile_is_its_own_business(tmp_path: Path) -> None:
    """
    It does not wait because of this one.
    """
    with receiving() as exporter:
        box = Outbox(tmp_path, "push", exporter.url)
        box.put(pack(make_run(1)))
        errand = Errand(_Adding(read_push(exporter.url, {}), box), box)
        (tally,) = deliver([errand], 60)

    assert (tally.sent, tally.waiting, tally.failure) == (1, 0, "")
    assert box.count() == 1


def test_a_damaged_parcel_is_kept_apart(tmp_path: Path) -> None:
    """
    It would stand in the way of all others for ever.
    """
    with receiving(status=200) as server:
        sink = OtlpMetrics(Collector(ServerAccess(server.url), {}, "metrics"), lambda: "main")
        box = Outbox(tmp_path, sink.kind, sink.address)
        for parcel in (Parcel("0", b"damaged"), pack(make_run(1))):
            box.put(parcel)
        (tally,) = deliver([Errand(sink, box)], 5)

    assert (tally.sent, tally.damaged, tally.waiting) == (1, 1, 0)
    assert tally.damage.startswith("the outbox: not compressed with gzip: ")


class _Adding:
    """
    A sink during whose work another run is put into the box.
    """

    kind = address = ""

    def __init__(self, sink: Sink, box: Box) -> None:
        self._sink, self._box = sink, box

    def deliver(self, packed: bytes, seconds: float) -> Receipt:
        receipt = self._sink.deliver(packed, seconds)
        self._box.put(pack(make_run(2)))
        return receipt


class _Noticing:
    """
    A sink that says when it was tried in vain.
    """

    def __init__(self, sink: Sink, failed: Event) -> None:
        self.kind, self.address = sink.kind, sink.address
        self._sink, self._failed = sink, failed

    def deliver(self, packed: bytes, seconds: float) -> Receipt:
        try:
            return self._sink.deliver(packed, seconds)
        except DeliveryError:
            self._failed.set()
            raise


class _Broken:
    kind, address = "broken", "http://broken"

    def deliver(self, packed: bytes, seconds: float) -> Receipt:
        raise ValueError(f"{len(packed) > 0}, {seconds > 0}")


def test_what_a_sink_did_not_expect_is_told() -> None:
    """
    An error inside a thread would be seen by nobody.
    """
    (tally,) = deliver([Errand(_Broken(), _held(1))], 5)

    assert (tally.waiting, tally.failure) == (1, "ValueError: True, True")
