"""
The controller of xdist: it reports on the tests that its workers run.
"""

from functools import partial
from typing import Final

import pytest
from msgspec import json
from msgspec.structs import replace

from paceline.analysis.repeat_figures import Repeated
from paceline.plugin.collect.plan import Planner
from paceline.plugin.guard import Guard
from paceline.plugin.measure.running_test import RunningTest
from paceline.plugin.session import RunSession
from paceline.plugin.xdist_messages import KEY, Node, NumberedCase, WorkerSummary, take_case, take_changed_ids

_PHASES = frozenset({"setup", "call", "teardown"})
# In the place of a worker's name.
_CRASHES = "crashes"


class XdistController:
    """
    Gives the cases of all workers to the session, and what each says at its end.
    """

    def __init__(self, planner: Planner, guard: Guard, session: RunSession) -> None:
        self._planner: Final = planner
        self._guard: Final = guard
        self._session: Final = session
        self._per_worker = False
        self._crashes = 0
        # By node id, tests that crashed in each attempt so far.
        self._crashed: Final[dict[str, RunningTest]] = {}

    def pytest_configure(self, config: pytest.Config) -> None:
        # Each of the workers runs all tests.
        self._per_worker = config.getoption("dist") == "each"

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Node) -> None:
        node.workerinput[KEY] = json.encode(self._session.order()).decode()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._guard.tried(partial(self._take, report), "taking a report")

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        known, tests = self._session.selected, len(ids)
        self._session.selected = known + tests if self._per_worker else max(known, tests)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Node) -> None:
        text = getattr(node, "workeroutput", {}).get(KEY)
        if text is not None:  # else it crashed
            self._guard.tried(partial(self._take_summary, _name_of(node), text), "taking the summary of a worker")

    def _take(self, report: pytest.TestReport) -> None:
        changed = take_changed_ids(report)
        # Each worker collects the same tests, so one worker reports for all.
        if self._planner.changed_ids is None and changed is not None:
            self._planner.changed_ids = changed
            self._session.companion_watch.tell_names()
        numbered = take_case(report)
        if numbered is not None:
            self._session.add(_name_of(getattr(report, "node", None)), self._with_crashes(report.nodeid, numbered))
        elif report.when not in _PHASES:
            self._take_crash(report)

    def _take_crash(self, report: pytest.TestReport) -> None:
        """
        A process that crashed in the middle of a test reports it without phases: the worker, or one that it forked for
        the test, so that a worker may report several. A plugin may have the test run again, in another worker.
        """
        running = self._crashed.setdefault(report.nodeid, RunningTest(self._planner.bare_plan(report.nodeid)))
        running.add(report)
        case = running.case()
        if case is not None:
            del self._crashed[report.nodeid]
            self._crashes += 1
            self._session.add(_CRASHES, NumberedCase(process=0, number=self._crashes, case=case))

    def _with_crashes(self, node_id: str, numbered: NumberedCase) -> NumberedCase:
        running = self._crashed.get(node_id)
        if running is None:
            return numbered
        case = numbered.case
        return replace(numbered, case=replace(case, attempts=case.attempts + running.retries))

    def _take_summary(self, worker: str, text: str) -> None:
        summary = json.decode(text, type=WorkerSummary)
        self._guard.failures += summary.failures
        for message in summary.messages:
            self._guard.warn(message)
        # Each worker collects the same tests.
        self._planner.made_safe = max(self._planner.made_safe, summary.ids_made_safe)
        deselected = summary.collected - summary.selected
        self._session.deselected = max(self._session.deselected, deselected)
        for number, case in summary.settled.items():
            self._session.replace(worker, number, case)
        self._session.add_fixtures(summary.fixtures)
        self._session.add_probes(summary.probes)
        self._session.add_work(summary.work)
        repeated = Repeated(cases=summary.repeats, counted=summary.counted, reasons=summary.not_repeated)
        self._session.add_repeats(repeated)


def _name_of(node: object) -> str:
    return str(getattr(getattr(node, "gateway", None), "id", ""))
