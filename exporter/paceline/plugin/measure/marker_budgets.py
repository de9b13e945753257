"""
Budgets of markers: a test that is over one fails where it is over the budget when it is measured again, too.
"""

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, Final

import pytest

from paceline.analysis.confirmation import confirm_budget
from paceline.analysis.verdicts.budget import judge_budget, needed_seconds
from paceline.model import Case
from paceline.plugin.collect.plan import plan_of
from paceline.plugin.guard import Guard
from paceline.plugin.measure.held_reports import HeldReports
from paceline.plugin.measure.item_cases import Ended
from paceline.plugin.measure.meter import Meter
from paceline.plugin.measure.running_test import RunningTest
from paceline.plugin.measure.time_limit import without_time_limit
from paceline.verdict_kinds import VerdictKind

Repeat = Callable[[Ended, pytest.Item | None], Sequence[Case]]
_CALL: Final = "call"


class MarkerBudgets:
    """
    Holds the reports of a test with a budget of its own back until the budget is judged.

    Args:
        meter: measures the tests.
        repeat: runs a test again that has ended, before the next one, and gives the cases that passed.
        guard: takes errors of Paceline's own.
    """

    def __init__(self, meter: Meter, repeat: Repeat, guard: Guard) -> None:
        self._meter: Final = meter
        self._repeat: Final = repeat
        self._guard: Final = guard

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        plan = plan_of(item)
        # A test that is expected to fail may do so by its budget: pytest decides that as the call ends.
        if not plan.is_hard or not plan.is_repeatable or item.get_closest_marker("xfail") is not None:
            return (yield)
        with self._meter.budget_judged_later(), HeldReports(item.config) as held:
            result = yield
        if held.is_holding:
            self._guard.tried(partial(self._judge, item, nextitem, held.reports), "judging the budget of a marker")
            held.release()
        return result

    def _judge(self, item: pytest.Item, nextitem: pytest.Item | None, reports: Sequence[pytest.TestReport]) -> None:
        running = RunningTest(plan_of(item))
        for report in reports:
            running.add(report)
        running.measurement = self._meter.measurement
        case = running.case()
        verdict = judge_budget(case) if case is not None else None
        call = next((report for report in reports if report.when == _CALL), None)
        if case is None or verdict is None or call is None:
            return
        with without_time_limit(item):
            repeats = self._repeat(Ended(item, running.measurement is not None, case), nextitem)
        figures = [seconds for repeat in repeats if (seconds := needed_seconds(repeat)) is not None]
        confirmed = confirm_budget(verdict, figures) if figures else verdict
        if confirmed.kind is VerdictKind.BUDGET:
            _fail(item, call, f"The test {confirmed.reason}.")
        else:
            self._meter.keep_budget(min(figures))


def _fail(item: pytest.Item, report: pytest.TestReport, message: str) -> None:
    """
    Make a report of a call that passed one of a failure; what plugins put on the report stays.
    """

    def fail() -> None:
        pytest.fail(message, pytrace=False)

    failed = pytest.TestReport.from_item_and_call(item, pytest.CallInfo.from_call(fail, _CALL))
    report.outcome, report.longrepr = failed.outcome, failed.longrepr
