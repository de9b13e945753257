"""
Measures each test in the process that runs it: the only process there is, or each xdist worker.
"""

import time
from collections.abc import Generator, Mapping
from typing import Any, cast

import pytest
from msgspec.structs import replace

from paceline.analysis.verdicts.budget import budget_reason
from paceline.model import Case, Measure, Outcome, Seconds
from paceline.plugin.collect.plan import CasePlan, Planner
from paceline.probes.runner import ProbeStack
from paceline.recorder import CaseRecorder
from paceline.translated_names import BudgetSource
from paceline.usage import UsageKey
from paceline.values import Value

_NANOSECONDS = 1e9
# Bytes: what is kept below this is no leak, and not worth a second look.
_MUCH = 1 << 16


class Measurement(Value, frozen=True, kw_only=True):
    """
    A test as measured, before it is known how it ended.
    """

    id: str
    family: str
    test_type: str
    budget_seconds: Seconds | None = None
    budget_source: BudgetSource | None = None
    budget_pattern: str = ""
    setup_seconds: Seconds | None = None
    duration_seconds: Seconds | None = None
    teardown_seconds: Seconds | None = None
    usage: Mapping[UsageKey, float] = {}
    measures: Mapping[str, Measure] = {}

    def settled(self, retained: Mapping[str, float]) -> "Measurement":
        """
        The same, with what the test keeps where it turned out to be less, in bytes by test id.
        """
        if self.id not in retained:
            return self
        return replace(self, usage={**self.usage, UsageKey.MEMORY_RETAINED_BYTES: retained[self.id]})

    def to_case(self, outcome: Outcome, attempts: int) -> Case:
        return Case(
            id=self.id,
            family=self.family,
            test_type=self.test_type,
            outcome=outcome,
            attempts=attempts,
            setup_seconds=self.setup_seconds,
            duration_seconds=self.duration_seconds,
            teardown_seconds=self.teardown_seconds,
            budget_seconds=self.budget_seconds,
            budget_source=self.budget_source,
            budget_pattern=self.budget_pattern,
            usage=cast("Mapping[str, float]", self.usage),
            measures=self.measures,
        )


class Meter:
    """
    Wraps the three phases as closely as pytest allows, so that the clock sees the test and not the plugins.

    An error of the test passes through the wrappers, which hide themselves from its traceback.
    """

    def __init__(self, planner: Planner, probes: ProbeStack, recorder: CaseRecorder) -> None:
        self._planner = planner
        self._probes = probes
        self._recorder = recorder
        # Kept here, not looked up in the module: tools that freeze time replace what modules hold.
        self._now = time.perf_counter_ns
        self._usage: dict[UsageKey, float] = {}
        self._phases: dict[str, float] = {}
        self._measured: dict[str, Measurement] = {}
        self._last = ""
        self._settled: dict[str, float] = {}
        self._in_shared_fixture = False

    def take_settled(self) -> dict[str, float]:
        """
        What tests keep, in bytes by test id, where it is less than their measurement says; given out once.

        pytest holds the values of a test's fixtures until all its reports are out, so that they seem to be kept.
        """
        self._settle()
        settled, self._settled = self._settled, {}
        return settled

    def now(self) -> float:
        """
        Seconds of a clock that nothing sets back or freezes.
        """
        return self._now() / _NANOSECONDS

    def take(self, node_id: str) -> Measurement | None:
        """
        The measurement of a test that has ended; given out once.
        """
        return self._measured.pop(node_id, None)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        self._settle()
        self._phases = {}
        self._recorder.measures.clear()
        self._probes.start_test()
        started = self._now()
        try:
            return (yield)
        finally:
            self._phases["setup_seconds"] = (self._now() - started) / _NANOSECONDS

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        self._probes.start_call()
        started = self._now()
        try:
            result = yield
        finally:
            seconds = (self._now() - started) / _NANOSECONDS
            self._probes.stop_call(self._usage)
            self._phases["duration_seconds"] = seconds
        plan = self._planner.plan_of(item.nodeid)
        if plan.is_hard and plan.budget is not None and seconds > plan.budget.seconds:
            pytest.fail(f"The test {budget_reason(seconds, plan.budget)}.", pytrace=False)
        return result

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        started = self._now()
        try:
            return (yield)
        finally:
            self._phases["teardown_seconds"] = (self._now() - started) / _NANOSECONDS
            self._probes.stop_test(self._usage)
            node_id = item.nodeid
            measurement = self._measurement(self._planner.plan_of(node_id))
            self._measured[node_id], self._last = measurement, measurement.id

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        if fixturedef.scope == "function" or self._in_shared_fixture:
            return (yield)
        self._in_shared_fixture = True
        self._probes.pause()
        try:
            return (yield)
        finally:
            self._in_shared_fixture = False
            self._probes.resume()

    def _settle(self) -> None:
        before = self._usage.get(UsageKey.MEMORY_RETAINED_BYTES, 0.0)
        if before >= _MUCH:
            usage = dict(self._usage)
            self._probes.settle(usage)
            after = usage[UsageKey.MEMORY_RETAINED_BYTES]
            if after < before:
                self._settled[self._last] = after
        self._usage = {}

    def _measurement(self, plan: CasePlan) -> Measurement:
        budget = plan.budget
        return Measurement(
            id=plan.id,
            family=plan.family,
            test_type=plan.test_type,
            budget_seconds=budget.seconds if budget else None,
            budget_source=budget.source if budget else None,
            budget_pattern=budget.pattern if budget else "",
            usage=self._usage,
            measures=dict(self._recorder.measures),
            **self._phases,
        )
