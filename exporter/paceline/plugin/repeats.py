"""
Measure a test again: pytest, its plugins and the user see one run of it, Paceline sees more.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Final

import pytest
from _pytest.runner import runtestprotocol  # as pytest-rerunfailures does: there is no public way to run a test

from paceline.model import Case, Outcome
from paceline.plugin.meter import Measurement, Meter
from paceline.plugin.plan import Planner


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

    A test that fails when it is run again, or that may not be, leaves no measurement. After `seconds` none is begun.
    """

    def __init__(self, meter: Meter, planner: Planner, repeats: Repeats, seconds: float) -> None:
        self._meter = meter
        self._planner = planner
        self._repeats = repeats
        self._seconds_left = seconds

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """
        Run a test in the place of pytest's own protocol, so that what other plugins put around that (time limits,
        filters of warnings) is around this, too.
        """
        if self._seconds_left > 0 and self._planner.plan_of(item.nodeid).is_repeatable:
            started = self._meter.now()
            self._repeat(item, nextitem)
            self._seconds_left -= self._meter.now() - started
        return True

    def id_of(self, item: pytest.Item) -> str:
        return self._planner.plan_of(item.nodeid).id

    def _repeat(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        # The warnings of a test were told when it was run first.
        with warnings.catch_warnings(record=True):
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
        measurement = self._meter.take(item.nodeid)
        if measurement is not None and all(report.passed for report in reports):
            self._repeats.add(measurement)


def measure_again(session: pytest.Session, suspects: Sequence[str], repeater: Repeater, times: int) -> None:
    """
    Run suspects again, round after round, so that a moment in which the machine is slow does not meet all repeats of
    one; fixtures are kept between two tests as they are in any session.

    Args:
        session: its tests have ended.
        suspects: test ids, as `Plan` has them.
        repeater: measures them.
        times: how often each is run.
    """
    if not suspects:
        return
    wanted = set(suspects)
    ordered = [item for item in session.items if repeater.id_of(item) in wanted] * times
    plugins = session.config.pluginmanager
    plugins.register(repeater, "paceline-repeater")
    for item, following in zip(ordered, [*ordered[1:], None], strict=True):
        # pytest leaves set up what the next test needs too, and a test that is its own next would never be torn down.
        nextitem = item.parent if following is item else following
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
    plugins.unregister(repeater)
