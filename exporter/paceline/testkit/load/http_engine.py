"""
The engine for HTTP on this machine: worker processes with asyncio and httptools.
"""

import os
from importlib.util import find_spec
from typing import Final

from paceline.testkit.load.engine import EachSecond, Ended
from paceline.testkit.load.gathering import Gathering
from paceline.testkit.load.load_plan import LoadOrder, LoadPlan
from paceline.testkit.load.workers import WorkerProcess, Workers

_MODULE = "paceline.testkit.load.worker_run"


class HttpEngine:
    """
    Args:
        plan: the load.
        processes: worker processes; by default one for each CPU that this process may use.
    """

    def __init__(self, plan: LoadPlan, processes: int | None = None) -> None:
        self.name: Final = "httptools and uvloop" if find_spec("uvloop") else "httptools"
        self._plan: Final = plan
        self._processes: Final = min(processes or _cpus(), plan.users)

    def run(self, gathering: Gathering, each_second: EachSecond) -> Ended:
        orders = [
            LoadOrder(plan=self._plan, worker=number, workers=self._processes) for number in range(self._processes)
        ]
        return run_workers(
            Workers(self._plan, [WorkerProcess(_MODULE, order) for order in orders]), gathering, each_second
        )


def run_workers(workers: Workers, gathering: Gathering, each_second: EachSecond) -> Ended:
    """
    Let workers send their load, until they are done or Ctrl-C ends them. None is left running.
    """
    interrupted = False
    try:
        start = workers.start()
        try:
            _gather(workers, start, gathering, each_second)
        except KeyboardInterrupt:
            interrupted = True
            workers.stop()
            _gather(workers, start, gathering, lambda: None)
    finally:
        workers.close()
    return Ended(workers.took_part, workers.count, workers.problem, interrupted)


def _gather(workers: Workers, start: float, gathering: Gathering, each_second: EachSecond) -> None:
    for message in workers.messages(start, each_second):
        if message.interval is not None:
            gathering.add(message.interval)
        if message.done is not None:
            gathering.end(message.done)


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
