"""
What a test leaves behind.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from paceline.probes.children import ChildrenProbe
from paceline.probes.own_overhead import OwnWork
from paceline.usage import UsageKey
from support.measuring import measured

_THREADS, _PROCESSES = UsageKey.THREADS_LEFT, UsageKey.PROCESSES_LEFT


class _Left:
    """
    Threads and processes that wait to be ended.
    """

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.threads: list[threading.Thread] = []
        self._ending = threading.Event()

    def start(self, *, threads: int = 0, processes: int = 0) -> None:
        for _ in range(threads):
            self.threads.append(threading.Thread(target=self._ending.wait))
            self.threads[-1].start()
        for _ in range(processes):
            wait = [sys.executable, "-c", "input()"]
            self.processes.append(subprocess.Popen(wait, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL))

    def end(self) -> None:
        self._ending.set()
        for thread in self.threads:
            thread.join()
        for process in self.processes:
            process.communicate()


@pytest.fixture
def left() -> Iterator[_Left]:
    """
    What tests leave, cleared away at last.
    """
    made = _Left()
    yield made
    made.end()


def test_a_test_that_clears_up_leaves_nothing(left: _Left) -> None:
    """
    Threads and processes that have ended are not counted.
    """

    def call() -> None:
        left.start(threads=1, processes=1)
        left.end()

    assert measured(ChildrenProbe(OwnWork()), call) == {_THREADS: 0, _PROCESSES: 0}


def test_a_thread_that_runs_on_is_left(left: _Left) -> None:
    """
    Two of them are two.
    """
    usage = measured(ChildrenProbe(OwnWork()), lambda: left.start(threads=2))

    assert usage == {_THREADS: 2, _PROCESSES: 0}


def test_a_process_that_runs_on_is_left(left: _Left) -> None:
    """
    Those that were there before the test are not its own.
    """
    left.start(processes=1)
    usage = measured(ChildrenProbe(OwnWork()), lambda: left.start(processes=2))

    assert usage == {_THREADS: 0, _PROCESSES: 2}


def test_a_process_of_another_thread_is_left_too(left: _Left) -> None:
    """
    The kernel keeps a list of children for each thread.
    """

    def call() -> None:
        thread = threading.Thread(target=lambda: left.start(threads=1, processes=1))
        thread.start()
        thread.join()

    assert measured(ChildrenProbe(OwnWork()), call) == {_THREADS: 1, _PROCESSES: 1}


def test_a_process_that_has_ended_is_not_left(left: _Left) -> None:
    """
    Nobody waited for it yet, but it runs no more.
    """

    def call() -> None:
        left.start(processes=1)
        process = left.processes[0]
        assert process.stdin is not None
        process.stdin.close()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert measured(ChildrenProbe(OwnWork()), call)[_PROCESSES] == 0


def test_a_fixture_that_outlives_the_test_is_not_left(left: _Left) -> None:
    """
    What comes between pause and resume is not the test's.
    """
    probe = ChildrenProbe(OwnWork())

    def make_fixture() -> None:
        probe.pause()
        left.start(threads=1, processes=1)
        probe.resume()

    assert measured(probe, lambda: None, setup=make_fixture) == {_THREADS: 0, _PROCESSES: 0}


def test_an_end_is_no_debt(left: _Left) -> None:
    """
    A test that ends what was there before has left nothing, not less than nothing.
    """
    left.start(threads=1, processes=1)

    assert measured(ChildrenProbe(OwnWork()), left.end) == {_THREADS: 0, _PROCESSES: 0}
