"""
What goes wrong on the way: nothing that was acknowledged is lost, and nothing is counted twice.
"""

import resource
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from paceline.delivery.exporter_sink import read_push
from paceline.delivery.outbox import pack
from paceline.model import Run
from support.exporter import Exporter, exporter_in
from support.receiving import receiving
from support.values import HOUR, make_case, make_run

_CASES = [make_case(f"test_{number}") for number in range(500)]


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """
    Killed while runs come in; afterwards each that was acknowledged is kept, exposed and counted once.
    """
    exporter = Exporter(tmp_path)
    exporter.start()
    with ThreadPoolExecutor(8) as senders:
        futures = [senders.submit(_push, exporter, make_run(number, _CASES)) for number in range(60)]
        while sum(future.done() for future in futures) < 10:
            time.sleep(0.01)
        exporter.stop(signal.SIGKILL)
        acknowledged = {run_id for future in futures if (run_id := future.result())}
    exporter.start()
    try:
        kept = {run.run_id for _, _, run in exporter.ledger.summaries()}

        assert len(acknowledged) >= 10
        assert acknowledged <= kept
        assert set(exporter.runs()) == kept
        assert exporter.state("paceline_runs_total") == {"main,passed,shop": len(kept)}
        assert exporter.state("paceline_cases_total") == {"main,passed,shop,unit": 500 * len(kept)}
    finally:
        exporter.stop()


def test_a_full_disk_is_said_and_mended(tmp_path: Path) -> None:
    """
    503 with the time to try again, as often as it takes; with room the same run is accepted.
    """
    exporter = Exporter(tmp_path)
    exporter.start()
    try:
        _limit_files(exporter, "65536")
        refused = [exporter.push(make_run(1, _CASES)) for _ in range(2)]
        _limit_files(exporter, "unlimited")
        accepted = exporter.push(make_run(1, _CASES))

        assert [answer.status_code for answer in refused] == [503, 503]
        assert refused[0].headers["Retry-After"] == "10"
        assert "history.sqlite cannot be used: " in refused[0].json()["error"]
        assert accepted.status_code == 201
        assert exporter.state("paceline_runs_total") == {"main,passed,shop": 1}
        assert "Traceback" not in exporter.log.read_text("utf-8")
    finally:
        exporter.stop()


def test_the_same_run_five_times_is_one(exporter: Exporter) -> None:
    """
    Also at once, and with others out of order between.
    """
    runs = [make_run(number, [make_case()]) for number in (3, 1, 3, 2, 3, 1, 3, 3)]
    with ThreadPoolExecutor(8) as senders:
        codes = list(senders.map(lambda run: exporter.push(run).status_code, runs))

    assert sorted(codes) == [200] * 5 + [201] * 3
    assert exporter.runs() == ["run-1", "run-2", "run-3"]
    assert exporter.state("paceline_runs_total") == {"main,passed,shop": 3}


def test_shards_are_one_run(exporter: Exporter) -> None:
    """
    In any order and more than once, with the time of the last; before all are there, none is exposed.
    """
    one = make_run(1, [make_case("test_a")], run_id="4711.1of2")
    two = make_run(2, [make_case("test_b")], run_id="4711.2of2")
    before = [exporter.push(run).json()["result"] for run in (two, two)]
    waiting = exporter.runs()
    after = [exporter.push(run).json()["result"] for run in (one, two, one)]
    samples = exporter.scrape()

    assert (before, waiting) == (["accepted", "duplicate"], [])
    assert after == ["accepted", "duplicate", "duplicate"]
    assert exporter.runs() == ["4711"]
    assert {time for _, _, time, _ in samples} == {round(two.ended * 1e3)}
    assert {dict(labels)["test"] for _, labels, _, _ in samples if "test" in dict(labels)} == {"test_a", "test_b"}
    assert exporter.state("paceline_runs_total") == {"main,passed,shop": 1}


def test_shards_that_never_come_are_not_waited_for(tmp_path: Path) -> None:
    """
    What came is a partial run; what comes later is a run of its own, so that it is not lost.
    """
    parts = [make_run(number, [make_case(f"test_{number}")], run_id=f"4711.{number}of3") for number in (1, 2, 3)]
    with exporter_in(tmp_path, "--shard-seconds=0") as exporter:
        exporter.push(parts[0])
        _wait_for(exporter, ["4711"])
        late = exporter.push(parts[1]).json()["result"]

        assert late == "accepted"
        assert exporter.push(parts[0]).json()["result"] == "duplicate"
        assert exporter.runs() == ["4711", "4711.2of3"]
        run = exporter.ledger.run("4711")
        assert run is not None
        assert run.is_partial


