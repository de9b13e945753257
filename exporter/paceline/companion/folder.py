"""
The companion's private folder, as the session sees it: files, requests and answers.
"""

import contextlib
import os
from typing import Any, Final

from msgspec import DecodeError, json

from paceline.own_descriptor import OwnDescriptor
from paceline.unpatched import UNPATCHED

_NON_BLOCKING: Final = getattr(os, "O_NONBLOCK", 0)


class CompanionFiles:
    """
    The companion's private folder.

    The session makes `messages`, `requests` and `answers` (FIFOs) and `order`. The companion removes `order` when it
    has taken its first sample, and leaves `failure` if it fails.
    """

    NAMES = ("messages", "requests", "answers", "order", "failure")

    def __init__(self, folder: str) -> None:
        self.folder: Final = folder
        self.messages, self.requests, self.answers, self.order, self.failure = (
            f"{folder}/{name}" for name in self.NAMES
        )

    def take_order_back(self) -> bool:
        """
        Whether the companion had not begun to watch; from now on it never will.
        """
        try:
            UNPATCHED.unlink(self.order)
        except OSError:
            return False
        return True

    def silence(self, seconds: float) -> str:
        """
        Why the companion did not answer in these seconds; "" if nobody waited for it.
        """
        try:
            descriptor = OwnDescriptor.open(self.failure, os.O_RDONLY)
        except OSError:
            return f"did not answer within {seconds:g} s" if seconds else ""
        failure = descriptor.pread(1024).decode(errors="replace").strip()
        descriptor.close()
        return f"failed ({failure})"

    def remove(self) -> None:
        """
        Remove the folder, as far as it is there.
        """
        for name in self.NAMES:
            with contextlib.suppress(OSError):
                UNPATCHED.unlink(f"{self.folder}/{name}")
        with contextlib.suppress(OSError):
            UNPATCHED.rmdir(self.folder)


class Answers:
    """
    Requests to the companion, and its answers.
    """

    def __init__(self, files: CompanionFiles) -> None:
        self._answers: Final = UNPATCHED.open(files.answers, os.O_RDONLY | _NON_BLOCKING)
        # For reading, too: a request waits in the FIFO for a companion that has not opened it yet, and no SIGPIPE
        # comes where the companion has ended.
        self._requests: Final = UNPATCHED.open(files.requests, os.O_RDWR | _NON_BLOCKING)
        self._unread = b""

    def request(self, request: bytes) -> None:
        UNPATCHED.write(self._requests, request)

    def wait(self, seconds: float) -> Any:  # noqa: ANN401 - JSON
        """
        The next answer; None where none comes in time.
        """
        deadline = UNPATCHED.monotonic() + seconds
        poll = UNPATCHED.poll()
        poll.register(self._answers, UNPATCHED.POLLIN)
        while b"\n" not in self._unread:
            left = deadline - UNPATCHED.monotonic()
            if left <= 0 or not poll.poll(left * 1e3):
                return None
            part = UNPATCHED.read(self._answers, 1 << 16)
            if not part:  # the companion died
                return None
            self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        with contextlib.suppress(DecodeError):
            return json.decode(line)
        return None

    def close(self) -> None:
        UNPATCHED.close(self._requests)
        UNPATCHED.close(self._answers)
