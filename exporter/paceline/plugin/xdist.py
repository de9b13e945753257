"""
xdist: measurements travel on the reports of the workers, so that a worker that crashes takes none with it.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from msgspec import Struct, json
from msgspec.structs import replace

from paceline.config import Config
from paceline.model import Run
from paceline.plugin.cases import CaseBook
from paceline.plugin.components import Components
from paceline.plugin.measure.meter import Measurement, Meter
from paceline.plugin.measure.repeat import Repeater, measure_again
from paceline.project_archive import open_archive

if TYPE_CHECKING:
    from paceline.plugin.session import RunSession

_ATTRIBUTE = "paceline_measurement"
_CHANGED_IDS = "paceline_changed_ids"
_INPUT = _OUTPUT = "paceline"


class Order(Struct, frozen=True, kw_only=True):
    """
    What a worker has to know: the run as far as it is known before its first test.
    """

    run: Run
    default_branch: str


class WorkerHooks:
    """
    In a worker: put the measurement on the last report of a test, measure suspects again, and put that and Paceline's
    own failures on the way out.

    A worker finds suspects among its own tests, as the controller cannot judge before all workers have ended.
    """

    def __init__(self, config: pytest.Config, settings: Config, meter: Meter, parts: Components) -> None:
        self._input: dict[str, Any] = config.workerinput  # type: ignore[attr-defined]
        self._output: dict[str, Any] = config.workeroutput  # type: ignore[attr-defined]
        self._root = config.rootpath
        self._settings = settings
        self._meter = meter
        self._parts = parts
        self._book = CaseBook(parts.planner, lambda _: None)
        self._settled: dict[str, float] = {}
        self._has_told_ids = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        result = yield
        self._settled = self._meter.take_settled()
        try:
            self._book.settle(self._settled)
            self._measure_again(session)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of the user's tests
            self._parts.guard.failed(error, "measuring again")
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not self._has_told_ids:
            self._has_told_ids = True
            setattr(report, _CHANGED_IDS, dict(self._parts.planner.changed_ids or {}))
        measurement = self._meter.take(report.nodeid) if report.when == "teardown" else None
        if measurement is not None:
            # Only plain values travel between processes.
            setattr(report, _ATTRIBUTE, json.encode(measurement).decode())
        self._book.add_report(report, measurement)

    def pytest_sessionfinish(self) -> None:
        self._output[_OUTPUT] = {
            "messages": list(self._parts.guard.messages),
            "failures": self._parts.guard.failures,
            "made_safe": self._parts.planner.made_safe,
            "repeats": json.encode(self._parts.repeats.measurements).decode(),
            "settled": self._settled,
        }

    def _measure_again(self, session: pytest.Session) -> None:
        if not self._settings.confirmation.enabled or session.shouldstop or session.shouldfail:
            return
        order = json.decode(self._input[_INPUT], type=Order)
        run = replace(order.run, cases=tuple(self._book.cases.values()))
        archive = open_archive(self._settings, self._root, self._parts.guard.warn)
        judged, _ = archive.judged(run, self._settings.rules, order.default_branch)
        limits = self._settings.confirmation
        repeater = Repeater(self._meter, self._parts.planner, self._parts.repeats, limits)
        measure_again(session.config, repeater.find_suspects(session, judged), repeater, limits.repeats)


class Node(Protocol):
    """
    What xdist tells of a worker.
    """

    workerinput: dict[str, Any]
    workeroutput: dict[str, Any]


class ControllerHooks:
    """
    In the controller: tell workers which run they are part of, and take over what they say of themselves.
    """

    def __init__(self, parts: Components, session: "RunSession") -> None:
        self._planner = parts.planner
        self._guard = parts.guard
        self._repeats = parts.repeats
        self._session = session

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Node) -> None:
        node.workerinput[_INPUT] = json.encode(self._session.order()).decode()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # Each worker collects the same tests, so that one of them tells for all.
        if self._planner.changed_ids is None:
            self._planner.changed_ids = getattr(report, _CHANGED_IDS, None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Node) -> None:
        output = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if output is None:  # it crashed
            return
        self._guard.failures += output["failures"]
        # Each worker collects the same tests.
        self._planner.made_safe = max(self._planner.made_safe, output["made_safe"])
        for message in output["messages"]:
            self._guard.warn(message)
        for again in json.decode(output["repeats"], type=dict[str, list[Measurement]]).values():
            for measurement in again:
                self._repeats.add(measurement)
        self._session.settle(output["settled"])


def measurement_on(report: pytest.TestReport) -> Measurement | None:
    """
    The measurement that a worker put on a report.
    """
    text = getattr(report, _ATTRIBUTE, None)
    return json.decode(text, type=Measurement) if text is not None else None
