"""
What load tests cost and say, beside other generators, against one server on this machine.

    python benchmarks/load.py [--rounds 3] [--seconds 3] [--parts cpu,rate,stall,calls,scaling]

wrk, hey, vegeta and the like run where they are on PATH, Locust and aiohttp where they are installed.
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import textwrap
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

from tabulate import tabulate

from paceline.testkit import load_test

_USERS, _RATE, _STALL_RATE = 20, 1000, 200
_MICROSECONDS, _MILLISECONDS = 1e6, 1e3
# Answers at once; `/5ms` after 5 ms; `/stall` too, but for two seconds from the third second on of the first request.
_SERVER = """
import asyncio, sys, time
try:
    import uvloop; new_loop = uvloop.new_event_loop
except ImportError:
    new_loop = asyncio.new_event_loop
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: keep-alive\\r\\n\\r\\nok"
begun = 0.0

class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        global begun
        self.buffer += data
        while (end := self.buffer.find(b"\\r\\n\\r\\n")) >= 0:
            head, self.buffer = self.buffer[:end], self.buffer[end + 4:]
            if b"/5ms" in head:
                loop.call_later(0.005, self.answer)
            elif b"/stall" in head:
                begun = begun or time.monotonic()
                into = time.monotonic() - begun
                loop.call_later(5 - into if 3 <= into < 5 else 0.005, self.answer)
            else:
                self.answer()

    def answer(self):
        if not self.transport.is_closing():
            self.transport.write(ANSWER)

async def main():
    server = await loop.create_server(Server, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

loop = new_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
"""
_AIOHTTP = """
import asyncio, sys, time, aiohttp
url, seconds, users = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
rate = float(sys.argv[4]) if len(sys.argv) > 4 else 0
times = []

async def user(session, number, end):
    due = time.monotonic() + (number / rate if rate else 0)
    while time.monotonic() < end:
        if rate:
            await asyncio.sleep(max(due - time.monotonic(), 0))
            due += users / rate
        began = time.monotonic()
        async with session.get(url) as answer:
            await answer.read()
        times.append(time.monotonic() - began)

async def main():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=users)) as session:
        end = time.monotonic() + seconds
        await asyncio.gather(*(user(session, number, end) for number in range(users)))

