"""
What the companion process costs: a session of half a second with and without it, in turn; a message; an idle second.

    python benchmarks/companion.py [--rounds 20]
"""

import argparse
import ctypes
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil
from tabulate import tabulate

from paceline.companion.boundaries import Boundaries
from paceline.companion.launch import start
from paceline.companion.order import Live, Order

_PR_SET_CHILD_SUBREAPER = 36
_MILLISECONDS = 1e3
_CONFTEST = """
    import os, pytest
    # A session with Paceline has most of what these import.
    from paceline.companion.launch import start
    from paceline.companion.order import Order
    companion = None

    def pytest_sessionstart(session):
        global companion
        if os.environ.get("COMPANION"):
            companion = start(Order(sample_seconds=1, project=os.getcwd()))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(item):
        if companion is not None:
            companion.boundaries.test_started(1)
        result = yield
        if companion is not None:
            companion.boundaries.test_ended(1)
        return result

    def pytest_sessionfinish():
        if companion is not None:
            assert not companion.finish(5).messages
            companion.close()
"""
_TESTS = """
    import pytest

    @pytest.mark.parametrize("number", range(300))
    def test(number): pass
"""


class Session(NamedTuple):
    """
    One session: seconds by the clock, CPU seconds of pytest and of the companion, KiB of the companion.
    """

    wall: float
    cpu: float
    companion_cpu: float = 0.0
    companion_kib: int = 0


def sessions(folder: Path, environ: Mapping[str, str]) -> Session:
    """
    Run the suite once. This process adopts the companion, so that the kernel says what it used.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    session = Session(wall, used.ru_utime + used.ru_stime)
    try:
        _, _, companion = os.wait4(-1, 0)
    except ChildProcessError:
        return session
    return session._replace(companion_cpu=companion.ru_utime + companion.ru_stime, companion_kib=companion.ru_maxrss)


def compare(rounds: int) -> list[list[object]]:
    """
    Sessions without and with the companion, in turn.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conftest.py").write_text(textwrap.dedent(_CONFTEST), "utf-8")
        Path(folder, "test_it.py").write_text(textwrap.dedent(_TESTS), "utf-8")
        both: dict[str, list[Session]] = {"without": [], "with": []}
        for _ in range(rounds):
            both["without"].append(sessions(Path(folder), {}))
            both["with"].append(sessions(Path(folder), {"COMPANION": "1"}))
    return [
        [
            f"{name} the companion",
            *(
                figure(column) * _MILLISECONDS
                for column in zip(*(row[:3] for row in rows), strict=True)
                for figure in (median, min)
            ),
            max(row.companion_kib for row in rows) / 1024,
        ]
        for name, rows in both.items()
    ]


def message_microseconds() -> float:
    """
    The CPU time of one message, at best of many rounds.
    """
    with _companion(None):
        folder = tempfile.mkdtemp()
        path = f"{folder}/messages"
        os.mkfifo(path)
        reader = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        boundaries = Boundaries(path)
        best = min(_round(boundaries, reader) for _ in range(200))
        boundaries.close()
        os.close(reader)
        Path(path).unlink()
        Path(folder).rmdir()
    return best


def _round(boundaries: Boundaries, reader: int, messages: int = 1000) -> float:
    began = time.thread_time()
    for key in range(messages):
        boundaries.test_started(key)
    seconds = time.thread_time() - began
    os.read(reader, 1 << 20)
    return seconds / messages * 1e6


def idle(live: Live | None, seconds: float, children: int = 0) -> list[float]:
    """
    Milliseconds of CPU a second, and MiB, of a companion that watches a test.
    """
    with _companion(live) as process:
        sleepers = [subprocess.Popen(["sleep", "60"]) for _ in range(children)]
        time.sleep(1)
        before = process.cpu_times()
        time.sleep(seconds)
        after = process.cpu_times()
        memory = process.memory_full_info()
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()
    used = after.user + after.system - before.user - before.system
    return [used / seconds * _MILLISECONDS, memory.rss / 2**20, memory.uss / 2**20]


@contextmanager
def _companion(live: Live | None) -> Iterator[psutil.Process]:
    companion = start(Order(sample_seconds=1, project=str(Path.cwd()), live=live))
    companion.boundaries.test_started(1)
    folder = str(Path(companion.fifo_path).parent)
    while not (found := [one for one in psutil.process_iter(["cmdline"]) if folder in (one.info["cmdline"] or ())]):
        time.sleep(0.01)
    yield found[-1]
    companion.finish(5)
    companion.close(5)
    os.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    headers = ["", "wall ms", "least", "CPU ms", "least", "companion's CPU ms", "least", "MiB"]
    print(tabulate(compare(rounds), headers, floatfmt=".1f"))
    print(f"\none message: {message_microseconds():.2f} µs of CPU\n")
    live = Live(run_id="1", suite="shop", port=0, server="http://127.0.0.1:9")
    rows = [
        ["no child process", *idle(None, 5)],
        ["10 child processes", *idle(None, 5, 10)],
        ["live", *idle(live, 5)],
    ]
    print(tabulate(rows, ["the companion, watching", "CPU ms a second", "MiB", "MiB of its own"], floatfmt=".1f"))


if __name__ == "__main__":
    main()
