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

_LOOK_SECONDS = 0.05
# Looking takes at most this share of one CPU, however many processes there are.
_LOOK_SHARE = 0.05
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ of Linux
_PIPE_BYTES = 1 << 20


def watch(folder: str, session: int, sample_seconds: float, project: str) -> None:
    """
    Look until the session asks for the last answer, or its process ends.

    Args:
        folder: with the FIFOs.
        session: the process that started the companion.
        sample_seconds: the time between two samples.
        project: the folder whose disk is looked at.
    """
    process = SessionProcess(session)
    sampler = Sampler(session, project)
    loop = Loop(folder, sampler)
    poll = select.poll()
    poll.register(loop.requests, select.POLLIN)
    process.register(poll)
    next_sample = time.monotonic()
    while process.is_alive():
        loop.look()
        if time.monotonic() >= next_sample:
            sampler.sample()
            next_sample = time.monotonic() + sample_seconds
        poll.poll(1e3 * (min(loop.next_look, next_sample) - time.monotonic()))
        if loop.is_over():
            return
    remove(folder)


def remove(folder: str) -> None:
    """
    Remove the folder of a session that died.
    """
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208 - pathlib is slow to import
            os.unlink(f"{folder}/{name}")  # noqa: PTH108
        os.rmdir(folder)  # noqa: PTH106


class Loop:
    """
    The steps of the loop. `next_look` is the time, by the monotonic clock, before which no look is due.
    """

    def __init__(self, folder: str, sampler: Sampler) -> None:
        # For writing, too, so that there is no end of file while nobody else has it open.
        self._messages = os.open(f"{folder}/messages", os.O_RDWR | os.O_NONBLOCK)
        self.requests = os.open(f"{folder}/requests", os.O_RDWR | os.O_NONBLOCK)
        self._answers = f"{folder}/answers"
        self._sampler = sampler
        self.children = ChildrenMemory()
        self._started: dict[int, dict[int, float]] = {}
        self._unread = b""
        self._dropped = 0
        self.next_look = 0.0
        _enlarge(self._messages)

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
            self._answer()
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

    def _read(self) -> list[tuple[int, bytes, int, int, dict[Child, int]]]:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._unread += os.read(self._messages, _PIPE_BYTES)
        *lines, self._unread = self._unread.split(b"\n")
        events: list[tuple[int, bytes, int, int, dict[Child, int]]] = []
        for line in lines:
            kind, process, *rest = line.split()
            if kind == b"D":
                self._dropped += int(rest[0])
            else:
                events.append((int(rest[0]), kind, int(process), int(rest[1]), {}))
        return events

    def _answer(self) -> None:
        answer = {
            "machine": self._sampler.machine(),
            "children": [[process, key, peak] for (process, key), peak in self.children.peaks.items()],
            "dropped": self._dropped,
            "failures": self._sampler.failures,
        }
        with contextlib.suppress(OSError):  # nobody waits for it
            descriptor = os.open(self._answers, os.O_WRONLY | os.O_NONBLOCK)
            os.set_blocking(descriptor, True)
            unsent = json.dumps(answer).encode() + b"\n"
            while unsent:
                unsent = unsent[os.write(descriptor, unsent) :]


def _enlarge(descriptor: int) -> None:
    """
    Have room for the messages of tests that end faster than the companion reads.
    """
    with contextlib.suppress(ImportError, OSError):
        import fcntl  # noqa: PLC0415

        fcntl.fcntl(descriptor, _SET_PIPE_SIZE, _PIPE_BYTES)
