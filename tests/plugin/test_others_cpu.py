"""
How busy other processes keep the machine.
"""

import os
import subprocess
import sys
import time

from paceline.plugin.others_cpu import OthersCpu

_COMPUTE = "import time\nwhile time.process_time() < 0.5: pass"


def _compute(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def _percent(seconds: float, wall: float) -> float:
    return 100 * seconds / (wall * (os.cpu_count() or 1))


def test_what_the_session_computes_is_not_others() -> None:
    """
    Neither in this process nor in a child, whether or not it has ended: what is left is less than what they used.
    """
    others, before = OthersCpu(), time.perf_counter()
    _compute(0.5)
    subprocess.run([sys.executable, "-c", _COMPUTE], check=True)
    with subprocess.Popen(
        [sys.executable, "-c", f"{_COMPUTE}\nprint(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        percent, wall = others.percent(), time.perf_counter() - before
        child.communicate(b"\n")

    assert percent is not None
    assert percent <= 100 - _percent(1.2, wall)


def test_what_another_process_computes_is_others() -> None:
    """
    At least as much as a process used that is no child of this one.
    """
    orphan = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {_COMPUTE!r}])"
    others, before = OthersCpu(), time.perf_counter()
    # The orphan holds the pipe until it has ended.
    subprocess.run([sys.executable, "-c", orphan], check=True, stdout=subprocess.PIPE)
    percent, wall = others.percent(), time.perf_counter() - before

    assert percent is not None
    assert percent >= _percent(0.4, wall)


def test_a_moment_is_too_short() -> None:
    """
    The system counts in ticks of 10 ms.
    """
    assert OthersCpu().percent() is None