@pytest.mark.parametrize("hours", [-30, 5])
def test_a_clock_that_is_off_loses_nothing(exporter: Exporter, hours: int) -> None:
    """
    What says that it ended hours ago may have waited for its delivery, and is taken as it is; what ends in the
    future is moved to now, as Prometheus would drop it in silence.
    """
    now = time.time()
    run = make_run(1, [make_case()], started=now + hours * HOUR - 10, ended=now + hours * HOUR)
    exporter.push(run)
    (kept,) = [exporter.ledger.run("run-1")]

    assert kept is not None
    assert abs(kept.duration_seconds - 10) < 1e-3
    assert abs(kept.ended - (run.ended if hours < 0 else now)) < 60
    assert kept.environment == ({} if hours < 0 else {"clock_ahead_seconds": 5 * 3600})
    assert {stamp for _, _, stamp, _ in exporter.scrape()} == {round(kept.ended * 1e3)}


@pytest.mark.parametrize(
    ("ended", "clock", "note"),
    [
        (5, None, "the clock of the sender is 300 minutes ahead; the run is kept as if it had ended when it arrived"),
        (-5, -5, "the clock of the sender is 300 minutes behind; the run is kept with the time of that clock"),
        (-5, 0, ""),
    ],
)
def test_a_clock_that_is_off_is_reported(exporter: Exporter, ended: int, clock: int | None, note: str) -> None:
    """
    To the sender, in the log and as a counter; a run that waited for its delivery is no sign of a wrong clock.
    """
    now = time.time()
    end = now + ended * HOUR
    headers = {} if clock is None else {"Date": formatdate(now + clock * HOUR, usegmt=True)}
    answer = exporter.push(make_run(1, [make_case()], started=end - 10, ended=end), **headers)

    assert answer.status_code == 201
    assert answer.json().get("note", "") == note
    assert exporter.state("paceline_exporter_clock_skewed_runs_total") == ({"shop": 1} if note else {})
    assert (f"run run-1 of shop from 127.0.0.1: {note}" in exporter.log.read_text("utf-8")) is bool(note)


def test_the_plugin_says_the_time_of_its_clock() -> None:
    """
    With each run, so that the exporter can compare.
    """
    with receiving() as receiver:
        read_push(receiver.url, {}).deliver(pack(make_run(1)).packed, 5)
    sent = parsedate_to_datetime(receiver.requests[0].headers["Date"]).timestamp()

    assert abs(sent - time.time()) < 60


def test_slow_connections_hold_up_nobody(exporter: Exporter) -> None:
    """
    A thousand that send a part of their request and wait; a run is received beside them.
    """
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(min(limits[1], 4096), limits[0]), limits[1]))
    host, port = exporter.url.removeprefix("http://").split(":")
    head = b"POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"
    with ExitStack() as connections:
        for number in range(1000):
            connection = connections.enter_context(socket.create_connection((host, int(port))))
            connection.sendall(head[: 20 if number % 2 else len(head)])
        answer = exporter.push(make_run(1, [make_case()]))

        assert answer.status_code == 201
        assert exporter.runs() == ["run-1"]


def test_many_at_once_are_all_kept(exporter: Exporter) -> None:
    """
    50 that push at the same time.
    """
    with ThreadPoolExecutor(50) as senders:
        runs = [make_run(number, _CASES[:20]) for number in range(50)]
        codes = list(senders.map(lambda run: exporter.push(run).status_code, runs))

    assert codes == [201] * 50
    assert exporter.state("paceline_runs_total") == {"main,passed,shop": 50}


def _push(exporter: Exporter, run: Run) -> str:
    try:
        answer = exporter.push(run)
    except requests.RequestException:
        return ""
    return run.run_id if answer.ok else ""


def _limit_files(exporter: Exporter, size: str) -> None:
    assert exporter.process is not None
    command = ["prlimit", f"--pid={exporter.process.pid}", f"--fsize={size}:unlimited"]
    subprocess.run(command, check=True)


def _wait_for(exporter: Exporter, runs: list[str]) -> None:
    end = time.monotonic() + 30
    while exporter.runs() != runs:
        assert time.monotonic() < end
        time.sleep(0.1)
