"""
What Paceline itself uses.
"""

from pathlib import Path

import pytest

from paceline.probes.own_overhead import OwnWork, ProcFile


def test_a_file_of_the_kernel_is_read_anew_each_time() -> None:
    """
    From its beginning, and every byte is counted as our own.
    """
    own = OwnWork()
    file = ProcFile("self/status", own)
    first, second = file.read(4096), file.read(4096)
    file.close()

    assert first[:5] == second[:5] == b"Name:"
    assert own.read_bytes == len(first) + len(second)


def test_a_file_that_is_not_there_is_an_error() -> None:
    """
    Another system, or a sandbox.
    """
    with pytest.raises(FileNotFoundError):
        ProcFile("self/no-such-file", OwnWork())


def test_a_closed_file_is_closed() -> None:
    """
    No descriptor is left behind.
    """
    before = len(list(Path("/proc/self/fd").iterdir()))
    ProcFile("self/status", OwnWork()).close()

    assert len(list(Path("/proc/self/fd").iterdir())) == before
