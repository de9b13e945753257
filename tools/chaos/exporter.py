"""
Floods, fuzz and deaths of a real exporter.
"""

import gzip
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import requests
from msgspec import json

from paceline.documents import encode_run
from paceline.model import Run
from support.exporter import Exporter, exporter_in
from support.values import make_case, make_run
from tools.chaos.damages import damaged
from tools.chaos.row import Fault, Row

_CASES = [make_case(f"test_{number}") for number in range(100)]
_HUGE = b"1" + b"0" * 400
_SENDERS = 16
_WATCH = """
import json, select, sys, time, urllib.request
import psutil
slowest, memory, failures, process = 0.0, 0, 0, psutil.Process(int(sys.argv[2]))
while not select.select([sys.stdin], [], [], 0.05)[0]:
    started = time.monotonic()
    try:
        failures += urllib.request.urlopen(sys.argv[1], timeout=30).status != 200
        memory = max(memory, process.memory_info().rss)
    except OSError:
        failures += 1
    slowest = max(slowest, time.monotonic() - started)
print(json.dumps([slowest, memory, failures]))
"""
_HOLD = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print(1, flush=True)
time.sleep(60)
"""


class _Watch:
    """
    Asks the exporter all the time, from a process of its own, and looks at its memory.
    """

    def __init__(self, exporter: Exporter, path: str) -> None:
        pid = exporter.process.pid if exporter.process is not None else 0
        command = [sys.executable, "-c", _WATCH, f"{exporter.url}{path}", str(pid)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.slowest, self.memory, self.failures = 0.0, 0, 0

    def end(self) -> None:
        """
        Stop asking.
        """
        found, _ = self._process.communicate(b"end")
        self.slowest, self.memory, self.failures = json.decode(found, type=tuple[float, int, int])


@contextmanager
def _watched(row: Row, folder: Path, *options: str) -> Iterator[Exporter]:
    """
    An exporter under fire, which has to answer within the time of the row and to take a run afterwards.
    """
    with exporter_in(folder, *options) as exporter:
        watches = [_Watch(exporter, path) for path in ("/-/healthy", "/metrics")]
        try:
            yield exporter
        finally:
            for watch in watches:
                watch.end()
        row.took(watches[0].slowest, max(watch.memory for watch in watches))
        row.scrape_seconds = max(row.scrape_seconds, watches[1].slowest)
        row.wrong += sum(watch.failures for watch in watches)
        row.lost += exporter.push(make_run(999, _CASES)).status_code != 201


def _at_once(exporter: Exporter, bodies: Sequence[bytes], path: str = "/api/v1/runs", **headers: str) -> list[int]:
    def post(body: bytes) -> int:
        try:
            return exporter.post(body, path, **headers).status_code
        except requests.RequestException:
            return 0  # hung up while the body was sent

    with ThreadPoolExecutor(_SENDERS) as senders:
        return list(senders.map(post, bodies))


def _flood(make: Callable[[], bytes], packs: bool, times: int, row: Row, folder: Path) -> None:
    body = make()
    headers = {"Content-Encoding": "gzip"} if packs else {}
    with _watched(row, folder) as exporter:
        statuses = _at_once(exporter, [gzip.compress(body, 1) if packs else body] * times, **headers)
    row.times = times
    row.wrong += sum(status in {200, 201, 500} for status in statuses)


def _lives(make: Callable[[int], bytes], expected: int, times: int, row: Row, folder: Path) -> None:
    with _watched(row, folder) as exporter:
        statuses = _at_once(exporter, [make(number) for number in range(times)], "/api/v1/live")
        row.wrong += len(exporter.get("/metrics").content) > 8_000_000
    row.times = times
    row.wrong += sum(status != expected for status in statuses)


def _live(number: int, **fields: object) -> bytes:
    return json.encode({"run_id": f"run-{number}", "suite": f"suite-{number}", "branch": "main", **fields})


def _large_live(number: int) -> bytes:
    return _live(number, active={f"test_{place}_{'x' * 180}": place for place in range(4500)})


def _huge_live(number: int) -> bytes:
    return _live(number, ended=0).replace(b'"ended":0', b'"ended":%b' % _HUGE)


def _fuzz(row: Row, folder: Path) -> None:
    document = encode_run(make_run(1, _CASES))
    kinds = ("bytes", "block", "cut", "insert")
    bodies = [damaged(document, kinds[number % 4], random.Random(number)) for number in range(1000)]
    with _watched(row, folder) as exporter:
        statuses = _at_once(exporter, bodies)
    row.times = len(bodies)
    row.wrong += sum(status >= 500 or status == 0 for status in statuses)


def _fuzz_requests(row: Row, folder: Path) -> None:
    with _watched(row, folder) as exporter:
        host, port = exporter.url.removeprefix("http://").split(":")
        request = (
            b"POST /api/v1/runs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        )
        for number in range(1000):
            source = random.Random(number)
            with socket.create_connection((host, int(port)), 10) as connection:
                connection.sendall(damaged(request, source.choice(("bytes", "cut", "insert")), source) or b"\0")
    row.times = 1000


def _slow(row: Row, folder: Path) -> None:
    with _watched(row, folder) as exporter:
        host, port = exporter.url.removeprefix("http://").split(":")
        connections = [socket.create_connection((host, int(port)), 10) for _ in range(400)]
        head = b"POST /api/v1/runs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n"
        for _ in range(3):
            for connection in connections:
                connection.sendall(head)
            head = b" "
            time.sleep(0.5)
        for connection in connections:
            connection.close()
    row.times = len(connections)


def _few_descriptors(row: Row, folder: Path) -> None:
    exporter = Exporter(folder)
    exporter.start("sh", "-c", 'ulimit -n 64; exec "$@"', "sh")
    try:
        host, port = exporter.url.removeprefix("http://").split(":")
        started, body = time.monotonic(), encode_run(make_run(1, _CASES))
        connections = [socket.create_connection((host, int(port)), 10) for _ in range(200)]
        time.sleep(3)
        for connection in connections:
            connection.close()
        row.wrong += exporter.log.stat().st_size > 1 << 20
        # A sender tries again.
        row.lost += 201 not in {status for _ in range(5) for status in _at_once(exporter, [body])}
        row.took(time.monotonic() - started)
    finally:
        exporter.stop()


def _little_memory(row: Row, folder: Path) -> None:
    """
    Bodies that do not fit into the memory are refused, and the exporter goes on.
    """
    exporter = Exporter(folder)
    exporter.start("sh", "-c", 'ulimit -v 400000; exec "$@"', "sh")
    try:
        started, body = time.monotonic(), gzip.compress(b"[" + b"[]," * (20 << 20) + b"[]]", 1)
        statuses = _at_once(exporter, [body] * 16, **{"Content-Encoding": "gzip"})
        row.wrong += sum(status in {200, 201} for status in statuses)
        row.wrong += exporter.get("/-/healthy").status_code != 200
        row.lost += exporter.push(make_run(1, _CASES)).status_code != 201
        row.took(time.monotonic() - started)
    finally:
        exporter.stop()


def _kill(number: int, times: int, row: Row, folder: Path) -> None:
    exporter, acknowledged = Exporter(folder), list[str]()
    runs = iter([make_run(place, _CASES) for place in range(100_000 // 100)])
    lock = threading.Lock()

    def send(run: Run) -> None:
        try:
            if exporter.push(run).status_code == 201:
                with lock:
                    acknowledged.append(run.run_id)
        except requests.RequestException:
            pass  # nothing was promised

    for place in range(times):
        started = time.monotonic()
        exporter.start()
        row.took(time.monotonic() - started)
        with ThreadPoolExecutor(4) as senders:
            for _ in range(20):
                senders.submit(send, next(runs))
            time.sleep(0.05 + 0.03 * place)
            exporter.stop(number)
    exporter.start()
    kept = [run.run_id for _, _, run in exporter.ledger.summaries()]
    row.counted(acknowledged, kept)
    row.wrong += exporter.state("paceline_runs_total") != {"main,passed,shop": len(kept)}
    exporter.stop()


def _locked(row: Row, folder: Path) -> None:
    with exporter_in(folder) as exporter:
        exporter.push(make_run(1, _CASES))
        with subprocess.Popen(
            [sys.executable, "-c", _HOLD, exporter.data / "history.sqlite"], stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout is not None
            holder.stdout.readline()
            started = time.monotonic()
            row.wrong += exporter.push(make_run(2, _CASES)).status_code != 503
            row.took(time.monotonic() - started)
            row.wrong += exporter.get("/-/healthy").status_code != 200
            holder.kill()
        row.lost += exporter.push(make_run(2, _CASES)).status_code != 201


def _damaged(row: Row, folder: Path) -> None:
    with exporter_in(folder) as exporter:
        exporter.push(make_run(1, _CASES))
        ledger = exporter.data / "history.sqlite"
        sound = ledger.read_bytes()
        for number in range(20):
            other = exporter.data / "other"
            other.write_bytes(damaged(sound, "block", random.Random(number)))
            other.replace(ledger)
            started = time.monotonic()
            row.wrong += exporter.push(make_run(number + 2, _CASES)).status_code not in {200, 201, 503}
            row.took(time.monotonic() - started)
        (exporter.data / "other").write_bytes(sound)
        (exporter.data / "other").replace(ledger)
        row.lost += exporter.push(make_run(99, _CASES)).status_code != 201


def _files(row: Row, folder: Path) -> None:
    drop = folder / "drop"
    drop.mkdir()
    document = encode_run(make_run(1, _CASES))
    with _watched(row, folder, "--watch", str(drop)) as exporter:
        (drop / "a.json").write_bytes(
            document.replace(b'"test_type":"unit"', b'"test_type":"unit","attempts":%b' % _HUGE, 1)
        )
        with (drop / "b.json").open("wb") as file:
            file.truncate(64 << 30)
        (drop / "c.json.gz").write_bytes(gzip.compress(bytes(256 << 20), 1))
        for number in range(200):
            (drop / f"d{number}.json").write_bytes(damaged(document, "bytes", random.Random(number)))
        (drop / "z.json").write_bytes(encode_run(make_run(5, _CASES)))
        end = time.monotonic() + 30
        while "run-5" not in exporter.runs() and time.monotonic() < end:
            time.sleep(0.2)
        row.lost += "run-5" not in exporter.runs()
    row.times = 203


def _two_on_one_folder(row: Row, folder: Path) -> None:
    with exporter_in(folder) as exporter:
        command = [sys.executable, "-m", "paceline", "serve", "--data", str(exporter.data)]
        for _ in range(3):
            started = time.monotonic()
            done = subprocess.run(
                [*command, "--web.listen-address=127.0.0.1:0"], capture_output=True, check=False, timeout=60
            )
            row.took(time.monotonic() - started)
            row.wrong += done.returncode == 0
        row.lost += exporter.push(make_run(1, _CASES)).status_code != 201


def _same_id(row: Row, folder: Path) -> None:
    with exporter_in(folder) as exporter:
        statuses = [exporter.push(run).status_code for run in [make_run(1, _CASES)] * 5]
        other = exporter.push(make_run(1, _CASES, suite="another")).status_code
        row.took(0.0)
        row.times = 6
        row.doubled += statuses.count(201) - 1
        row.wrong += (other != 409) + (exporter.runs() != ["run-1"])


def _nested() -> bytes:
    return b'{"a":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"


def _many_cases() -> bytes:
    return b'{"schema":1,"cases":[' + b'{"id":"a","family":"a","test_type":"u","outcome":"passed"},' * 600_000 + b"{}]}"


def faults() -> list[tuple[str, Fault]]:
    """
    The rows of the exporter; `longest` is the slowest answer of /-/healthy.
    """
    zeros, lists = partial(bytes, 512 << 20), lambda: b"[" + b"[]," * (20 << 20) + b"[]]"
    secrets = lambda: json.encode({"schema": 1, "suite": "password=" * 100_000, "x": "a-" * 400_000})  # noqa: E731
    return [
        ("16 gzip bodies of 512 MiB of zeros", partial(_flood, zeros, True, 16)),
        ("16 gzip bodies, each 60 MiB of lists", partial(_flood, lists, True, 16)),
        ("8 bodies of 600,000 tests", partial(_flood, _many_cases, True, 8)),
        ("bodies nested a million deep", partial(_flood, _nested, False, 32)),
        ("names of a megabyte", partial(_flood, secrets, False, 32)),
        ("bodies of 40 MiB, unpacked", partial(_flood, partial(bytes, 40 << 20), False, 16)),
        ("60 live reports of 0.9 MB", partial(_lives, _large_live, 204, 60)),
        ("live reports with a number of 400 digits", partial(_lives, _huge_live, 400, 60)),
        ("1,000 damaged documents", _fuzz),
        ("1,000 damaged requests", _fuzz_requests),
        ("400 slow connections", _slow),
        ("64 descriptors and 200 connections", _few_descriptors),
        ("400 MB of address space and 16 gzip bodies", _little_memory),
        ("kill -9 while runs come in", partial(_kill, signal.SIGKILL, 12)),
        ("restarts while runs come in", partial(_kill, signal.SIGTERM, 5)),
        ("ledger locked", _locked),
        ("ledger damaged", _damaged),
        ("impossible files in the watched folder", _files),
        ("two exporters on one folder", _two_on_one_folder),
        ("two senders of one id", _same_id),
    ]
