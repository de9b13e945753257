"""
What Paceline itself uses in the process that runs the tests, so that it is not counted as the tests'.
"""

import os
import threading
import time
from pathlib import Path
from typing import Final


class OwnWork:
    """
    CPU time of Paceline's own threads, and bytes that the probes moved.

    `read_bytes` is written by the thread that runs the tests alone and `background_read_bytes` by the sampler
    alone, as adding to a number is not atomic. `busy_thread` is the sampler's native id while it takes a sample.
    """

    def __init__(self) -> None:
        self.read_bytes = 0
        self.background_read_bytes = 0
        self.busy_thread: int | None = None
        self.written_bytes = 0
        self._clocks: dict[threading.Thread, int] = {}

    def add_thread(self, thread: threading.Thread) -> None:
        """
        Count a started thread as Paceline's own; where threads have no clock of their own, nothing happens.
        """
        if hasattr(time, "pthread_getcpuclockid") and thread.ident is not None:
            self._clocks[thread] = time.pthread_getcpuclockid(thread.ident)

    def remove_thread(self, thread: threading.Thread) -> None:
        """
        To be called while the thread is still alive: the clock of an ended thread cannot be read.
        """
        self._clocks.pop(thread, None)

    @property
    def threads(self) -> int:
        return len(self._clocks)

    @property
    def native_ids(self) -> list[int]:
        return [thread.native_id for thread in self._clocks if thread.native_id is not None]

    def background_reads(self) -> int:
        """
        What the sampler has read so far: asked of the kernel while it is reading, else what it said last.
        """
        busy = self.busy_thread
        if busy is None:
            return self.background_read_bytes
        try:
            counters = Path(f"/proc/self/task/{busy}/io").read_bytes()
        except OSError:
            return self.background_read_bytes
        self.read_bytes += len(counters)
        return int(counters.split(None, 2)[1])

    def cpu_seconds(self) -> float:
        return sum(map(time.clock_gettime, self._clocks.values())) if self._clocks else 0.0


class ProcFile:
    """
    A file of `/proc/self` with its descriptor kept open: reading it again costs about 2 µs, opening it 10.

    Raises:
        OSError: this system has no such file, or refuses it.
    """

    def __init__(self, name: str, own: OwnWork, flags: int = os.O_RDONLY) -> None:
        self._descriptor: Final = os.open(f"/proc/{name}", flags | getattr(os, "O_CLOEXEC", 0))
        self._own: Final = own

    def read(self, size: int = 512) -> bytes:
        content = os.pread(self._descriptor, size, 0)
        self._own.read_bytes += len(content)
        return content

    def write(self, content: bytes) -> None:
        os.write(self._descriptor, content)
        self._own.written_bytes += len(content)

    def close(self) -> None:
        os.close(self._descriptor)
