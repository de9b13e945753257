"""
The process tree and the machine while tests run.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from paceline.live_report import ResourceSample
from paceline.model import Machine
from paceline.probes.own_overhead import OwnWork
from paceline.probes.sampler import Sampler

_WAIT = "print(flush=True); input()"
_COMPUTE = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True); input()"

# In a process of its own, as what psutil remembers by thread would be another's otherwise.
_SHORT_RUN = """
import os, subprocess, sys, time
import psutil
from paceline.probes.own_overhead import OwnWork
from paceline.probes.sampler import Sampler

time.sleep(0.3)
rivals = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
sampler = Sampler(OwnWork(), 60)
before = psutil.cpu_times()
sampler.start()
time.sleep(0.3)
sampler.stop()
after = psutil.cpu_times()
for rival in rivals:
    rival.kill()
total = sum(after[:8]) - sum(before[:8])
idle = after.idle + after.iowait - before.idle - before.iowait
print(sampler.machine().cpu_percent_mean, 100 * (total - idle) / total)
"""


@pytest.fixture
def sampler() -> Sampler:
    """
    A sampler that has not been started; `sample` looks once.
    """
    return Sampler(OwnWork(), 0.05)


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


def test_before_the_first_look_there_is_nothing(sampler: Sampler) -> None:
    """
    An empty sample.
    """
    assert sampler.latest == ResourceSample()


def test_a_look_sees_this_process_and_the_machine(sampler: Sampler) -> None:
    """
    Figures that cannot be 0 are not, and shares are within 100%.
    """
    sampler.sample()
    first = sampler.latest.system.cpu_percent
    sampler.sample()
    tree, system = sampler.latest.tree, sampler.latest.system

    assert first is None
    assert (tree.processes, tree.threads) >= (1, 1)
    assert tree.cpu_seconds > 0
    assert 1 << 20 < tree.resident_bytes < psutil.virtual_memory().total
    assert tree.open_files > 2
    assert system.cpu_percent is not None
    assert 0 <= system.cpu_percent <= 100
    assert 0 < system.memory_percent <= 100
    assert (system.memory_used_bytes > 0, system.processes > 1) == (True, True)


def test_children_are_in_the_tree(sampler: Sampler, started: list[subprocess.Popen[bytes]]) -> None:
    """
    With their memory and their threads.
    """
    sampler.sample()
    before = sampler.latest.tree
    started.append(_start(_WAIT))
    sampler.sample()
    after = sampler.latest.tree

    assert (after.processes - before.processes, after.threads - before.threads) == (1, 1)
    assert after.resident_bytes - before.resident_bytes > 1 << 20


def test_what_ended_processes_used_is_kept(sampler: Sampler) -> None:
    """
    A counter never falls, also where the process that counted is gone.
    """
    sampler.sample()
    before = sampler.latest.tree
    process = _start(_COMPUTE)
    sampler.sample()
    process.communicate()
    sampler.sample()
    after = sampler.latest.tree

    assert after.processes == before.processes
    assert after.cpu_seconds - before.cpu_seconds >= 0.15


def test_bytes_written_are_counted(sampler: Sampler) -> None:
    """
    As psutil counts them.
    """
    sampler.sample()

    assert 0 <= sampler.latest.tree.written_bytes <= psutil.Process().io_counters().write_bytes


def test_it_looks_while_it_runs() -> None:
    """
    At once, and again after each interval, in a thread that is our own work.
    """
    own = OwnWork()
    sampler = Sampler(own, 0.01)
    sampler.start()
    threads = own.threads
    seen = [sampler.latest]
    end = time.monotonic() + 30
    while len(seen) < 4 and time.monotonic() < end:
        if sampler.latest is not seen[-1]:
            seen.append(sampler.latest)
    sampler.stop()

    assert len(seen) == 4
    assert (threads, own.threads) == (1, 0)
    assert not [thread for thread in threading.enumerate() if thread.name == "paceline-sampler"]


def test_a_run_shorter_than_the_interval_is_sampled_too() -> None:
    """
    At its end at the latest.
    """
    sampler = Sampler(OwnWork(), 60)
    sampler.start()
    sampler.stop()

    assert sampler.latest.tree.processes >= 1
    assert (sampler.machine().memory_percent_max or 0) > 0


def test_the_machine_is_summed_up(sampler: Sampler, started: list[subprocess.Popen[bytes]]) -> None:
    """
    The worst of what was seen, also where it is over.
    """
    started.append(_start(_WAIT))
    sampler.sample()
    highest = sampler.latest.tree
    started.pop().communicate()
    sampler.sample()
    machine = sampler.machine()

    assert machine.process_tree_processes_max == highest.processes == sampler.latest.tree.processes + 1
    assert (machine.process_tree_memory_max_bytes or 0) >= highest.resident_bytes
    assert machine.load_per_cpu_max == pytest.approx(psutil.getloadavg()[0] / (os.cpu_count() or 1), abs=1)


def test_without_a_look_the_machine_is_not_known(sampler: Sampler) -> None:
    """
    What was not measured is absent, not 0.
    """
    assert sampler.machine() == Machine()


def test_a_short_run_knows_how_busy_the_machine_was() -> None:
    """
    Beside processes that compute all the time, the mean is what the kernel counted from start to end, and what
    was before does not count.
    """
    script = subprocess.run([sys.executable, "-c", _SHORT_RUN], capture_output=True, text=True, check=True)
    mean, counted = map(float, script.stdout.split())

    assert mean == pytest.approx(counted, rel=0.25, abs=1)
