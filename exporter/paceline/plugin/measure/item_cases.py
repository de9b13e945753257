"""
Makes a case of each test that this process runs.

The key is the item: other plugins may change the id on a report, or make a new report, and the test that runs is known
all the same.
"""

from collections.abc import Callable, Generator
from typing import Any, Final, NamedTuple, Protocol

import pytest

from paceline.live_report import LoadMoment
from paceline.model import Case
from paceline.plugin.collect.plan import plan_of
from paceline.plugin.measure.meter import Meter, measurement_on
from paceline.plugin.measure.running_test import RunningTest
from paceline.unpatched import UNPATCHED

Listener = Callable[[int, Case], None]


class BoundaryListener(Protocol):
    """
    Takes the start and the end of each test that this process runs, by its number, and each second of its load tests.
    """

    def test_started(self, key: int) -> None: ...

    def test_ended(self, key: int) -> None: ...

    def tell_load(self, test: str, moment: LoadMoment) -> None: ...


class EndedTest(NamedTuple):
    """
    A test that was run here, whether it was measured in this process, and its case.
    """

    item: pytest.Item
    is_measured_here: bool
    case: Case


class ItemCases:
    """
    Follows the reports of each test, from the start of its protocol to the end.

    `ended` has the tests by their number, in the order in which they were run; `number` is that of the present one.

    Args:
        meter: measures the tests.
        boundaries: takes the start and the end of each test, for the companion.
        on_end: takes number and case of a test that has ended.
        on_settled: takes number and case of a test that turned out to keep less memory.
        failed: takes an error of Paceline's own.
    """

    def __init__(
        self,
        meter: Meter,
        boundaries: BoundaryListener | None,
        on_end: Listener,
        on_settled: Listener,
        failed: Callable[[Exception, str], None],
    ) -> None:
        self.ended: Final[dict[int, EndedTest]] = {}
        self.current: RunningTest | None = None
        self.number = 0
        self._meter: Final = meter
        self._boundaries: Final = boundaries
        self._on_end: Final = on_end
        self._on_settled: Final = on_settled
        self._failed: Final = failed
        self._process: Final = UNPATCHED.getpid()
        self._last: int | None = None
        self.item: pytest.Item | None = None
        self._is_measured_here = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        self._tried(self._settle)
        self.number += 1
        number = self.number
        self.item = item
        if self._boundaries is not None:
            self._boundaries.test_started(number)
        self._meter.begin()
        self._is_measured_here = False
        self.current = RunningTest(plan_of(item))
        try:
            return (yield)
        finally:
            if self._boundaries is not None:
                self._boundaries.test_ended(number)
            running, self.current = self.current, None
            if self._process == UNPATCHED.getpid():
                self._tried(lambda: self._end(item, running))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self.current is not None:
            self._tried(lambda: self._add(report))

    def tell_load(self, moment: LoadMoment) -> None:
        """
        Tell those who watch the run how the load test of the present test does.
        """
        running, boundaries = self.current, self._boundaries
        if running is not None and boundaries is not None:
            boundaries.tell_load(running.plan.id, moment)

    def end_early(self) -> None:
        """
        Take the present test for ended, as far as its figures and its reports go.
        """
        running, item = self.current, self.item
        if running is not None and item is not None and running.measurement is None:
            running.measurement = self._meter.end_early()
            self._is_measured_here = True
            self._end(item, running)

    def settle_last(self) -> None:
        """
        Look once more at what the last test keeps.
        """
        self._tried(self._settle)

    def _add(self, report: pytest.TestReport) -> None:
        running = self.current
        if running is None:
            return
        running.add(report)
        if report.when == "teardown":
            measurement = self._meter.take()
            self._is_measured_here = measurement is not None
            running.measurement = measurement or measurement_on(report) or running.measurement

    def _end(self, item: pytest.Item, running: RunningTest | None) -> None:
        case = running.case() if running is not None else None
        if case is None:
            return
        number = self.number
        self.ended[number] = EndedTest(item, self._is_measured_here, case)
        self._last = number if self._is_measured_here else None
        self._on_end(number, case)

    def _settle(self) -> None:
        number, self._last = self._last, None
        retained = self._meter.settled() if number is not None else None
        if number is None or retained is None:
            return
        item, is_measured_here, case = self.ended[number]
        settled = case.with_retained(retained)
        self.ended[number] = EndedTest(item, is_measured_here, settled)
        self._on_settled(number, settled)

    def _tried(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of the user's tests
            self._failed(error, "following the reports of a test")
