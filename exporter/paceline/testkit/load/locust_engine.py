"""
The engine for many machines and for locustfiles: a master of Locust, and its workers here or elsewhere.
"""

import socket
from contextlib import ExitStack
from typing import Final

from paceline.testkit.load.engine import EachSecond, Ended
from paceline.testkit.load.gathering import Gathering
from paceline.testkit.load.http_engine import run_workers
from paceline.testkit.load.load_plan import LoadPlan, LocustOrder
from paceline.testkit.load.workers import WorkerProcess, Workers

_MASTER, _WORKER = "paceline.testkit.load.locust_master", "paceline.testkit.load.locust_worker"
_HERE = "127.0.0.1"
# How long the master waits for workers: processes of this machine, and those that people start elsewhere.
_WAIT_HERE, _WAIT_ELSEWHERE = 30.0, 120.0
# What the master needs to start, and to say that it is ready.
_START_SECONDS = 20.0


class LocustEngine:
    """
    Args:
        plan: the load.
        workers: how many.
        master: where workers elsewhere connect to, as HOST:PORT; "" for workers of this machine.
    """

    def __init__(self, plan: LoadPlan, workers: int, master: str = "") -> None:
        self.name: Final = "Locust"
        self._plan: Final = plan
        self._workers: Final = workers
        self._master: Final = master

    def run(self, gathering: Gathering, each_second: EachSecond) -> Ended:
        host, _, port = self._master.rpartition(":") if self._master else (_HERE, "", str(_free_port()))
        wait = _WAIT_ELSEWHERE if self._master else _WAIT_HERE
        meeting = LocustOrder(host=host, port=int(port))
        order = LocustOrder(host=host, port=int(port), workers=self._workers, wait_seconds=wait, plan=self._plan)
        with ExitStack() as started:
            master = WorkerProcess(_MASTER, order)
            for _ in range(0 if self._master else self._workers):
                started.callback(WorkerProcess(_WORKER, meeting).end)
            workers = Workers(self._plan, [master], self._workers, wait + _START_SECONDS)
            return run_workers(workers, gathering, each_second)


def _free_port() -> int:
    with socket.create_server((_HERE, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
