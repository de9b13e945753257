"""
What the servers use that are started beside load tests.
"""

import time
from collections.abc import Iterator
from typing import Final

import psutil

from paceline.kit_results.load import ServerUse

SERVERS: Final[list[psutil.Process]] = []
"""
The servers that run now.
"""


class ServersUse:
    """
    CPU and memory of all servers and their children, from here on.
    """

    def __init__(self) -> None:
        self._started: Final = time.monotonic()
        self._before: Final = _cpu_seconds()
        self._memory = _memory_bytes()

    def sample(self) -> None:
        """
        Look at the memory.
        """
        self._memory = max(self._memory, _memory_bytes())

    def result(self) -> ServerUse | None:
        """
        What was used; None where no server runs.
        """
        if not SERVERS:
            return None
        self.sample()
        cpu = max(_cpu_seconds() - self._before, 0.0)
        share = cpu / max(time.monotonic() - self._started, 1e-9)
        return ServerUse(cpu_seconds=cpu, cpu_share=share, memory_max_bytes=self._memory)


def _processes() -> Iterator[psutil.Process]:
    for server in SERVERS:
        yield server
        try:
            yield from server.children(recursive=True)
        except psutil.Error:
            continue


def _cpu_seconds() -> float:
    total = 0.0
    for process in _processes():
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def _memory_bytes() -> float:
    total = 0.0
    for process in _processes():
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return total
