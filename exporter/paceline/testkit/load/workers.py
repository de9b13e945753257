"""
The worker processes of a load test, seen from the process that runs it.
"""

import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from msgspec import json

from paceline.testkit.load.load_plan import GRACE_SECONDS, LoadPlan, WorkerMessage
from paceline.values import Value

_PROGRAM: Final = str(Path(__file__).with_name("worker_process.py"))
# Enough for the imports, on a busy machine.
READY_SECONDS = 20.0
# From the start signal to the first request, so that all workers have it.
_LEAD_SECONDS = 0.02
# A worker that is not done so long after the last answer could come is killed.
_LATE_SECONDS = 0.5
_CHUNK = 1 << 16


class WorkerProcess:
    """
    One process that sends load, and what it wrote.

    Args:
        module: of this package, whose function `run` is the process.
        order: the first line that the function reads.
    """

    def __init__(self, module: str, order: Value) -> None:
        self.errors: Final[IO[bytes]] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        command = [sys.executable, "-I", *(["-B"] if sys.dont_write_bytecode else []), _PROGRAM]
        self.process: Final = subprocess.Popen(  # noqa: S603 - no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, start_new_session=True
        )
        self.is_ready, self.done, self.problem = False, 0, ""
        self._text = b""
        self.write(json.encode({"path": import_path(), "module": module}) + b"\n" + json.encode(order) + b"\n")

    @property
    def output(self) -> IO[bytes]:
        assert self.process.stdout is not None  # noqa: S101 - for the type checker
        return self.process.stdout

    def write(self, line: bytes) -> None:
        assert self.process.stdin is not None  # noqa: S101 - for the type checker
        with suppress(OSError):
            self.process.stdin.write(line)
            self.process.stdin.flush()

    def read(self) -> list[WorkerMessage] | None:
        """
        The messages that have come; None after the last.
        """
        data = os.read(self.output.fileno(), _CHUNK)
        *lines, self._text = (self._text + data).split(b"\n")
        messages = [json.decode(line, type=WorkerMessage) for line in lines]
        for message in messages:
            self.is_ready = self.is_ready or bool(message.ready)
            self.done += message.done is not None
            self.problem = self.problem or message.problem
        return messages if data else None

    def end(self) -> str:
        """
        Kill the process, and give the last line that it wrote to stderr.
        """
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self.errors.seek(0)
        text = self.errors.read().decode(errors="replace").strip()
        self.errors.close()
        return text.rpartition("\n")[2]


class Workers:
    """
    Worker processes: they are started, begin at one time, and are all gone after `close`.

    `problem` is the last line of stderr of a process that was lost.

    Args:
        plan: the load.
        processes: that send messages.
        count: the workers that are expected to be done; by default, each process is one.
        ready_seconds: how long the processes may take until they are ready.
    """

    def __init__(
        self,
        plan: LoadPlan,
        processes: Sequence[WorkerProcess],
        count: int | None = None,
        ready_seconds: float = READY_SECONDS,
    ) -> None:
        self.count: Final = len(processes) if count is None else count
        self.problem = ""
        self._plan: Final = plan
        self._ready_seconds: Final = ready_seconds
        self._processes: Final = processes
        self._selector: Final = selectors.DefaultSelector()
        for process in self._processes:
            self._selector.register(process.output, selectors.EVENT_READ, process)

    @property
    def took_part(self) -> int:
        """
        How many workers did all of their share.
        """
        return sum(process.done for process in self._processes)

    def start(self) -> float:
        """
        Wait until all workers are ready, and let them begin.

        Returns:
            When they begin, by the monotonic clock.
        """
        until = time.monotonic() + self._ready_seconds
        while not all(process.is_ready for process in self._processes) and self._selector.get_map():
            if time.monotonic() > until:
                break
            for _ in self._read(until):
                pass
        start = time.monotonic() + _LEAD_SECONDS
        for process in self._processes:
            process.write(b"%r\n" % start)
        return start

    def messages(self, start: float, each_second: Callable[[], None]) -> Iterator[WorkerMessage]:
        """
        The messages of all workers until the last is done or late.

        Args:
            start: when they began.
            each_second: is called about once a second.
        """
        until = start + self._plan.whole_seconds + GRACE_SECONDS + _LATE_SECONDS
        shown = start
        while self._selector.get_map() and time.monotonic() < until and self.took_part < self.count:
            yield from self._read(min(until, shown + 1.0))
            if time.monotonic() >= shown + 1.0:
                shown = time.monotonic()
                each_second()

    def stop(self) -> None:
        """
        Ask all workers to end now.
        """
        for process in self._processes:
            process.write(b"stop\n")

    def close(self) -> None:
        """
        End all worker processes.
        """
        self._selector.close()
        for process in self._processes:
            text = process.end()
            if process.problem or (self.took_part < self.count and text):
                self.problem = process.problem or text

    def _read(self, until: float) -> Iterator[WorkerMessage]:
        for key, _ in self._selector.select(max(until - time.monotonic(), 0.0)):
            messages = key.data.read()
            if messages is None:
                self._selector.unregister(key.fileobj)
            yield from messages or ()


def import_path() -> list[str]:
    """
    This very package, then installed ones: a project may have a module that is called like one of them.
    """
    own = str(Path(__file__).parents[3])
    absolute = dict.fromkeys(str(Path(entry).absolute()) for entry in sys.path)
    return [own, *sorted(absolute, key=lambda entry: "-packages" not in entry)]
