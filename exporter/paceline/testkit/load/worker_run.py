"""
The life of a worker process: it takes its order, says that it is ready, waits for the start, and reports.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from msgspec import json

from paceline.testkit.load.http_worker import HttpWorker
from paceline.testkit.load.load_plan import LoadOrder, WorkerDone, WorkerMessage
from paceline.version import __version__

_NANOSECONDS = 1e9


def run(orders: BinaryIO, messages: BinaryIO) -> None:
    """
    Send the requests of one worker.

    Args:
        orders: the order in one line, the start in the next; its end is the order to stop.
        messages: takes a line for each message.
    """
    # Ctrl-C is for the parent, which says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def send(message: WorkerMessage) -> None:
        # Without a reader the parent is gone, and its end of `orders` is closed too.
        with suppress(OSError):
            messages.write(json.encode(message) + b"\n")
            messages.flush()

    order = json.decode(orders.readline(), type=LoadOrder)
    send(WorkerMessage(ready=__version__))
    line = orders.readline()
    if not line:
        return
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_send(order, float(line), orders, send))
        # A lookup of a name that hangs in a thread would keep the process.
        os._exit(0)


async def _send(order: LoadOrder, start: float, orders: BinaryIO, send: Callable[[WorkerMessage], None]) -> None:
    cpu, waited = time.process_time(), _cpu_wait_seconds()
    worker = HttpWorker(order, start, lambda interval: send(WorkerMessage(interval=interval)))
    asyncio.get_running_loop().add_reader(orders.fileno(), _stop_at_end, orders, worker)
    elapsed, waited_at_the_end = await worker.run(), _cpu_wait_seconds()
    done = WorkerDone(
        elapsed_seconds=elapsed,
        cpu_seconds=time.process_time() - cpu,
        cpu_wait_seconds=None if waited is None or waited_at_the_end is None else waited_at_the_end - waited,
    )
    send(WorkerMessage(done=done))


def _stop_at_end(orders: BinaryIO, worker: HttpWorker) -> None:
    if not os.read(orders.fileno(), 1 << 10):
        asyncio.get_running_loop().remove_reader(orders.fileno())
    worker.stop()


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - not available on every system
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def _cpu_wait_seconds() -> float | None:
    try:
        with open("/proc/self/schedstat", "rb") as file:  # noqa: PTH123 - one line
            return int(file.read().split()[1]) / _NANOSECONDS
    except OSError:
        return None
