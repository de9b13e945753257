"""
From pytest's reports to cases.
"""

from collections.abc import Callable, Mapping
from typing import Final

import pytest
from msgspec.structs import replace

from paceline.model import Case, Outcome
from paceline.plugin.collect.plan import Planner
from paceline.plugin.measure.meter import Measurement
from paceline.usage import UsageKey

_RERUN = "rerun"  # what pytest-rerunfailures calls the outcome of an attempt that is tried again
_CALLS = {
    ("passed", False): Outcome.PASSED,
    ("passed", True): Outcome.XPASSED,
    ("failed", False): Outcome.FAILED,
    ("failed", True): Outcome.FAILED,
    ("skipped", False): Outcome.SKIPPED,
    ("skipped", True): Outcome.XFAILED,
}


class CaseBook:
    """
    The cases of a run, in the order in which they ended; each new one is told to `listener`.
    """

    def __init__(self, planner: Planner, listener: Callable[[Case], None]) -> None:
        self.cases: Final[dict[str, Case]] = {}
        self._planner = planner
        self._listener = listener
        self._outcomes: dict[str, Outcome] = {}
        self._attempts: dict[str, int] = {}

    def add_report(self, report: pytest.TestReport, measurement: Measurement | None) -> None:
        """
        Take a report of one phase; the teardown's brings the measurement and closes the case.
        """
        node_id = report.nodeid
        if report.when == "setup" and report.outcome == "passed":  # the call says what there is to say
            return
        if report.outcome == _RERUN:
            self._attempts[node_id] = self._attempts.get(node_id, 1) + 1
            self._outcomes.pop(node_id, None)
            return
        known = self._outcomes.get(node_id)
        if known is None and report.when == "teardown":  # of an attempt that is tried again
            return
        if known is None or not known.is_failure:
            self._outcomes[node_id] = _outcome(report, known)
        if report.when not in {"setup", "call"}:
            self._close(node_id, measurement)

    def settle(self, retained: Mapping[str, float]) -> None:
        """
        Mend what tests keep, in bytes by test id.
        """
        for case_id, kept in retained.items():
            case = self.cases[case_id]
            self.cases[case_id] = replace(case, usage={**case.usage, UsageKey.MEMORY_RETAINED_BYTES: kept})

    def _close(self, node_id: str, measurement: Measurement | None) -> None:
        outcome, attempts = self._outcomes.pop(node_id), self._attempts.pop(node_id, 1)
        if measurement is None:
            # A worker that crashed in the middle of a test reports it without phases.
            plan = self._planner.plan_of(node_id)
            measurement = Measurement(id=plan.id, family=plan.family, test_type=plan.test_type)
        case = measurement.to_case(outcome, attempts)
        self.cases[case.id] = case
        self._listener(case)


def _outcome(report: pytest.TestReport, known: Outcome | None) -> Outcome:
    is_expected = hasattr(report, "wasxfail")
    if report.when == "call":
        return _CALLS[report.outcome, is_expected]
    if report.outcome == "failed":
        return Outcome.ERROR if report.when in {"setup", "teardown"} else Outcome.FAILED
    if report.outcome == "skipped":
        return Outcome.XFAILED if is_expected else Outcome.SKIPPED
    return known or Outcome.PASSED
