"""
Budgets of markers: a test that is over one fails where it is over the budget when it is measured again, too.
"""

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, Final

import pytest

from paceline.analysis.confirm_verdict import confirm_budget
from paceline.analysis.verdicts.budget import needed_seconds
from paceline.model import Case, Verdict
from paceline.plugin.collect.plan import plan_of
from paceline.plugin.guard import Guard
from paceline.plugin.measure.held_reports import HeldReports
from paceline.plugin.measure.item_cases import EndedTest
from paceline.plugin.measure.marker_verdicts import failure_of, marker_verdicts
from paceline.plugin.measure.meter import Meter
from paceline.plugin.measure.running_test import RunningTest
from paceline.plugin.measure.time_limit import without_time_limit
from paceline.verdict_kinds import VerdictKind

Repeat = Callable[[EndedTest, pytest.Item | None], Sequence[Case]]
_CALL: Final = "call"


class MarkerBudgets:
    """
    Holds the reports of a test whose marker limits its time, or that of an endpoint, back until that is judged.

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
        is_timed = plan.is_hard or plan.endpoint is not None
        if not is_timed or not plan.is_repeatable or item.get_closest_marker("xfail") is not None:
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
        verdicts = marker_verdicts(running.plan, case) if case is not None else []
        call = next((report for report in reports if report.when == _CALL), None)
        if case is None or not verdicts or call is None:
            return
        with without_time_limit(item):
            repeats = self._repeat(EndedTest(item, running.measurement is not None, case), nextitem)
        broken = [one for one in (self._confirmed(verdict, repeats) for verdict in verdicts) if one is not None]
        if broken:
            _fail(item, call, failure_of(broken))

    def _confirmed(self, verdict: Verdict, repeats: Sequence[Case]) -> Verdict | None:
        """
        The verdict where the repeats of its test broke the limit, too; else the least of their figures is kept.
        """
        figures = [figure for repeat in repeats if (figure := _figure(verdict, repeat)) is not None]
        confirmed = confirm_budget(verdict, figures) if figures else verdict
        if confirmed.kind is VerdictKind.BUDGET:
            return confirmed
        if verdict.measure:
            self._meter.keep_measure(verdict.measure, min(figures))
        else:
            self._meter.keep_budget(min(figures))
        return None


def _figure(verdict: Verdict, repeat: Case) -> float | None:
    if not verdict.measure:
        return needed_seconds(repeat)
    measure = repeat.measures.get(verdict.measure)
    return measure.value if measure is not None else None


def _fail(item: pytest.Item, report: pytest.TestReport, message: str) -> None:
    """
    Make a report of a call that passed one of a failure; what plugins put on the report stays.
    """

    def fail() -> None:
        pytest.fail(message, pytrace=False)

    failed = pytest.TestReport.from_item_and_call(item, pytest.CallInfo.from_call(fail, _CALL))
    report.outcome, report.longrepr = failed.outcome, failed.longrepr
