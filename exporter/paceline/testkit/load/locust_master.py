"""
The master of Locust: it waits for the workers, gives each its share of the plan, and passes on what they count.
"""

from collections.abc import Mapping
from typing import Any, BinaryIO, Final

import gevent
import locust  # noqa: F401 - puts gevent's functions in the place of Python's, before anything else
from gevent.os import tp_read
from locust.env import Environment
from msgspec import json

from paceline.testkit.load.load_plan import LoadOrder, LocustOrder, WorkerMessage
from paceline.version import __version__

# The messages between master and workers, besides those of Locust.
HELLO, START, MESSAGE, STOP = "paceline_hello", "paceline_start", "paceline_message", "paceline_stop"
_POLL_SECONDS = 0.05


class _Master:
    """
    Args:
        order: the plan, and where the workers come to.
        messages: takes a line for each message.
    """

    def __init__(self, order: LocustOrder, messages: BinaryIO) -> None:
        self._order: Final = order
        self._messages: Final = messages
        self._present: Final[list[str]] = []
        self._strangers: Final[list[str]] = []
        self._has_started = False
        self._runner: Final = Environment().create_master_runner(order.host, order.port)
        self._runner.register_message(HELLO, self._on_hello)
        self._runner.register_message(MESSAGE, self._on_message)

    def wait(self) -> None:
        """
        Wait for the workers, and say which came.
        """
        with gevent.Timeout(self._order.wait_seconds, False):
            while len(self._present) + len(self._strangers) < self._order.workers:
                gevent.sleep(_POLL_SECONDS)
        missing = self._order.workers - len(self._present)
        problem = "; ".join(self._strangers) or (f"{missing} did not connect" if missing else "")
        self._send(WorkerMessage(ready=__version__, problem=problem))

    def start(self) -> None:
        """
        Let each worker that is there begin its share. Who comes later takes no part.
        """
        self._has_started = True
        for number, client in enumerate(self._present[: self._order.workers]):
            assert self._order.plan is not None  # noqa: S101 - for the type checker
            order = LoadOrder(plan=self._order.plan, worker=number, workers=self._order.workers)
            self._runner.send_message(START, {"order": json.encode(order).decode()}, client)

    def stop(self) -> None:
        """
        Let all workers end now.
        """
        self._runner.send_message(STOP)

    def _on_hello(self, msg: Any, **_: object) -> None:  # noqa: ANN401 - Locust has its own type
        if self._has_started or msg.node_id in self._present:
            return
        version = msg.data["version"]
        if version == __version__:
            self._present.append(msg.node_id)
        else:
            self._strangers.append(f"a worker has Paceline {version}, expected {__version__}")

    def _on_message(self, msg: Any, **_: object) -> None:  # noqa: ANN401 - as above
        if msg.node_id in self._present:
            self._messages.write(msg.data["line"].encode() + b"\n")
            self._messages.flush()

    def _send(self, message: WorkerMessage) -> None:
        self._messages.write(json.encode(message) + b"\n")
        self._messages.flush()


def run(orders: BinaryIO, messages: BinaryIO) -> None:
    """
    Be a master until the end of the orders.

    Args:
        orders: the order in one line, the start in the next, another to stop; their end is the end.
        messages: takes a line for each message.
    """
    master = _Master(json.decode(orders.readline(), type=LocustOrder), messages)
    master.wait()
    steps: Mapping[bool, Any] = {True: master.start, False: master.stop}
    is_first = True
    while tp_read(orders.fileno(), 1 << 10):
        steps[is_first]()
        is_first = False
