"""
The companion's loop: looks, messages and requests, until the session ends.
"""

import contextlib
import json
import os
import select
import time

import psutil

from paceline.companion.children_memory import Child, ChildrenMemory
from paceline.companion.descendants import descendants, resident_bytes, started_ns
from paceline.companion.sampler import Sampler
from paceline.companion.session_process import SessionProcess
from paceline.errors import ConfigError

# As `typing` has it, without importing that.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from paceline.companion.live import LiveOutlets

_LOOK_SECONDS = 0.05
# Looking takes at most this share of one CPU, however many processes there are.
_LOOK_SHARE = 0.05
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ of Linux
_PIPE_BYTES = 1 << 20
# The session waits two seconds for the last live report; the report itself may take longer.
_LAST_REPORT_SECONDS = 1.75
_MORE_SECONDS = 2.5


def watch(folder: str, session: int, order: "Mapping[str, Any]") -> None:
    """
    Look until the session asks for the last answer, or its process ends.

    Args:
        folder: with the FIFOs.
        session: the process that started the companion.
        order: an `Order`, as JSON.
    """
    process = SessionProcess(session)
    sampler = Sampler(session, order["project"])
    loop = Loop(folder, sampler)
    if order["live"] is not None and not loop.go_live(order["live"]):
        return
    poll = select.poll()
    poll.register(loop.requests, select.POLLIN)
    process.register(poll)
    sampler.sample()
    next_sample = time.monotonic() + order["sample_seconds"]
    loop.say_watching()
    while process.is_alive():
        loop.look()
        if time.monotonic() >= next_sample:
            sampler.sample()
            next_sample = time.monotonic() + order["sample_seconds"]
        # Sampling may have taken longer than the time to the next sample; a negative timeout is invalid.
        poll.poll(max(1e3 * (min(loop.next_look, next_sample) - time.monotonic()), 0))
        if loop.is_over():
            break
    if not process.is_alive():
        remove(folder)


def remove(folder: str) -> None:
    """
    Remove the folder of a session that died.
    """
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208 - pathlib is slow to import
            os.unlink(f"{folder}/{name}")  # noqa: PTH108
        os.rmdir(folder)  # noqa: PTH106


# Time, kind, process, key, memory of the process' children.
_Event = tuple[int, bytes, int, int, dict[Child, int]]


class Loop:
    """
    The steps of the loop. `next_look` is the time, by the monotonic clock, before which no look is due.
    """

    def __init__(self, folder: str, sampler: Sampler) -> None:
        # For writing, too, so that there is no end of file while nobody else has it open.
        self._messages = os.open(f"{folder}/messages", os.O_RDWR | os.O_NONBLOCK)
        self.requests = os.open(f"{folder}/requests", os.O_RDWR | os.O_NONBLOCK)
        self._folder = folder
        self._answers: int | None = None
        self._live: LiveOutlets | None = None
        self._sampler = sampler
        self.children = ChildrenMemory()
        self._started: dict[int, dict[int, float]] = {}
        self._unread = b""
        self._dropped = 0
        self.next_look = 0.0
        _enlarge(self._messages)

    def go_live(self, order: "Mapping[str, Any]") -> bool:
        """
        Serve and send what is asked for, and answer whether that can be done.
        """
        from paceline.companion.live import LiveOutlets  # noqa: PLC0415 - its imports take longer than all others

        try:
            self._live = LiveOutlets(order, self._sampler)
        except ConfigError as error:
            self._answer({"error": str(error)})
            return False
        self._answer({"url": self._live.url})
        return True

    def say_watching(self) -> None:
        """
        Remove the order: a session that is over before has nothing to wait for.
        """
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self._folder}/order")  # noqa: PTH108 - pathlib is slow to import

    def look(self) -> None:
        """
        Look at the child processes of each process that runs tests, and take the messages that came meanwhile. A
        message is of the time at which it was sent.
        """
        began = time.monotonic()
        looks = [(time.perf_counter_ns(), b"L", process, 0, self._memory(process)) for process in self._processes()]
        for at_ns, kind, process, key, memory in sorted([*looks, *self._read()], key=lambda event: event[0]):
            if kind == b"L":
                self.children.see(process, memory)
            elif kind == b"S":
                self.children.start(process, at_ns, key)
            else:
                self.children.end(process)
        now = time.monotonic()
        self.next_look = now + max(_LOOK_SECONDS, (now - began) / _LOOK_SHARE)

    def is_over(self) -> bool:
        """
        Answer a request, if there is one; either ends the companion.
        """
        try:
            request = os.read(self.requests, 1 << 12)
        except BlockingIOError:
            return False
        if request.startswith(b"finish"):
            self.look()
            self._sampler.sample()
            self._answer(self._figures())
            if self._live is not None:
                self._answer({"messages": self._live.end(_LAST_REPORT_SECONDS)})
                self._live.end(_MORE_SECONDS)
        return True

    def close(self) -> None:
        os.close(self._messages)
        os.close(self.requests)

    def _processes(self) -> list[int]:
        for process in self.children.processes:
            if not psutil.pid_exists(process):
                self.children.forget(process)
        return self.children.processes

    def _memory(self, process: int) -> dict[Child, int]:
        memory, known = {}, self._started.get(process, {})
        started: dict[int, float] = {}
        for child in descendants(process):
            with contextlib.suppress(OSError, psutil.Error):  # it has ended meanwhile
                started[child] = known.get(child) or started_ns(child)
                memory[child, started[child]] = resident_bytes(child)
        self._started[process] = started
        return memory

    def _read(self) -> "list[_Event]":
        with contextlib.suppress(BlockingIOError):
            while True:
                self._unread += os.read(self._messages, _PIPE_BYTES)
        *lines, self._unread = self._unread.split(b"\n")
        events: list[_Event] = []
        for line in lines:
            try:
                self._take(line, events)
            except ValueError:  # a test wrote into the FIFO
                self._dropped += 1
        return events

    def _take(self, line: bytes, events: "list[_Event]") -> None:
        kind, rest = line[:1], line[2:]
        if kind == b"L":
            self._tell(rest)
        elif kind == b"D":
            self._dropped += int(rest.split()[1])
        else:
            process, at_ns, key = map(int, rest.split())
            events.append((at_ns, kind, process, key, {}))

    def _tell(self, message: bytes) -> None:
        if self._live is not None:
            at_ns, _, content = message.partition(b" ")
            kind, *figures = json.loads(content)
            self._live.take(int(at_ns), kind, figures)

    def _figures(self) -> "dict[str, Any]":
        return {
            "machine": self._sampler.machine(),
            "children": [[process, key, peak] for (process, key), peak in self.children.peaks.items()],
            "dropped": self._dropped,
            "failures": self._sampler.failures,
        }

    def _answer(self, document: "dict[str, Any]") -> None:
        with contextlib.suppress(OSError):  # nobody waits for it
            if self._answers is None:
                self._answers = os.open(f"{self._folder}/answers", os.O_WRONLY | os.O_NONBLOCK)
                os.set_blocking(self._answers, True)
            unsent = json.dumps(document).encode() + b"\n"
            while unsent:
                unsent = unsent[os.write(self._answers, unsent) :]


def _enlarge(descriptor: int) -> None:
    """
    Have room for the messages of tests that end faster than the companion reads.
    """
    with contextlib.suppress(ImportError, OSError):
        import fcntl  # noqa: PLC0415

        fcntl.fcntl(descriptor, _SET_PIPE_SIZE, _PIPE_BYTES)
