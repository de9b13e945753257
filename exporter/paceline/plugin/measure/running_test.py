"""
A test while it runs, in the process that hears of its reports.
"""

from collections.abc import Mapping
from typing import Final

import pytest

from paceline.accounts import NotMeasured
from paceline.kit_results import AnyResult
from paceline.measure import Measure
from paceline.model import Case, EndpointTimes, HostTraffic, Outcome, Seconds
from paceline.plugin.collect.plan import CasePlan
from paceline.query_group import QueryGroup
from paceline.translated_names import BudgetSource
from paceline.values import Value

_PASSED = "passed"
_PHASES = frozenset({"setup", "call", "teardown"})
# pytest's own outcomes of a phase. Any other is of an attempt that a plugin repeats.
_CALLS = {
    ("passed", False): Outcome.PASSED,
    ("passed", True): Outcome.XPASSED,
    ("failed", False): Outcome.FAILED,
    ("failed", True): Outcome.FAILED,
    ("skipped", False): Outcome.SKIPPED,
    ("skipped", True): Outcome.XFAILED,
}
_OUTCOMES = frozenset(outcome for outcome, _ in _CALLS)


class Measurement(Value, frozen=True, kw_only=True):
    """
    The figures of the last attempt of a test; `attempts` were made by whoever repeats tests.
    """

    started: Seconds | None = None
    ended: Seconds | None = None
    setup_seconds: Seconds | None = None
    duration_seconds: Seconds | None = None
    teardown_seconds: Seconds | None = None
    needed_seconds: Seconds | None = None
    usage: Mapping[str, float] = {}
    measures: Mapping[str, Measure] = {}
    queries: tuple[QueryGroup, ...] = ()
    hosts: tuple[HostTraffic, ...] = ()
    endpoints: tuple[EndpointTimes, ...] = ()
    results: tuple[AnyResult, ...] = ()
    uses_kit: bool = False
    lacking: tuple[str, ...] = ()
    attempts: int = 1
    met_debugger: bool = False
    is_untimed_benchmark: bool = False


class RunningTest:
    """
    Takes the reports of a test and its measurement, and gives its case.

    Args:
        plan: of the test.

    Attributes:
        retries: attempts that did not count, because a plugin has the test run again.
    """

    def __init__(self, plan: CasePlan) -> None:
        self.plan: Final = plan
        self.outcome: Outcome | None = None
        self.measurement: Measurement | None = None
        self.retries = 0
        self._crashed = False

    def add(self, report: pytest.TestReport) -> None:
        """
        Take a report; a failure of any phase or subtest outweighs what the others say.
        """
        outcome = report.outcome
        if outcome == _PASSED and report.when == "setup":
            return
        if outcome not in _OUTCOMES:
            self.retries += 1
            self.outcome = None
        elif self.outcome is not None or report.when != "teardown":
            # Without an outcome, a teardown is of an attempt that is tried again.
            self._crashed = report.when not in _PHASES
            if self.outcome is None or not self.outcome.is_failure:
                self.outcome = _outcome(report, self.outcome)

    def case(self) -> Case | None:
        """
        The case as far as it is known; None where no outcome is.
        """
        if self.outcome is None:
            return None
        plan, measured = self.plan, self.measurement or Measurement()
        budget = plan.budget
        # A function of the test kit that could not begin leaves no result.
        is_of_kit = measured.results or (measured.uses_kit and self.outcome.is_failure)
        if is_of_kit and budget is not None and budget.source is BudgetSource.TYPE_BUDGETS:
            budget = None  # a function of the test kit calls as long as it has to
        reason = self._not_measured()
        figures = measured if reason is None else Measurement(measures=measured.measures)
        return Case(
            id=plan.id,
            family=plan.family,
            test_type=plan.test_type,
            outcome=self.outcome,
            attempts=max(measured.attempts, self.retries + 1),
            started=measured.started,
            ended=measured.ended,
            setup_seconds=figures.setup_seconds,
            duration_seconds=figures.duration_seconds,
            teardown_seconds=figures.teardown_seconds,
            needed_seconds=figures.needed_seconds,
            budget_seconds=budget.seconds if budget else None,
            budget_source=budget.source if budget else None,
            budget_pattern=budget.pattern if budget else "",
            limits=plan.limits,
            usage=figures.usage,
            measures=figures.measures,
            queries=figures.queries,
            hosts=figures.hosts,
            endpoints=figures.endpoints,
            results=measured.results,
            not_measured=reason,
            lacking=figures.lacking,
        )

    def _not_measured(self) -> NotMeasured | None:
        if self._crashed:
            return NotMeasured.CRASHED
        if self.measurement is None:
            return NotMeasured.ELSEWHERE if self.outcome is not Outcome.SKIPPED else None
        if self.measurement.is_untimed_benchmark:
            return NotMeasured.UNTIMED
        return NotMeasured.DEBUGGER if self.measurement.met_debugger else None


def _outcome(report: pytest.TestReport, known: Outcome | None) -> Outcome:
    is_expected = hasattr(report, "wasxfail")
    if report.when == "call":
        return _CALLS[report.outcome, is_expected]
    if report.outcome == "failed":
        return Outcome.ERROR if report.when in {"setup", "teardown"} else Outcome.FAILED
    if report.outcome == "skipped":
        return Outcome.XFAILED if is_expected else Outcome.SKIPPED
    return known or Outcome.PASSED
