"""
How far a run is, kept up to date by pytest's hooks.
"""

import time
from collections import Counter
from typing import Final

import pytest

from paceline.model import Case, Outcome
from paceline.plugin.collect.plan import Planner


class Progress:
    """
    What runs now, and how what has ended did. `branch` is "" and `expected` None until they are known.
    """

    def __init__(self, planner: Planner) -> None:
        self.branch = ""
        self.expected: int | None = None
        self.outcomes: Final[Counter[Outcome]] = Counter()
        self._planner = planner
        self._now = time.monotonic
        self._began: dict[str, float] = {}

    @property
    def ended(self) -> int:
        return sum(self.outcomes.copy().values())

    def active(self) -> dict[str, float]:
        """
        The seconds that each test has been running, by its safe id.
        """
        now = self._now()
        # A copy, as the thread of the tests goes on adding and removing.
        return {self._planner.plan_of(test).id: now - since for test, since in self._began.copy().items()}

    def add(self, case: Case) -> None:
        """
        Count a test that has ended.
        """
        self.outcomes[case.outcome] += 1

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.expected = len(session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self.expected = len(ids)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._began[nodeid] = self._now()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._began.pop(nodeid, None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        self._began.pop(crashitem, None)
