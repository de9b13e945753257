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

from paceline import __version__
from paceline.metrics import catalogue
from paceline.metrics.state import LiveState, state_families
from paceline.metrics.totals import BUCKETS
from paceline.model import Case
from paceline.plugin.parts import Parts
from paceline.probes.sampler import Sampler

ADDRESS = "127.0.0.1"
_REQUEST_SECONDS = 5
_POLL_SECONDS = 0.1


class Live(Collector):
    """
    What runs now, kept up to date by pytest's hooks and served on loopback until `close`.

    One thread answers all requests, so that it can be told apart from the tests' own.

    Raises:
        OSError: the port is in use, or may not be used.
    """

    def __init__(self, port: int, suite: str, parts: Parts, sampler: Sampler) -> None:
        self.branch = ""
        self._suite = suite
        self._parts = parts
        self._sampler = sampler
        self._now = time.monotonic
        self._expected: int | None = None
        self._ended = 0
        self._active: dict[str, float] = {}
        registry = CollectorRegistry()
        self._cases = _counter(registry)
        self._durations = _histogram(registry)
        registry.register(self)
        self._server = make_server(ADDRESS, port, make_wsgi_app(registry), handler_class=_QuietHandler)
        self.url: Final = f"http://{ADDRESS}:{self._server.server_port}/metrics"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="paceline-live", daemon=True
        )
        self._thread.start()
        parts.own.add_thread(self._thread)

    def close(self) -> None:
        self._parts.own.remove_thread(self._thread)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def collect(self) -> Iterator[Family]:
        now, planner = self._now(), self._parts.planner
        state = LiveState(
            version=__version__,
            suite=self._suite,
            branch=self.branch,
            expected=self._expected,
            ended=self._ended,
            # A copy, as the thread of the tests goes on adding and removing.
            active={planner.plan_of(test).id: now - since for test, since in self._active.copy().items()},
            budgets=planner.type_budgets_ms,
            failures=self._parts.guard.failures,
            sample=self._sampler.latest,
        )
        return state_families(state)

    def describe(self) -> list[Family]:
        return []

    def add(self, case: Case) -> None:
        """
        Count a test that has ended.
        """
        self._ended += 1
        self._cases.labels(self._suite, self.branch, case.test_type, case.outcome.value).inc()
        if case.duration_seconds is not None:
            self._durations.labels(self._suite, self.branch, case.test_type).observe(case.duration_seconds)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._expected = len(session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._expected = len(ids)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._active[nodeid] = self._now()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._active.pop(nodeid, None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        self._active.pop(crashitem, None)


class _QuietHandler(WSGIRequestHandler):
    timeout = _REQUEST_SECONDS

    def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002, ANN401 - the name and types are given


def _counter(registry: CollectorRegistry) -> Counter:
    metric = catalogue.CASES
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def _histogram(registry: CollectorRegistry) -> Histogram:
    metric = catalogue.CASE_DURATION
    return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=BUCKETS)
