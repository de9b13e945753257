"""
What Paceline itself uses.
"""

import threading
from pathlib import Path

import pytest

from paceline.probes.own_overhead import OwnWork, ProcFile
from support.measuring import compute


def test_the_cpu_time_of_own_threads_adds_up() -> None:
    """
    Of threads that are counted, as long as they are.
    """
    own, done, closing = OwnWork(), threading.Event(), threading.Event()

    def work() -> None:
        compute(0.1)
        done.set()
        closing.wait()

    thread = threading.Thread(target=work)
    thread.start()
    own.add_thread(thread)
    done.wait()
    used, threads = own.cpu_seconds(), own.threads
    own.remove_thread(thread)
    closing.set()
    thread.join()

    assert used >= 0.1
    assert threads == 1
    assert (own.cpu_seconds(), own.threads) == (0.0, 0)


def test_a_thread_that_was_not_started_is_not_counted() -> None:
    """
    Nor does it matter that one is removed that was never added.
    """
    own, thread = OwnWork(), threading.Thread()
    own.add_thread(thread)
    own.remove_thread(threading.Thread())

    assert own.threads == 0


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
