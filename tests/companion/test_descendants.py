"""
The processes below a process.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from paceline.companion import descendants
from paceline.companion.descendants import resident_bytes, started_ns

_WAIT = "import sys; print(flush=True); sys.stdin.read()"


@pytest.fixture(params=["listed", "portable"], autouse=True)
def _system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A kernel that lists the children of each thread, or one that does not.
    """
    if request.param == "portable":
        monkeypatch.setattr(descendants, "_HAS_CHILDREN_FILES", False)
        monkeypatch.setattr(descendants, "_children", descendants._portable_children)


@pytest.fixture
def child() -> Iterator[int]:
    """
    A process with a child of its own.
    """
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_WAIT!r}])"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.communicate()


def test_children_and_theirs_are_found(child: int) -> None:
    """
    At every depth.
    """
    found = list(descendants.descendants(os.getpid()))

    assert found[0] == child
    assert found[1:] == [grandchild.pid for grandchild in psutil.Process(child).children()]
    assert len(found) == 2


def test_the_companion_itself_is_not_below_its_session(monkeypatch: pytest.MonkeyPatch, child: int) -> None:
    """
    A session that adopts orphans adopts the companion.
    """
    monkeypatch.setattr("os.getpid", lambda: child)
    parent = psutil.Process(child).ppid()

    assert list(descendants.descendants(parent)) == []


def test_a_process_that_has_ended_has_nothing_below() -> None:
    """
    Nor has it memory or a start.
    """
    ended = subprocess.Popen(["true"])
    ended.wait()

    assert list(descendants.descendants(ended.pid)) == []
    with pytest.raises((OSError, psutil.Error)):
        resident_bytes(ended.pid)
    with pytest.raises((OSError, psutil.Error)):
        started_ns(ended.pid)


def test_memory_is_what_psutil_says(child: int) -> None:
    """
    In bytes.
    """
    assert resident_bytes(child) == pytest.approx(psutil.Process(child).memory_info().rss, rel=0.1)


def test_a_start_is_on_the_monotonic_clock() -> None:
    """
    Between the readings before and after, to the accuracy of the system.
    """
    before = time.perf_counter_ns()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        after = time.perf_counter_ns()
        started = started_ns(process.pid)
        process.communicate()

    accuracy = 2e9 if not descendants._HAS_CHILDREN_FILES else 2e7
    assert before - accuracy <= started <= after + accuracy
