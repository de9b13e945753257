"""
A file descriptor that a test may close.
"""

import contextlib
import os
from pathlib import Path

import pytest

from paceline.own_descriptor import OwnDescriptor


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """
    A file of ours.
    """
    path = tmp_path / "ours"
    path.write_text("abc", "utf-8")
    return path


def _number(path: Path) -> int:
    links = Path("/dev/fd").iterdir()
    numbers = (int(link.name) for link in links if link.exists() and link.samefile(path))
    return next(numbers)


def _reuse(path: Path, other: Path) -> int:
    """
    Have the number of the descriptor of `path` stand for `other`.
    """
    number = _number(path)
    reopened = os.open(other, os.O_RDWR | os.O_CREAT)
    os.dup2(reopened, number)
    os.close(reopened)
    return number


def test_it_reads_and_writes(path: Path) -> None:
    """
    Reading leaves the position alone, at which writing goes on.
    """
    own = OwnDescriptor.open(str(path), os.O_RDWR)
    with contextlib.closing(own):
        read = own.pread(2), own.pread(8, 1)
        written = own.write(b"xy")

    assert (read, written, path.read_bytes()) == ((b"ab", b"bc"), 2, b"xyc")


def test_it_opens_an_absent_file_with_a_private_mode(tmp_path: Path) -> None:
    """
    Nobody else may read what is written there.
    """
    OwnDescriptor.open(str(tmp_path / "new"), os.O_WRONLY | os.O_CREAT).close()

    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600


def test_a_closed_descriptor_is_not_ours(path: Path) -> None:
    """
    Whoever closed it: reading and writing raise OSError, and closing does nothing.
    """
    own = OwnDescriptor.open(str(path), os.O_RDWR)
    os.close(_number(path))

    assert not own.is_ours()
    with pytest.raises(OSError, match="descriptor"):
        own.pread(1)
    with pytest.raises(OSError, match="descriptor"):
        own.write(b"x")
    own.close()


def test_a_number_that_stands_for_another_file_is_left_alone(path: Path, tmp_path: Path) -> None:
    """
    The other file is neither read nor written nor closed.
    """
    own = OwnDescriptor.open(str(path), os.O_RDWR)
    number = _reuse(path, tmp_path / "theirs")

    with pytest.raises(OSError, match="descriptor"):
        own.write(b"x")
    own.close()
    assert os.fstat(number).st_size == 0
    os.close(number)


def test_a_closed_one_does_not_close_the_next_of_its_number(path: Path) -> None:
    """
    The same file, opened again by somebody else, may have the number.
    """
    own = OwnDescriptor.open(str(path), os.O_RDWR)
    own.close()
    number = os.open(path, os.O_RDWR)
    own.close()

    assert os.fstat(number).st_size == 3
    os.close(number)


def test_a_forked_process_does_not_write(path: Path) -> None:
    """
    It has the descriptor, which is its parent's.
    """
    own = OwnDescriptor.open(str(path), os.O_RDWR)
    child = os.fork()
    if child == 0:
        os._exit(own.is_ours())

    assert os.waitpid(child, 0)[1] == 0
    assert own.is_ours()
    own.close()
