"""
The live endpoint: `/metrics` of a run while it runs.
"""

import threading
import time
from collections.abc import Iterator
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, make_wsgi_app
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from paceline.metrics import catalogue
from paceline.metrics.state import LiveState, state_families
from paceline.model import Case
from paceline.plugin.guard import Guard
from paceline.plugin.plan import Planner
from paceline.probes.own import OwnWork
from paceline.probes.sampler import Sampler

ADDRESS = "127.0.0.1"
_REQUEST_SECONDS = 5
_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)


class LiveRun(Collector):
    """
    What runs now, kept up to date by pytest's hooks and read by scrapes.
    """

    def __init__(self, suite: str, planner: Planner, sampler: Sampler, guard: Guard) -> None:
        self.registry: Final = CollectorRegistry()
        self.branch = ""
        self.expected: int | None = None
        self._suite = suite
        self._planner = planner
        self._sampler = sampler
        self._guard = guard
        self._now = time.monotonic
        self._active: dict[str, float] = {}
        self._ended = 0
        self._cases = _counter(self.registry)
        self._durations = _histogram(self.registry)
        self.registry.register(self)

    def collect(self) -> Iterator[Family]:
        now = self._now()
        active = {self._planner.plan_of(test).id: now - since for test, since in self._active.copy().items()}
        return state_families(
            LiveState(
                suite=self._suite,
                branch=self.branch,
                expected=self.expected,
                ended=self._ended,
                active=active,
                budgets=self._planner.type_budgets_ms,
                failures=self._guard.failures,
                sample=self._sampler.latest,
            )
        )

    def describe(self) -> list[Family]:
        return []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.expected = len(session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self.expected = len(ids)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._active[nodeid] = self._now()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._active.pop(nodeid, None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        self._active.pop(crashitem, None)

    def add(self, case: Case) -> None:
        """
        Count a test that has ended.
        """
        self._ended += 1
        self._cases.labels(self._suite, self.branch, case.test_type, case.outcome.value).inc()
        if case.duration_seconds is not None:
            self._durations.labels(self._suite, self.branch, case.test_type).observe(case.duration_seconds)


class Endpoint:
    """
    Serves a registry on loopback until `close`. One thread answers all, so that it can be told apart from the
    tests' own.

    Raises:
        OSError: the port is in use, or may not be used.
    """

    def __init__(self, port: int, registry: CollectorRegistry, own: OwnWork) -> None:
        self._server = make_server(ADDRESS, port, make_wsgi_app(registry), handler_class=_QuietHandler)
        self.port: Final[int] = self._server.server_port
        self._own = own
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="paceline-endpoint", daemon=True
        )
        self._thread.start()
        own.add_thread(self._thread)

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}/metrics"

    def close(self) -> None:
        self._own.remove_thread(self._thread)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _QuietHandler(WSGIRequestHandler):
    timeout = _REQUEST_SECONDS

    def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002, ANN401 - the name and types are given


def _counter(registry: CollectorRegistry) -> Counter:
    metric = catalogue.CASES
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def _histogram(registry: CollectorRegistry) -> Histogram:
    metric = catalogue.CASE_DURATION
    return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=_BUCKETS)
