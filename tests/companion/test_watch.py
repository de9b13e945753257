"""
The companion's loop, in this process.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from paceline.companion.boundaries import Boundaries
from paceline.companion.sampler import Sampler
from paceline.companion.session_process import SessionProcess
from paceline.companion.watch import Loop, watch

_MEBIBYTE = 1 << 20


@pytest.fixture
def boundaries(tmp_path: Path) -> Iterator[Boundaries]:
    """
    What a process that runs tests has of the companion.
    """
    for name in ("messages", "requests", "answers"):
        os.mkfifo(tmp_path / name)
    boundaries = Boundaries.open(str(tmp_path / "messages"))
    assert boundaries is not None
    yield boundaries
    boundaries.close()


@pytest.fixture
def loop(tmp_path: Path, boundaries: Boundaries) -> Iterator[Loop]:
    """
    The loop, of which each step is called by the test.
    """
    assert boundaries is not None
    loop = Loop(str(tmp_path), Sampler(os.getpid(), str(tmp_path)))
    yield loop
    loop.close()


@contextlib.contextmanager
def _holding(mebibytes: int) -> Iterator[None]:
    """
    A child process that holds so much memory.
    """
    script = f"import sys; x = b'x' * ({mebibytes} << 20); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.communicate()


def test_the_memory_of_child_processes_is_that_of_their_test(loop: Loop, boundaries: Boundaries) -> None:
    """
    A process that was there before counts for neither, and the second test sees nothing of the first.
    """
    with _holding(64):
        boundaries.test_started(1)
        loop.look()
        with _holding(100):
            loop.look()
        boundaries.test_ended(1)
        boundaries.test_started(2)
        loop.look()

    assert list(loop.children.peaks) == [(os.getpid(), 1)]
    assert 100 * _MEBIBYTE <= loop.children.peaks[os.getpid(), 1] < 150 * _MEBIBYTE


def test_grandchildren_count(loop: Loop, boundaries: Boundaries) -> None:
    """
    A test may start a shell that starts the program.
    """
    boundaries.test_started(1)
    loop.look()
    script = f"{sys.executable} -c \"x = b'x' * (100 << 20); print(flush=True); input()\"; exit 0"
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        loop.look()
        process.communicate(b"\n")

    assert loop.children.peaks[os.getpid(), 1] > 100 * _MEBIBYTE


def test_a_look_belongs_to_the_test_that_ran_then(loop: Loop, boundaries: Boundaries) -> None:
    """
    Though its end and the start of the next test are read together.
    """
    boundaries.test_started(1)
    loop.look()
    boundaries.test_ended(1)
    with _holding(100):
        boundaries.test_started(2)
        boundaries.test_ended(2)
        loop.look()

    assert loop.children.peaks == {}


def test_a_process_that_is_gone_is_not_looked_at(loop: Loop, boundaries: Boundaries) -> None:
    """
    A worker that has ended.
    """
    ended = subprocess.Popen(["true"])
    ended.wait()
    boundaries.send(b"S %d 1 1\n" % ended.pid)
    boundaries.test_started(1)
    loop.look()
    loop.look()

    assert loop.children.processes == [os.getpid()]


def test_looking_takes_a_small_share_of_a_cpu(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A look that took 10 ms is followed by none for 200 ms, and any by none for 50 ms.
    """
    times = iter([1.0, 1.01, 2.0, 2.0001])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    loop.look()
    slow = loop.next_look
    loop.look()

    assert slow == pytest.approx(1.21)
    assert loop.next_look == pytest.approx(2.0501)


@pytest.mark.timeout(60)
def test_slow_looks_follow_each_other(tmp_path: Path, boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A sample that takes longer than the interval is followed by the next one, until the session ends.
    """
    assert boundaries is not None
    samples: list[int] = []
    lives = iter([True] * 5)
    monkeypatch.setattr(SessionProcess, "is_alive", lambda _: next(lives, False))

    def sample(_: Sampler) -> None:
        time.sleep(0.06)
        samples.append(1)

    monkeypatch.setattr(Sampler, "sample", sample)
    watch(str(tmp_path), os.getpid(), {"project": str(tmp_path), "sample_seconds": 0.05, "live": None})

    assert len(samples) > 1
    assert not tmp_path.exists()


def test_a_line_that_is_no_message_is_dropped(loop: Loop, boundaries: Boundaries) -> None:
    """
    A test may find the FIFO and write into it.
    """
    for line in (b"\n", b"S 1\n", b"S a b c\n", b"D 1 x\n"):
        boundaries.send(line)
    boundaries.test_started(7)
    loop.look()

    assert loop.children.processes == [os.getpid()]


def test_without_a_request_it_goes_on(loop: Loop) -> None:
    """
    Nothing is answered.
    """
    assert not loop.is_over()


def test_nobody_has_to_wait_for_the_answer(loop: Loop, tmp_path: Path) -> None:
    """
    A session that has given up reads none.
    """
    descriptor = os.open(tmp_path / "requests", os.O_RDWR)
    os.write(descriptor, b"finish\n")

    assert loop.is_over()
    os.close(descriptor)
