"""
xdist: measurements travel on the reports of the workers, so that a worker that crashes takes none with it.
"""

from typing import Any, Protocol

import pytest
from msgspec import json

from paceline.plugin.meter import Measurement, Meter
from paceline.plugin.parts import Parts

_ATTRIBUTE = "paceline_measurement"
_OUTPUT = "paceline"


class WorkerHooks:
    """
    In a worker: put the measurement on the last report of a test, and Paceline's own failures on the way out.
    """

    def __init__(self, config: pytest.Config, meter: Meter, parts: Parts) -> None:
        self._output: dict[str, Any] = config.workeroutput  # type: ignore[attr-defined]
        self._meter = meter
        self._planner = parts.planner
        self._guard = parts.guard

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        measurement = self._meter.take(report.nodeid) if report.when == "teardown" else None
        if measurement is not None:
            # Only plain values travel between processes.
            setattr(report, _ATTRIBUTE, json.encode(measurement).decode())

    def pytest_sessionfinish(self) -> None:
        self._output[_OUTPUT] = {
            "messages": list(self._guard.messages),
            "failures": self._guard.failures,
            "made_safe": self._planner.made_safe,
        }


class Node(Protocol):
    """
    What xdist tells of a worker.
    """

    workeroutput: dict[str, Any]


class ControllerHooks:
    """
    In the controller: take over what workers say of themselves.
    """

    def __init__(self, parts: Parts) -> None:
        self._planner = parts.planner
        self._guard = parts.guard

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


def measurement_on(report: pytest.TestReport) -> Measurement | None:
    """
    The measurement that a worker put on a report.
    """
    text = getattr(report, _ATTRIBUTE, None)
    return json.decode(text, type=Measurement) if text is not None else None
