"""
Measure a test again: pytest, its plugins and the user see one run of it, Paceline sees more.
"""

import gc
import warnings
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Final

import pytest
from _pytest.junitxml import xml_key
from _pytest.runner import runtestprotocol  # as pytest-rerunfailures does: there is no public way to run a test
from _pytest.unittest import TestCaseFunction

from paceline.analysis.confirmation import leaking, suspects_of
from paceline.config import Confirmation
from paceline.model import Case, Outcome, Run
from paceline.plugin.collect.plan import Planner
from paceline.plugin.measure.meter import Measurement, Meter

try:
    from _pytest.threadexception import thread_exceptions
    from _pytest.unraisableexception import unraisable_exceptions
except ImportError:  # before pytest 8.4, which told them with the phase of a test or not at all
    _WAITING_ERRORS: tuple[pytest.StashKey[Any], ...] = ()
else:
    _WAITING_ERRORS = (unraisable_exceptions, thread_exceptions)
_SAID = frozenset({"pytest_runtest_logreport", "pytest_exception_interact"})


class Repeats:
    """
    What was measured again, by test id.
    """

    def __init__(self) -> None:
        self.measurements: Final[dict[str, list[Measurement]]] = {}

    def add(self, measurement: Measurement) -> None:
        self.measurements.setdefault(measurement.id, []).append(measurement)

    @property
    def cases(self) -> Mapping[str, list[Case]]:
        return {
            case_id: [one.to_case(Outcome.PASSED, attempts=1) for one in again]
            for case_id, again in self.measurements.items()
        }


class Repeater:
    """
    Registered as a plugin, it takes over: each test that is run is run without reports, and measured.

    A test that fails when it is run again leaves no measurement. After `limits.seconds` none is begun.
    """

    def __init__(self, meter: Meter, planner: Planner, repeats: Repeats, limits: Confirmation) -> None:
        self._meter = meter
        self._planner = planner
        self._repeats = repeats
        self._limits = limits
        self._seconds_left = limits.seconds
        self._leaking: frozenset[str] = frozenset()

    def find_suspects(self, session: pytest.Session, run: Run) -> list[pytest.Item]:
        """
        The tests of a judged run that are to be run again, of those that may be.
        """
        wanted, self._leaking = set(suspects_of(run)[: self._limits.tests]), leaking(run)
        plans = ((item, self._planner.plan_of(item.nodeid)) for item in session.items) if wanted else ()
        return [item for item, plan in plans if plan.id in wanted and plan.is_repeatable]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """
        Run a test in the place of pytest's own protocol, so that what other plugins put around that (time limits,
        filters of warnings) is around this, too.
        """
        if self._seconds_left > 0:
            started = self._meter.now()
            self._repeat(item, nextitem)
            self._seconds_left -= self._meter.now() - started
        return True

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        self._take_garbage_away(item)

    def _repeat(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        self._take_garbage_away(item)
        # The warnings of a test were told when it was run first.
        with warnings.catch_warnings(record=True):
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
        measurement, settled = self._meter.take(item.nodeid), self._meter.take_settled()
        if measurement is not None and all(report.passed or hasattr(report, "wasxfail") for report in reports):
            self._repeats.add(measurement.settled(settled))

    def _take_garbage_away(self, item: pytest.Item) -> None:
        """
        What the collector has not got to yet is not kept by anyone. It would take too long to do so for every test.
        """
        if self._planner.plan_of(item.nodeid).id in self._leaking:
            gc.collect()


def measure_again(config: pytest.Config, suspects: Sequence[pytest.Item], repeater: Repeater, times: int) -> None:
    """
    Run suspects again, round after round, so that a moment in which the machine is slow does not meet all repeats of
    one; fixtures are kept between two tests as they are in any session.

    Args:
        config: of the session, whose tests have ended.
        suspects: as the repeater found them.
        repeater: measures them.
        times: how often each is run.
    """
    if not suspects:
        return
    ordered = [*suspects] * times
    config.pluginmanager.register(repeater, "paceline-repeater")
    with (
        _unseen(config),
        _unshown(config.option),
        _unsaid(config) if any(map(_may_have_subtests, suspects)) else nullcontext(),
    ):
        for item, following in zip(ordered, [*ordered[1:], None], strict=True):
            # pytest leaves set up what the next test needs too; a test that is its own next would never be torn down.
            nextitem = item.parent if following is item else following
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
    config.pluginmanager.unregister(repeater)


@contextmanager
def _unseen(config: pytest.Config) -> Iterator[None]:
    """
    Hide what tests tell pytest without a report, and keep what pytest has still to tell of those that have ended.
    """
    file = config.stash.get(xml_key, None)  # fixtures such as `record_xml_attribute` write there by themselves
    if file is not None:
        del config.stash[xml_key]
    # Errors in finalizers of garbage: pytest would blame the next test that runs, whose reports nobody sees.
    gc.collect()
    waiting = [config.stash[key] for key in _WAITING_ERRORS if key in config.stash]
    errors = [errors.copy() for errors in waiting]
    for queue in waiting:
        queue.clear()
    try:
        yield
    finally:
        with warnings.catch_warnings(record=True):
            gc.collect()
        for queue, before in zip(waiting, errors, strict=True):
            queue.clear()
            queue.extend(before)
        if file is not None:
            config.stash[xml_key] = file


@contextmanager
def _unshown(options: Namespace) -> Iterator[None]:
    """
    Hide the fixtures that --setup-show shows of each test.
    """
    shown, options.setupshow = options.setupshow, False
    try:
        yield
    finally:
        options.setupshow = shown


@contextmanager
def _unsaid(config: pytest.Config) -> Iterator[None]:
    """
    Tell nobody of reports: a test with subtests reports them by itself.

    Each call of a hook has a list of its own, which is emptied. That makes every hook a little slower.
    """

    def forget(name: str, implementations: Sequence[Any], _: Mapping[str, Any]) -> None:
        if name in _SAID and isinstance(implementations, list):
            implementations.clear()

    undo = config.pluginmanager.add_hookcall_monitoring(before=forget, after=lambda *_: None)
    try:
        yield
    finally:
        undo()


def _may_have_subtests(item: pytest.Item) -> bool:
    return isinstance(item, TestCaseFunction) or "subtests" in getattr(item, "fixturenames", ())
