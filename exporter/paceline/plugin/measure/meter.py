"""
Measures each test in the process that runs it: the only process there is, or each xdist worker.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from msgspec import json
from msgspec.structs import replace

from paceline.analysis.verdicts.endpoint_limit import EndpointLimit
from paceline.plugin.collect.plan import CasePlan, plan_of
from paceline.plugin.measure.benchmark_fixture import benchmark_result, is_untimed_benchmark
from paceline.plugin.measure.fixture_times import FixtureTimes
from paceline.plugin.measure.marker_verdicts import failure_of_call
from paceline.plugin.measure.own_frames import remove_own_frames
from paceline.plugin.measure.running_test import Measurement
from paceline.probes.run_delay import RunDelay
from paceline.probes.runner import ProbeStack
from paceline.probes.touch.touch_probe import TouchProbe
from paceline.recorder import CaseRecorder, Recorded
from paceline.unpatched import UNPATCHED
from paceline.usage import UsageKey

_NANOSECONDS = 1e9
_TENTHS_OF_A_MILLISECOND = 4
# Bytes: less kept memory is not a leak, and not worth a repeat.
_MUCH = 1 << 16
# Where a forked process puts the measurement, for the process that hears of the report.
_ATTRIBUTE = "paceline_measurement"


@dataclass(slots=True)
class _MeasuredTest:
    """
    What is known of a test while it is measured: the figures of its last attempt, and what all attempts have in common.
    """

    collects_garbage: bool = False
    can_settle: bool = True
    starts: int = 0
    has_failed: bool = False
    met_debugger: bool = False
    measurement: Measurement | None = None
    started: float = 0.0
    usage: dict[str, float] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    is_untimed_benchmark: bool = False
    keeps_rounds: bool = False
    has_ended: bool = False

    def begin_attempt(self) -> None:
        self.starts += 1
        self.started = _wall_time()
        self.usage, self.phases = {}, {}
        self.is_untimed_benchmark = self.keeps_rounds = self.has_ended = False


class Meter:
    """
    Wraps the three phases as closely as pytest allows, so that the clock sees the test and not the plugins.

    An error of the test passes through the wrappers, which hide themselves from its traceback.
    """

    def __init__(self, probes: ProbeStack, recorder: CaseRecorder, touch: TouchProbe, delay: RunDelay | None) -> None:
        self.fixtures: Final = FixtureTimes(probes, delay)
        self._probes: Final = probes
        self._recorder: Final = recorder
        self._touch: Final = touch
        self._now: Final = UNPATCHED.perf_counter_ns
        self._process: Final = UNPATCHED.getpid()
        self._test = _MeasuredTest()
        self._has_later_budget = False

    def begin(self, *, collects_garbage: bool = False) -> None:
        """
        Forget the test before, whose attempts were counted.

        Args:
            collects_garbage: collect it before and after the test, as what the collector has not got to yet is not kept
                by anyone. It would take too long for every test.
        """
        self._test = _MeasuredTest(collects_garbage)
        if collects_garbage:
            UNPATCHED.gc_collect()

    def take(self) -> Measurement | None:
        """
        The measurement of the test that has ended; None where it was run by another process.
        """
        measurement, self._test.measurement = self._test.measurement, None
        return measurement

    @property
    def measurement(self) -> Measurement | None:
        """
        The measurement of the test that has ended, until it is taken.
        """
        return self._test.measurement

    @contextmanager
    def budget_judged_later(self) -> Iterator[None]:
        """
        Let no test fail for its budget as its call ends.
        """
        before, self._has_later_budget = self._has_later_budget, True
        try:
            yield
        finally:
            self._has_later_budget = before

    def keep_budget(self, seconds: float) -> None:
        """
        Note that the test that has ended keeps its budget after all.

        Args:
            seconds: needed by its quickest repeat.
        """
        if self._test.measurement is not None:
            self._test.measurement = replace(self._test.measurement, needed_seconds=seconds)

    def keep_measure(self, name: str, value: float) -> None:
        """
        Note that a measure of the test that has ended keeps its limit after all.

        Args:
            name: of the measure.
            value: the least of its repeats.
        """
        if self._test.measurement is not None:
            measures = self._test.measurement.measures
            kept = {**measures, name: replace(measures[name], value=value)}
            self._test.measurement = replace(self._test.measurement, measures=kept)

    def add_teardown(self, seconds: float) -> None:
        """
        Count time of the present test's teardown that is spent before the phase.
        """
        self._test.phases["teardown_seconds"] = self._test.phases.get("teardown_seconds", 0.0) + seconds

    def end_early(self) -> Measurement:
        """
        The measurement of the present test, whose own fixtures are gone and whose wider ones are not. What the teardown
        of those takes is not the test's.
        """
        self._probes.stop_test(self._test.usage)
        self._test.has_ended = True
        return self._measured()

    def settled(self) -> float | None:
        """
        The bytes that the last test keeps, where that turns out to be less than its measurement says.

        pytest holds the values of a test's fixtures until all its reports are out, so that they seem to be kept.
        """
        before = self._test.usage.get(UsageKey.MEMORY_RETAINED_BYTES, 0.0)
        if before < _MUCH or not self._test.can_settle:
            return None
        usage = dict(self._test.usage)
        self._probes.settle(usage)
        self._test.usage = {}
        after = usage.get(UsageKey.MEMORY_RETAINED_BYTES, before)
        return after if after < before else None

    @contextmanager
    def another_test(self, *, is_suspect: bool) -> Iterator[None]:
        """
        Let other tests be measured before the present one has ended.

        Args:
            is_suspect: whether the present test is one of them, so that its memory is looked at again.
        """
        present = self._test
        recorded, touched = self._recorder.recorded, self._touch.touched
        try:
            with self.fixtures.not_counted(), self._touch.of_no_test():
                yield
        finally:
            self._test = present
            present.collects_garbage = present.can_settle = False
            if not is_suspect:
                # The values of its fixtures were still held, and the memory that is held now is of the others, too.
                present.usage.pop(UsageKey.MEMORY_RETAINED_BYTES, None)
            self._recorder.recorded = recorded
            self._touch.touched = touched

    @property
    def touch_probes(self) -> tuple[str, ...]:
        """
        The probes of what tests touch that are on.
        """
        return self._touch.probes if self._touch is not None else ()

    def close(self) -> None:
        self.fixtures.close()
        self._probes.close()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        self._test.begin_attempt()
        self._recorder.recorded = Recorded()
        self._probes.start_test()
        started = self._now()
        try:
            return (yield)
        except BaseException:
            self._test.has_failed = True
            raise
        finally:
            self._test.phases["setup_seconds"] = (self._now() - started) / _NANOSECONDS

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        tracer = UNPATCHED.gettrace()
        self._probes.start_call()
        started = self._now()
        try:
            result = yield
        except BaseException:
            self._test.has_failed = True
            raise
        finally:
            seconds = (self._now() - started) / _NANOSECONDS
            self._probes.stop_call(self._test.usage)
            self._test.phases["duration_seconds"] = seconds
            benchmark = benchmark_result(item)
            if benchmark is not None:
                self._recorder.keep(benchmark)
                self._test.keeps_rounds = True
            self._test.is_untimed_benchmark = is_untimed_benchmark(item)
            if UNPATCHED.gettrace() is not tracer:
                self._test.met_debugger = True
        self._judge_marker(plan_of(item), seconds)
        return result

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        started = self._now()
        try:
            return (yield)
        finally:
            self.add_teardown((self._now() - started) / _NANOSECONDS)
            if self._test.collects_garbage:
                UNPATCHED.gc_collect()
            if not self._test.has_ended:
                self._probes.stop_test(self._test.usage)
            if self._test.keeps_rounds:
                # The plugin that timed them keeps the time of each round for its own report.
                self._test.usage.pop(UsageKey.MEMORY_RETAINED_BYTES, None)
            self._test.measurement = self._measured()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        if call.excinfo is not None:
            remove_own_frames(call.excinfo.tb)
        report = yield
        if call.when == "teardown" and self._process != UNPATCHED.getpid() and self._test.measurement is not None:
            setattr(report, _ATTRIBUTE, json.encode(self._test.measurement).decode())
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, Any, Any]:
        self.fixtures.start(fixturedef, request)
        try:
            return (yield)
        finally:
            self.fixtures.stop()

    def pytest_enter_pdb(self) -> None:
        self._test.met_debugger = True

    def _judge_marker(self, plan: CasePlan, seconds: float) -> None:
        """
        Fail a test that did not keep the limits of its marker.
        """
        __tracebackhide__ = True
        if plan.endpoint is not None:
            self._record_endpoints(plan.endpoint)
        is_timed = UsageKey.CALLS not in self._test.usage and not self._is_budget_judged_later()
        failure = failure_of_call(plan, seconds if is_timed else None, self._test.usage, self._recorder.measures)
        if failure:
            pytest.fail(failure, pytrace=False)

    def _record_endpoints(self, limit: EndpointLimit) -> None:
        """
        Record the response times of the endpoints that a marker limits.
        """
        __tracebackhide__ = True
        answered = self._touch.answered
        if answered is None:
            return
        measures = limit.measures(answered)
        if not measures:
            pytest.fail(limit.unknown(answered), pytrace=False)
        self._recorder.measures.update(measures)

    def _is_budget_judged_later(self) -> bool:
        # A forked process cannot be asked later.
        return self._has_later_budget and self._process == UNPATCHED.getpid()

    def _measured(self) -> Measurement:
        return Measurement(
            usage=self._test.usage,
            measures=dict(self._recorder.measures),
            queries=self._touch.touched.queries,
            hosts=self._touch.touched.hosts,
            endpoints=self._touch.touched.endpoints,
            results=tuple(self._recorder.results),
            uses_kit=self._recorder.recorded.uses_kit,
            lacking=self._probes.lacking,
            attempts=self._test.starts if self._test.has_failed else 1,
            met_debugger=self._test.met_debugger,
            is_untimed_benchmark=self._test.is_untimed_benchmark,
            started=self._test.started or None,
            ended=_wall_time() if self._test.started else None,
            **self._test.phases,
        )


def _wall_time() -> float:
    return round(UNPATCHED.wall_time(), _TENTHS_OF_A_MILLISECOND)


def measurement_on(report: pytest.TestReport) -> Measurement | None:
    """
    The measurement that a forked process put on the report of a teardown; it is taken off.
    """
    text = report.__dict__.pop(_ATTRIBUTE, None)
    return json.decode(text, type=Measurement) if text is not None else None
