"""
CPU time, the wait for a CPU, and context switches.
"""

import os
import subprocess
import sys
import threading
import time

import pytest

from paceline.probes.cpu import CpuProbe, _awaited_delay, _Schedule
from paceline.probes.own_overhead import OwnWork
from paceline.usage import UsageKey
from support.measuring import compute, measured

_COMPUTE = "import time\nwhile time.process_time() < 0.2: pass"
_FOREVER = "print(flush=True)\nwhile True: pass"


@pytest.fixture
def probe() -> CpuProbe:
    """
    A probe of this process.
    """
    return CpuProbe(OwnWork())


def test_a_busy_loop_uses_a_cpu(probe: CpuProbe) -> None:
    """
    0.15 s of computing are 0.15 s of CPU, nearly all of them in the program itself.
    """
    usage = measured(probe, lambda: compute(0.15))
    probe.close()

    assert usage[UsageKey.CPU_SECONDS] >= 0.14
    assert usage[UsageKey.CPU_USER_SECONDS] > 0
    assert usage[UsageKey.CHILDREN_CPU_USER_SECONDS] == usage[UsageKey.CHILDREN_CPU_SYSTEM_SECONDS] == 0


def test_a_sleep_uses_none(probe: CpuProbe) -> None:
    """
    0.25 s of sleep are no CPU time to speak of, and it gave the CPU away of its own will.
    """
    usage = measured(probe, lambda: time.sleep(0.25))
    probe.close()

    assert usage[UsageKey.CPU_SECONDS] < 0.1
    assert usage[UsageKey.VOLUNTARY_CONTEXT_SWITCHES] >= 1


def test_the_setup_is_not_the_calls(probe: CpuProbe) -> None:
    """
    What a fixture computes is not in the call's CPU time.
    """
    usage = measured(probe, lambda: None, setup=lambda: compute(0.2))
    probe.close()

    assert usage[UsageKey.CPU_SECONDS] < 0.1


def test_a_wait_before_the_call_is_not_the_calls(probe: CpuProbe) -> None:
    """
    A process that has used up its share of a CPU loses the CPU as its next system call returns: that of the probe.
    """
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    neighbours = [subprocess.Popen([sys.executable, "-c", _FOREVER], stdout=subprocess.PIPE) for _ in range(3)]
    try:
        for one in neighbours:
            assert one.stdout is not None
            one.stdout.readline()
        waits = [measured(probe, lambda: None, setup=lambda: sum(range(200_000))) for _ in range(40)]
    finally:
        for one in neighbours:
            one.kill()
            one.communicate()
        os.sched_setaffinity(0, cpus)
        probe.close()

    assert sum(usage[UsageKey.CPU_WAIT_SECONDS] > 0.001 for usage in waits) < 10


def test_children_are_counted(probe: CpuProbe) -> None:
    """
    The CPU time of a process that the call started and waited for is the test's.
    """
    usage = measured(probe, lambda: subprocess.run([sys.executable, "-c", _COMPUTE], check=True))
    probe.close()
    children = usage[UsageKey.CHILDREN_CPU_USER_SECONDS] + usage[UsageKey.CHILDREN_CPU_SYSTEM_SECONDS]

    assert children >= 0.19
    assert usage[UsageKey.CPU_SECONDS] >= children


def test_the_parts_are_the_whole(probe: CpuProbe) -> None:
    """
    User and system time, own and of children, add up to the CPU time.
    """

    def call() -> None:
        compute(0.05)
        subprocess.run([sys.executable, "-c", ""], check=True)

    usage = measured(probe, call)
    probe.close()
    parts = [
        usage[key]
        for key in (
            UsageKey.CPU_USER_SECONDS,
            UsageKey.CPU_SYSTEM_SECONDS,
            UsageKey.CHILDREN_CPU_USER_SECONDS,
            UsageKey.CHILDREN_CPU_SYSTEM_SECONDS,
        )
    ]

    assert sum(parts) == pytest.approx(usage[UsageKey.CPU_SECONDS], abs=1e-5)


@pytest.mark.parametrize(
    ("before", "now", "awaited"),
    [
        (None, _Schedule(5, 30), 30),
        (_Schedule(100, 10), _Schedule(110, 25), 15),
        (_Schedule(100, 10), _Schedule(130, 80), 0),
    ],
    ids=["of a new thread", "of a server", "of a background thread"],
)
def test_the_delay_of_another_thread_counts_unless_it_is_always_ready(
    before: _Schedule | None, now: _Schedule, awaited: int
) -> None:
    """
    A thread that was on a CPU or ready to run all the 100 ns of the test works on something of its own.
    """
    assert _awaited_delay(before, now, 100) == awaited


def test_the_wait_for_a_cpu_is_measured(probe: CpuProbe) -> None:
    """
    Beside a process that wants the same CPU all the time, 0.2 s of computing wait for a good part of that again.
    """
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everywhere)})
    try:
        rival = subprocess.Popen([sys.executable, "-c", _FOREVER], stdout=subprocess.PIPE)
        assert rival.stdout is not None
        rival.stdout.readline()
        usage = measured(probe, lambda: compute(0.2))
        rival.kill()
        rival.communicate()
    finally:
        os.sched_setaffinity(0, everywhere)
        probe.close()

    assert usage[UsageKey.CPU_WAIT_SECONDS] > 0.05
    assert usage[UsageKey.CPU_SECONDS] >= 0.19


def test_a_machine_without_a_file_of_waiting_leaves_the_key_out(probe: CpuProbe) -> None:
    """
    Where the kernel does not tell, nothing is said instead of 0, and it is not asked of other threads either.
    """
    known = measured(probe, lambda: None)
    probe.close()
    own = OwnWork()
    other, ending = CpuProbe(own), threading.Event()
    schedule, other._run_delay, read = other._run_delay, None, own.read_bytes
    thread = threading.Thread(target=ending.wait)
    thread.start()
    unknown = measured(other, lambda: None)
    ending.set()
    thread.join()
    if schedule is not None:
        schedule.close()

    assert set(known) - set(unknown) == {UsageKey.CPU_WAIT_SECONDS}
    assert own.read_bytes == read
