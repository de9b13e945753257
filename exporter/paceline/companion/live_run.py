"""
How far a run is, as the session's messages say.
"""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from msgspec import convert

from paceline.companion.order import Live
from paceline.companion.sampler import Sampler
from paceline.identity import safe_text
from paceline.live_report import MOST_NAMED, LiveReport, LoadMoment, ResourceSample
from paceline.metrics.live_state import LiveState
from paceline.model import Outcome
from paceline.version import __version__

_NANOSECONDS = 1e9
_MILLISECONDS = 1e3
# A load test sends a message each second.
_LOAD_SECONDS = 3.0


class LiveRun:
    """
    Messages come in one thread; in any other one may ask how the run is at that moment.

    `branch` is "" and `expected` None until they are known.
    """

    def __init__(self, live: Live, sampler: Sampler) -> None:
        self.branch = self.default_branch = ""
        self.expected: int | None = None
        self.failures = 0
        self._outcomes: Counter[Outcome] = Counter()
        self._failed: dict[str, None] = {}
        self._live = live
        self._sampler = sampler
        self._active: dict[int, tuple[str, int]] = {}
        self._loads: dict[str, tuple[float, LoadMoment]] = {}

    def start_case(self, number: int, case: str, at_ns: int) -> None:
        self._active[number] = case, at_ns

    def name_case(self, number: int, case: str) -> None:
        if number in self._active:
            self._active[number] = case, self._active[number][1]

    def end_case(self, number: int) -> None:
        self._active.pop(number, None)

    def count(self, outcome: str, failed: str) -> None:
        """
        A test has ended with an outcome.

        Args:
            outcome: the value of an `Outcome`.
            failed: the id of a test that failed, else "".
        """
        self._outcomes[Outcome(outcome)] += 1
        if failed and len(self._failed) < MOST_NAMED:
            self._failed[failed] = None

    def take_load(self, case: str, moment: Mapping[str, Any]) -> None:
        """
        Take the latest second of the load test of a test. A load test that is silent for some seconds has ended.
        """
        self._loads[case] = time.monotonic(), convert(moment, LoadMoment)

    def state(self) -> LiveState:
        """
        The moment, for metrics.
        """
        return LiveState(
            version=__version__,
            suite=self._live.suite,
            branch=self.branch,
            expected=self.expected,
            ended=self._ended(),
            active=self._seconds(),
            loads=self._present_loads(),
            failed=self._failed_tests(),
            budgets={name: budget * _MILLISECONDS for name, budget in self._live.budgets.items()},
            failures=self.failures,
            sample=self._sample(),
        )

    def report(self, interval_seconds: float, *, is_over: bool) -> LiveReport:
        """
        The moment, for an exporter.
        """
        return LiveReport(
            run_id=self._live.run_id,
            suite=self._live.suite,
            branch=safe_text(self.branch),
            default_branch=self.default_branch,
            shard=self._live.shard,
            interval_seconds=interval_seconds,
            expected=self.expected,
            ended=self._ended(),
            active=self._seconds(),
            loads=self._present_loads(),
            outcomes=dict(self._outcomes),
            failed=self._failed_tests(),
            budgets=self._live.budgets,
            sample=self._sample(),
            is_over=is_over,
        )

    def _ended(self) -> int:
        return sum(self._outcomes.copy().values())

    def _failed_tests(self) -> tuple[str, ...]:
        # A copy, as messages go on coming.
        return (*self._failed.copy(),)

    def _seconds(self) -> Mapping[str, float]:
        now = time.perf_counter_ns()
        # A copy, as messages go on coming.
        return {case: (now - began) / _NANOSECONDS for case, began in self._active.copy().values()}

    def _present_loads(self) -> Mapping[str, LoadMoment]:
        now = time.monotonic()
        return {case: moment for case, (at, moment) in self._loads.copy().items() if now - at < _LOAD_SECONDS}

    def _sample(self) -> ResourceSample:
        return convert({"tree": self._sampler.tree, "system": self._sampler.system}, ResourceSample)
