"""
What the process that reports holds of its companion.
"""

import contextlib
import os
from collections.abc import Mapping
from typing import Any, Final

from msgspec import DecodeError, Struct, convert, field, json

from paceline.companion.boundaries import Boundaries
from paceline.model import Machine
from paceline.own_descriptor import OwnDescriptor
from paceline.unpatched import UNPATCHED

_NON_BLOCKING: Final = getattr(os, "O_NONBLOCK", 0)


class Observed(Struct, frozen=True, kw_only=True):
    """
    What the companion saw.

    `children_memory_peaks` is in bytes by the process that ran the test and the key of the test; a test in which no
    child process was seen is absent. `dropped` messages did not reach the companion, `failures` looks at the machine
    failed, and `messages` are for the user.
    """

    machine: Machine = field(default_factory=Machine)
    children_memory_peaks: Mapping[tuple[int, int], int] = field(default_factory=dict)
    dropped: int = 0
    failures: int = 0
    messages: tuple[str, ...] = ()


class Files:
    """
    The companion's private folder.

    The session makes `messages`, `requests` and `answers` (FIFOs) and `order`; a companion that fails leaves `failure`.
    """

    NAMES = ("messages", "requests", "answers", "order", "failure")

    def __init__(self, folder: str) -> None:
        self.folder: Final = folder
        self.messages, self.requests, self.answers, self.order, self.failure = (
            f"{folder}/{name}" for name in self.NAMES
        )

    def remove(self) -> None:
        """
        Remove the folder, as far as it is there.
        """
        for name in self.NAMES:
            with contextlib.suppress(OSError):
                UNPATCHED.unlink(f"{self.folder}/{name}")
        with contextlib.suppress(OSError):
            UNPATCHED.rmdir(self.folder)


class Companion:
    """
    A companion that was started, see `paceline.companion.launch.start`.

    `fifo_path` goes to workers on the same machine, for `Boundaries.open`; this process has `boundaries`. From the
    first test's setup to the last one's teardown call nothing but `boundaries` and what begins with `tell_`: these
    neither wait nor raise.
    """

    def __init__(self, files: Files, boundaries: Boundaries) -> None:
        self.fifo_path: Final = files.messages
        self.boundaries: Final = boundaries
        self._files: Final = files
        self._process: Final = UNPATCHED.getpid()
        self._answers: _Answers | None = None

    def finish(self, seconds: float = 0.5) -> Observed:
        """
        Ask for the last sample, after the last test's teardown. Where no answer comes in time, all figures are absent
        and a message says so.

        In a process that was forked from the one that started the companion, the answer is empty.
        """
        if UNPATCHED.getpid() != self._process:
            return Observed()
        self.boundaries.close()
        try:
            self._answers = _Answers(self._files)
            answer = self._answers.ask(b"finish\n", seconds)
        except OSError:
            answer = None
        return self._silent(seconds) if answer is None else _observed(answer)

    def close(self) -> None:
        """
        Have the companion end if it has not, and leave neither descriptor nor folder; closing twice does nothing.
        """
        if UNPATCHED.getpid() != self._process:
            return
        self.boundaries.close()
        with contextlib.suppress(OSError):
            answers = self._answers or _Answers(self._files)
            answers.close(b"stop\n")
        self._files.remove()

    def _silent(self, seconds: float) -> Observed:
        why = f"did not answer within {seconds:g} s"
        with contextlib.suppress(OSError):
            descriptor = OwnDescriptor.open(self._files.failure, os.O_RDONLY)
            why = f"failed ({descriptor.pread(1024).decode(errors='replace').strip()})"
            descriptor.close()
        said = f"the companion process {why}: figures of the machine and of child processes are absent"
        return Observed(dropped=self.boundaries.dropped, messages=(said,))


class _Answers:
    """
    One request after the other, and the answer to each.
    """

    def __init__(self, files: Files) -> None:
        self._answers: Final = UNPATCHED.open(files.answers, os.O_RDONLY | _NON_BLOCKING)
        # For reading, too: a request waits in the FIFO for a companion that has not opened it yet, and no SIGPIPE
        # comes where the companion has ended.
        self._requests: Final = UNPATCHED.open(files.requests, os.O_RDWR | _NON_BLOCKING)
        self._unread = b""

    def ask(self, request: bytes, seconds: float) -> Any:  # noqa: ANN401 - JSON
        """
        The answer; None where none comes in time.
        """
        UNPATCHED.write(self._requests, request)
        return self.wait(seconds)

    def wait(self, seconds: float) -> Any:  # noqa: ANN401 - JSON
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

    def close(self, request: bytes) -> None:
        with contextlib.suppress(OSError):
            UNPATCHED.write(self._requests, request)
        UNPATCHED.close(self._requests)
        UNPATCHED.close(self._answers)


def _observed(answer: dict[str, Any]) -> Observed:
    return Observed(
        machine=convert(answer["machine"], Machine),
        children_memory_peaks={(process, key): peak for process, key, peak in answer["children"]},
        dropped=answer["dropped"],
        failures=answer["failures"],
    )