asyncio.run(main())
times.sort()
print(len(times), times[len(times) // 2], times[int(len(times) * 0.99)])
"""
_LOCUST = """
from locust import FastHttpUser, task
class User(FastHttpUser):
    @task
    def get(self):
        self.client.get("/")
"""


class Sent(NamedTuple):
    """
    What a generator did: requests, CPU seconds, and the seconds of 50% and 99% of the answers.
    """

    requests: int
    cpu_seconds: float
    p50: float = 0.0
    p99: float = 0.0


Generator = Callable[[str, float, int], Sent]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--parts", default="cpu,rate,stall,calls,scaling")
    given = parser.parse_args()
    parts = {"cpu": _cpu, "rate": _rate, "stall": _stall, "calls": _calls, "scaling": _scaling}
    for part in given.parts.split(","):
        parts[part](given.rounds, given.seconds)


def _cpu(rounds: int, seconds: float) -> None:
    generators: dict[str, Generator] = {"paceline, one process": _paceline}
    generators |= {"wrk": _wrk} if shutil.which("wrk") else {}
    generators |= {"hey": _hey} if shutil.which("hey") else {}
    generators |= {"vegeta": _vegeta} if shutil.which("vegeta") else {}
    generators |= {"aiohttp": _aiohttp} if _has("aiohttp") else {}
    generators |= {"Locust FastHttpUser": _locust} if _has("locust") else {}
    found: defaultdict[str, list[Sent]] = defaultdict(list)
    with _server() as url:
        for _ in range(rounds):
            for name, generator in generators.items():
                found[name].append(generator(url, seconds, _USERS))
    rows = [
        (
            name,
            median(one.cpu_seconds / one.requests for one in sent) * _MICROSECONDS,
            median(one.requests for one in sent) / seconds,
        )
        for name, sent in found.items()
    ]
    _show(f"{_USERS} users without a pause: CPU of the generator", ("", "µs/request", "requests/s"), rows)


def _rate(rounds: int, seconds: float) -> None:
    rows = []
    with _server() as url:
        for number in range(rounds):
            ours = load_test(f"{url}/5ms", duration_seconds=seconds, requests_per_second=_RATE, processes=1)
            row: list[object] = [number + 1, _ms(ours.latency.p50), _ms(ours.generator.lag_p50_seconds)]
            row.append(_ms(_hey(f"{url}/5ms", seconds, _USERS, _RATE).p50) if shutil.which("hey") else None)
            row.append(_ms(_aiohttp(f"{url}/5ms", seconds, _USERS, _RATE).p50) if _has("aiohttp") else None)
            rows.append(row)
    names = ("round", "paceline", "its lag", "hey", "aiohttp")
    _show(f"{_RATE:,} requests a second on a server that takes 5 ms: median in ms", names, rows)


def _stall(rounds: int, _: float) -> None:
    rows = []
    for number in range(rounds):
        with _server() as url:
            ours = load_test(f"{url}/stall", duration_seconds=10, requests_per_second=_STALL_RATE, processes=1)
        row: list[object] = [
            number + 1,
            _ms(ours.latency.p50),
            _ms(ours.latency.p90),
            _ms(ours.latency.p99),
            _ms(ours.latency.max),
        ]
        with _server() as url:
            row.append(_ms(_hey(f"{url}/stall", 10, _USERS, _STALL_RATE).p99) if shutil.which("hey") else None)
        rows.append(row)
    names = ("round", "p50", "p90", "p99", "max", "hey's p99")
    _show("a stall of 2 s in 10 s at 200 a second, in ms: the truth is 5, 1,000, 1,900, 2,000", names, rows)


def _calls(rounds: int, seconds: float) -> None:
    rows = []
    for _ in range(rounds):
        result = load_test(_nothing, 1, seconds, 0)
        rows.append((result.requests / seconds, (result.generator.cpu_seconds or 0) / result.requests * _MICROSECONDS))
    _show("a function that does nothing", ("calls/s", "µs/call"), rows)


def _scaling(rounds: int, seconds: float) -> None:
    rows = []
    for _ in range(rounds):
        with _server() as first, _server() as second:
            one = load_test(first, _USERS, seconds, 0, processes=1)
            two = load_test([first, second], 2 * _USERS, seconds, 0, processes=2)
        rows.append((one.throughput, two.throughput, two.throughput / one.throughput, os.cpu_count()))
    _show(
        "a second process of the generator",
        ("one: requests/s", "two", "times", "CPUs (each server uses one)"),
        rows,
    )


def _nothing() -> None:
    """
    A call.
    """


def _paceline(url: str, seconds: float, users: int) -> Sent:
    result = load_test(url, users, seconds, 0, processes=1)
    return Sent(result.requests, result.generator.cpu_seconds or 0.0, result.latency.p50, result.latency.p99)


def _wrk(url: str, seconds: float, users: int) -> Sent:
    cpu, output = _run("wrk", "-t1", f"-c{users}", f"-d{seconds:g}s", url)
    return Sent(int(_number(r"(\d+) requests in", output)), cpu)


def _hey(url: str, seconds: float, users: int, rate: int = 0) -> Sent:
    limit = ["-q", str(rate // users)] if rate else []
    cpu, output = _run("hey", "-z", f"{seconds:g}s", "-c", str(users), *limit, url)
    requests = sum(int(count) for count in re.findall(r"\[200\]\s+(\d+) responses", output))
    quantiles = [_number(rf"{percent}%+ in ([\d.]+) secs", output) for percent in (50, 99)]
    return Sent(requests, cpu, *quantiles)


def _vegeta(url: str, seconds: float, users: int) -> Sent:
    attack = f"vegeta attack -rate 0 -max-workers {users} -duration {seconds:g}s | vegeta report"
    cpu, output = _run("sh", "-c", f"echo 'GET {url}' | {attack}")
    return Sent(int(_number(r"Requests.*?\]\s+(\d+)", output)), cpu)


def _aiohttp(url: str, seconds: float, users: int, rate: int = 0) -> Sent:
    limit = [str(rate)] if rate else []
    cpu, output = _run(sys.executable, "-c", _AIOHTTP, url, str(seconds), str(users), *limit)
    count, p50, p99 = output.split()
    return Sent(int(count), cpu, float(p50), float(p99))


def _locust(url: str, seconds: float, users: int) -> Sent:
    program = f"{_LOCUST}\nfrom locust.main import main\nmain()"
    cpu, output = _run(
        sys.executable, "-c", program, "-f", _locustfile(), "--headless", "-u", str(users), "-r", str(users),
        "-t", f"{seconds:g}s", "-H", url, "--only-summary",
    )  # fmt: skip
    return Sent(int(_number(r"Aggregated\s+(\d+)", output)), cpu)


def _locustfile() -> str:
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"paceline-locust-{os.getpid()}.py")  # noqa: S108, PTH118
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(_LOCUST)
    return path


def _run(*command: str) -> tuple[float, str]:
    """
    CPU seconds and output of a command and its children.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout + done.stderr


def _has(module: str) -> bool:
    # Not by `find_spec`: gevent, which Locust imports, is not imported here either.
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


@contextmanager
def _server() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_SERVER)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()
            time.sleep(0.1)


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else float("nan")


def _ms(seconds: float) -> float:
    return seconds * _MILLISECONDS


def _show(title: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    print(f"\n{title}\n")
    print(tabulate(rows, headers=names, floatfmt=",.2f"))


if __name__ == "__main__":
    main()
