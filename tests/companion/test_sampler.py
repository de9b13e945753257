"""
The process tree and the machine.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from paceline.companion.sampler import Sampler

_WAIT = "print(flush=True); input()"
_COMPUTE = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True); input()"

# In a process of its own, as psutil remembers the last reading.
_SHORT_RUN = """
import os, subprocess, sys, time
import psutil
from paceline.companion.sampler import Sampler

time.sleep(0.3)
rivals = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
sampler = Sampler(os.getpid(), ".")
before = psutil.cpu_times()
sampler.sample()
time.sleep(0.3)
sampler.sample()
after = psutil.cpu_times()
for rival in rivals:
    rival.kill()
total = sum(after[:8]) - sum(before[:8])
idle = after.idle + after.iowait - before.idle - before.iowait
print(sampler.machine()["cpu_percent_mean"], 100 * (total - idle) / total)
"""


@pytest.fixture
def sampler(tmp_path: Path) -> Sampler:
    """
    A sampler of this process.
    """
    return Sampler(os.getpid(), str(tmp_path))


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    """
    Processes that wait for the end of the test.
    """
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.communicate()


def _start(script: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_without_a_look_nothing_is_known(sampler: Sampler) -> None:
    """
    What was not measured is absent, not 0.
    """
    assert (sampler.tree, sampler.system, sampler.machine()) == ({}, {}, {})


def test_a_look_sees_the_process_and_the_machine(sampler: Sampler) -> None:
    """
    Figures that cannot be 0 are not, and shares are within 100%.
    """
    sampler.sample()
    tree, system = sampler.tree, sampler.system

    assert (tree["processes"], tree["threads"]) >= (1, 1)
    assert tree["cpu_seconds"] > 0
    assert 1 << 20 < tree["resident_bytes"] < psutil.virtual_memory().total
    assert tree["open_files"] > 2
    assert 0 < system["memory_percent"] <= 100
    assert (system["memory_used_bytes"] > 0, system["processes"] > 1) == (True, True)


def test_the_first_look_has_no_cpu(sampler: Sampler, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Nor has one that comes too soon after another for the ticks that the kernel counts.
    """
    times = iter([1.0, 1.05, 1.2, 1.25])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    shares = []
    for _ in range(4):
        sampler.sample()
        shares.append(sampler.system.get("cpu_percent"))

    assert (shares[:2], shares[3]) == ([None, None], None)
    assert 0 <= (shares[2] or 0) <= 100
    assert sampler.machine()["cpu_percent_max"] == shares[2]


def test_children_are_in_the_tree(sampler: Sampler, started: list[subprocess.Popen[bytes]]) -> None:
    """
    With their memory and their threads.
    """
    sampler.sample()
    before = sampler.tree
    started.append(_start(_WAIT))
    sampler.sample()
    after = sampler.tree

    assert (after["processes"] - before["processes"], after["threads"] - before["threads"]) == (1, 1)
    assert after["resident_bytes"] - before["resident_bytes"] > 1 << 20


def test_what_ended_processes_used_is_kept(sampler: Sampler) -> None:
    """
    A counter never falls, also where the process that counted is gone.
    """
    sampler.sample()
    before = sampler.tree
    process = _start(_COMPUTE)
    sampler.sample()
    process.communicate()
    sampler.sample()
    after = sampler.tree

    assert after["processes"] == before["processes"]
    assert after["cpu_seconds"] - before["cpu_seconds"] >= 0.15


def test_bytes_written_are_counted(sampler: Sampler) -> None:
    """
    As psutil counts them.
    """
    sampler.sample()

    assert 0 <= sampler.tree["written_bytes"] <= psutil.Process().io_counters().write_bytes


def test_the_machine_is_summed_up(sampler: Sampler, started: list[subprocess.Popen[bytes]]) -> None:
    """
    The worst of what was seen, also where it is over.
    """
    started.append(_start(_WAIT))
    sampler.sample()
    highest = sampler.tree
    started.pop().communicate()
    sampler.sample()
    machine = sampler.machine()

    assert machine["process_tree_processes_max"] == highest["processes"] == sampler.tree["processes"] + 1
    assert machine["process_tree_memory_max_bytes"] >= highest["resident_bytes"]
    assert machine["load_per_cpu_max"] == pytest.approx(psutil.getloadavg()[0] / (os.cpu_count() or 1), abs=1)


def test_a_look_that_failed_is_counted(sampler: Sampler, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The last good one stands.
    """

    def fail() -> None:
        raise PermissionError

    sampler.sample()
    before = sampler.system
    monkeypatch.setattr(psutil, "virtual_memory", fail)
    sampler.sample()

    assert (sampler.failures, sampler.system) == (1, before)


def test_a_short_run_knows_how_busy_the_machine_was() -> None:
    """
    Beside processes that compute all the time, the mean is what the kernel counted from start to end, and the time
    before does not count.
    """
    script = subprocess.run([sys.executable, "-c", _SHORT_RUN], capture_output=True, text=True, check=True)
    mean, counted = map(float, script.stdout.split())

    assert mean == pytest.approx(counted, rel=0.25, abs=1)
