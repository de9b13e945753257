"""
A probe around a piece of work.
"""

import time
from collections.abc import Callable

from paceline.probes.probe import Probe


def measured(probe: Probe, call: Callable[[], object], setup: Callable[[], object] | None = None) -> dict[str, float]:
    """
    What a probe says of one test: its setup, its call, and a teardown that does nothing.
    """
    usage: dict[str, float] = {}
    probe.start_test()
    if setup is not None:
        setup()
    probe.start_call()
    call()
    probe.stop_call(usage)
    probe.stop_test(usage)
    return usage


def compute(seconds: float) -> None:
    """
    Use a CPU for so long, by the clock of the thread.
    """
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
