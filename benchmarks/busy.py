"""
Processes that compute, for figures of a busy machine.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

LOADS = (0, 2, 0, 8, 1, 20, 0, 4, 0, 14)
"""
How many processes compute beside one run after the other.
"""
_COMPUTE = "while True: sum(range(5000))"


@contextmanager
def busy_processes(count: int, *before: str) -> Iterator[None]:
    """
    Have so many processes compute.

    Args:
        count: how many.
        before: what comes before the command of each, such as `nice`.
    """
    command: Sequence[str] = (*before, sys.executable, "-c", _COMPUTE)
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
