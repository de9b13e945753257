"""
Whether the session's process is alive.
"""

import contextlib
import os
import select
import time

import psutil

_SECONDS = 1.0


class SessionProcess:
    """
    A process that is no child of this one.

    Where the kernel has descriptors of processes (Linux 5.3), its end wakes whoever polls; elsewhere it is looked for
    once a second.
    """

    def __init__(self, process: int) -> None:
        self._process = process
        self._descriptor: int | None = None
        self._looked = 0.0
        self._was_alive = True
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):  # an old kernel, a sandbox; or it has ended
                self._descriptor = os.pidfd_open(process)

    def register(self, poll: select.poll) -> None:
        """
        Have the end of the process wake a poll.
        """
        if self._descriptor is not None:
            poll.register(self._descriptor, select.POLLIN)

    def is_alive(self) -> bool:
        if self._descriptor is not None:
            return not select.select([self._descriptor], [], [], 0)[0]
        now = time.monotonic()
        if now - self._looked >= _SECONDS:
            self._looked = now
            self._was_alive = _is_alive(self._process)
        return self._was_alive


def _is_alive(process: int) -> bool:
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
