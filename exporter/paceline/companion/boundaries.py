"""
The boundaries of tests, sent to the companion by each process that runs tests.
"""

import os
import select
from typing import Final, Self

from msgspec import json

from paceline.live_report import LoadMoment
from paceline.own_descriptor import OwnDescriptor
from paceline.unpatched import UNPATCHED

_FLAGS: Final = os.O_RDWR | getattr(os, "O_NONBLOCK", 0)

_LONGEST: Final = getattr(select, "PIPE_BUF", 512)


class Boundaries:
    """
    One end of the companion's FIFO. In a worker of xdist it is opened by the path that the controller sent.

    Nothing here waits, raises or starts a signal: a message that cannot be sent is counted in `dropped`, and tests go
    on. The FIFO is opened for reading, too, so that no SIGPIPE comes when the companion died. A process that was
    forked from this one sends nothing.

    Raises:
        OSError: the FIFO does not exist.
    """

    def __init__(self, path: str) -> None:
        self.dropped = 0
        self._path: Final = path
        self._descriptor = OwnDescriptor.open(path, _FLAGS)
        self._process: Final = UNPATCHED.getpid()
        self._is_closed = False

    @classmethod
    def open(cls, path: str) -> Self | None:
        """
        Open the FIFO; None where it is absent: on another machine, or where the companion has ended.
        """
        try:
            return cls(path)
        except OSError:
            return None

    def test_started(self, key: int) -> None:
        """
        Call before the setup of a test. The figures of the test are found by this process' id and `key`.
        """
        self.send(b"S %d %d %d\n" % (self._process, UNPATCHED.perf_counter_ns(), key))

    def test_ended(self, key: int) -> None:
        """
        Call after the teardown of a test.
        """
        self.send(b"E %d %d %d\n" % (self._process, UNPATCHED.perf_counter_ns(), key))

    def tell_load(self, test: str, moment: LoadMoment) -> None:
        """
        Tell the latest second of the load test of a test.
        """
        self.tell("load", test, moment)

    def tell(self, kind: str, *figures: object) -> None:
        """
        Tell those who watch the run; see `LiveOutlets.take`.

        Args:
            kind: of the message.
            figures: what JSON can have.
        """
        try:
            content = json.encode((kind, *figures))
        except ValueError:  # a text that is no Unicode
            self.dropped += 1
            return
        self.send(b"L %d %b\n" % (UNPATCHED.perf_counter_ns(), content))

    def send(self, line: bytes) -> None:
        """
        Send a line. One that is longer than the system keeps apart from those of other processes is dropped.
        """
        if len(line) > _LONGEST:
            self.dropped += 1
            return
        try:
            self._descriptor.write(line)
        except OSError:
            self._send_again(line)

    def close(self) -> None:
        """
        Tell the companion how many messages were dropped, and leave no descriptor.
        """
        if self.dropped:
            self.send(b"D %d %d\n" % (self._process, self.dropped))
        self._is_closed = True
        self._descriptor.close()

    def _send_again(self, line: bytes) -> None:
        """
        Open the FIFO again where a test closed all descriptors.
        """
        if UNPATCHED.getpid() != self._process:
            return
        try:
            if self._is_closed or self._descriptor.is_ours():
                raise BlockingIOError
            self._descriptor = OwnDescriptor.open(self._path, _FLAGS)
            self._descriptor.write(line)
        except OSError:
            self.dropped += 1
