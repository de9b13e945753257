"""
Messages to the companion.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from paceline.companion.boundaries import Boundaries


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """
    A FIFO that nobody reads.
    """
    path = tmp_path / "messages"
    os.mkfifo(path)
    return path


@pytest.fixture
def reader(fifo: Path) -> Iterator[int]:
    """
    The companion's end.
    """
    descriptor = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    yield descriptor
    os.close(descriptor)


def _opened(fifo: Path) -> Boundaries:
    boundaries = Boundaries.open(str(fifo))
    assert boundaries is not None
    return boundaries


def _lines(reader: int) -> list[list[bytes]]:
    with contextlib.suppress(BlockingIOError):
        return [line.split() for line in os.read(reader, 1 << 16).splitlines()]
    return []


def _close_all() -> None:
    os.closerange(3, 256)


def test_a_message_has_process_time_and_key(fifo: Path, reader: int) -> None:
    """
    In the order in which tests start and end.
    """
    boundaries = _opened(fifo)
    boundaries.test_started(7)
    boundaries.test_ended(7)
    boundaries.close()
    started, ended = _lines(reader)

    assert (started[0], started[1], started[3]) == (b"S", str(os.getpid()).encode(), b"7")
    assert (ended[0], ended[3]) == (b"E", b"7")
    assert 0 < int(started[2]) < int(ended[2])


def test_a_full_pipe_drops_messages_and_says_how_many(fifo: Path, reader: int) -> None:
    """
    Nobody waits for a companion that does not read.
    """
    boundaries = _opened(fifo)
    for key in range(5000):
        boundaries.test_started(key)
    dropped = boundaries.dropped
    kept = len(_lines(reader))
    boundaries.close()

    assert dropped > 0
    assert kept + dropped == 5000
    assert _lines(reader) == [[b"D", str(os.getpid()).encode(), str(dropped).encode()]]


def test_without_a_fifo_there_are_no_messages(tmp_path: Path) -> None:
    """
    A worker of another machine has none.
    """
    assert Boundaries.open(str(tmp_path / "messages")) is None


def test_a_test_may_close_all_descriptors(fifo: Path) -> None:
    """
    The FIFO is opened again, and the file that has the number of the first descriptor is left alone.
    """
    child = os.fork()
    if child == 0:
        boundaries = _opened(fifo)
        _close_all()
        taken = [os.open(fifo.with_name(f"theirs{number}"), os.O_RDWR | os.O_CREAT) for number in range(20)]
        reader = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
        boundaries.test_started(1)
        boundaries.close()
        is_alone = all(os.fstat(number).st_size == 0 for number in taken)
        os._exit(not (is_alone and len(_lines(reader)) == 1 and boundaries.dropped == 0))

    assert os.waitpid(child, 0)[1] == 0


def test_a_forked_process_sends_nothing(fifo: Path, reader: int) -> None:
    """
    It goes on with the tests of its parent, whose companion is not told of them.
    """
    boundaries = _opened(fifo)
    child = os.fork()
    if child == 0:
        boundaries.test_started(1)
        boundaries.close()
        os._exit(boundaries.dropped)

    assert os.waitpid(child, 0)[1] == 0
    assert _lines(reader) == []
    boundaries.close()


def test_after_closing_nothing_is_opened(fifo: Path, reader: int) -> None:
    """
    A late message is dropped, and no descriptor is left.
    """
    before = psutil.Process().num_fds()
    boundaries = _opened(fifo)
    boundaries.close()
    boundaries.test_started(1)

    assert psutil.Process().num_fds() == before
    assert _lines(reader) == []
