"""
No request, file or report stops the exporter for the others.
"""

import gzip
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests
from msgspec import json

from paceline.identity import safe_text
from paceline.server.log_rate import RateLimit
from support.exporter import Exporter, exporter_in
from support.values import make_case, make_run

_HUGE = b"1" + b"0" * 400
_LARGEST_RSS = 512 << 20
# Each would be slow for a pattern that looks back.
_ADVERSARIAL = ["a", "-", "a:", "password=", "://", "a@b", "token ", "-u ", "sk-", "a-", "http://a:", '="', "eyJ", "A "]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Exporter]:
    """
    An exporter that looks into a folder.
    """
    (tmp_path / "drop").mkdir()
    with exporter_in(tmp_path, "--watch", str(tmp_path / "drop")) as exporter:
        yield exporter


def _until(condition: object, exporter: Exporter) -> None:
    end = time.monotonic() + 30
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, exporter.log.read_text("utf-8")
        time.sleep(0.1)


def test_a_file_with_an_impossible_number_stops_no_other(watched: Exporter, tmp_path: Path) -> None:
    """
    It is set aside, as is a file that is too large, and the next document is taken.
    """
    document = json.encode(make_run(1, [make_case()]))
    huge = document.replace(b'"test_type":"unit"', b'"test_type":"unit","attempts":%b' % _HUGE)
    assert huge != document
    (tmp_path / "drop" / "1.json").write_bytes(huge)
    with (tmp_path / "drop" / "2.json").open("wb") as file:
        file.truncate(8 << 30)  # without a block on the disk
    (tmp_path / "drop" / "3.json").write_bytes(document)
    _until(lambda: watched.runs() == ["run-1"], watched)

    assert sorted(path.name for path in (tmp_path / "drop" / "damaged").iterdir()) == ["1.json", "2.json"]
    assert watched.get("/-/healthy").status_code == 200


def _live(run_id: str, **fields: object) -> bytes:
    return json.encode({"run_id": run_id, "suite": run_id, "branch": "main", **fields})


def test_a_live_report_with_an_impossible_number_is_refused(watched: Exporter) -> None:
    """
    The metrics stay, for everybody.
    """
    report = _live("a", expected=0).replace(b'"expected":0', b'"expected":%b' % _HUGE)
    sample = _live("b", sample={"tree": {"threads": 0}}).replace(b'"threads":0', b'"threads":%b' % _HUGE)

    assert [watched.post(body, "/api/v1/live").status_code for body in (report, sample)] == [400, 400]
    assert watched.get("/metrics").status_code == 200


def test_many_large_live_reports_leave_the_metrics_small(watched: Exporter) -> None:
    """
    Of each run, the tests that have been running longest are shown.
    """
    active = {f"test_{number}_{'x' * 180}": number for number in range(4500)}
    bodies = [_live(f"run-{number}", active=active) for number in range(20)]
    statuses = {watched.post(body, "/api/v1/live").status_code for body in bodies}
    metrics = watched.get("/metrics").text

    assert (statuses, len(bodies[0]) > 800_000) == ({204}, True)
    assert len(metrics) < 4_000_000
    assert "test_4499_" in metrics


def test_a_flood_of_packed_bodies_leaves_memory_and_answers(watched: Exporter) -> None:
    """
    Each unpacks to a thousand times its size. The exporter says that it is alive meanwhile, and stays small.
    """
    body = gzip.compress(b'{"cases":[' + b"[]," * (20 << 20) + b"[]]}", 1)
    headers = {"Content-Encoding": "gzip"}
    process = psutil.Process(watched.process.pid if watched.process is not None else 0)
    slowest, most = 0.0, 0
    with ThreadPoolExecutor(16) as senders:
        futures = [senders.submit(watched.post, body, **headers) for _ in range(16)]
        while not all(future.done() for future in futures):
            started = time.monotonic()
            assert requests.get(f"{watched.url}/-/healthy", timeout=20).status_code == 200
            slowest = max(slowest, time.monotonic() - started)
            most = max(most, process.memory_info().rss)
    statuses = {future.result().status_code for future in futures}

    assert statuses <= {400, 503}
    assert (most < _LARGEST_RSS, slowest < 5) == (True, True)
    assert watched.push(make_run(1, [make_case()])).status_code == 201


@pytest.mark.parametrize("piece", _ADVERSARIAL)
def test_masking_takes_no_longer_for_texts_made_to_be_slow(piece: str) -> None:
    """
    A megabyte of them takes as long as what is shown of it.
    """
    started = time.process_time()
    shown = safe_text(piece * (1_000_000 // len(piece)))

    assert (len(shown) <= 200, time.process_time() - started < 2) == (True, True)
    assert safe_text(shown) == shown


def test_a_damaged_ledger_is_not_the_senders_fault(watched: Exporter) -> None:
    """
    The answer is 503, so that the run waits at its sender.
    """
    watched.push(make_run(1, [make_case()]))
    damaged = watched.data / "damaged"
    damaged.write_bytes(b"garbage" * 10_000)
    damaged.replace(watched.data / "history.sqlite")

    assert watched.push(make_run(2, [make_case()])).status_code == 503


def test_warnings_of_one_kind_are_limited() -> None:
    """
    Twenty in ten seconds, and then how many were left out; those of other kinds pass.
    """
    times = [0.0]
    limit = RateLimit(lambda: times[0])

    def logged(text: str) -> str | None:
        record = logging.LogRecord("asyncio", logging.WARNING, "", 0, text, (), None)
        return record.getMessage() if limit.filter(record) else None

    passed = [logged("no descriptors") for _ in range(1000)]
    other = logged("another")
    times[0] = 11.0

    assert (sum(text is not None for text in passed), other) == (20, "another")
    assert logged("no descriptors") == "no descriptors (980 lines like this were left out)"
