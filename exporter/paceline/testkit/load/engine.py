"""
What all engines of load tests have in common.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from paceline.testkit.load.gathering import Gathering

EachSecond = Callable[[], None]


class Ended(NamedTuple):
    """
    How a load test ended: how many workers took part of how many, why one was lost, and whether Ctrl-C ended it.
    """

    workers: int
    expected_workers: int
    problem: str = ""
    interrupted: bool = False


class Engine(Protocol):
    """
    Sends the load of a plan.
    """

    @property
    def name(self) -> str: ...

    def run(self, gathering: Gathering, each_second: EachSecond) -> Ended:
        """
        Send the load, and give what is counted to `gathering`. Nothing is left running.
        """
        ...
