"""
The live endpoint: `/metrics` of a run while it runs.
"""

import threading
from collections.abc import Iterator
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, Counter, Histogram, make_wsgi_app
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from paceline.metrics import catalogue
from paceline.metrics.counters import BUCKETS
from paceline.metrics.live_state import LiveState, state_families
from paceline.model import Case
from paceline.plugin.components import Components
from paceline.plugin.progress import Progress
from paceline.probes.sampler import Sampler
from paceline.version import __version__

ADDRESS = "127.0.0.1"
_REQUEST_SECONDS = 5
_POLL_SECONDS = 0.1


class LiveEndpoint(Collector):
    """
    What runs now, served on loopback until `close`.

    One thread answers all requests, so that it can be told apart from the tests' own.

    Raises:
        OSError: the port is in use, or may not be used.
    """

    def __init__(self, port: int, suite: str, parts: Components, sampler: Sampler, progress: Progress) -> None:
        self._suite = suite
        self._parts = parts
        self._sampler = sampler
        self._progress = progress
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
        progress = self._progress
        state = LiveState(
            version=__version__,
            suite=self._suite,
            branch=progress.branch,
            expected=progress.expected,
            ended=progress.ended,
            active=progress.active(),
            budgets=self._parts.planner.type_budgets_ms,
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
        branch = self._progress.branch
        self._cases.labels(self._suite, branch, case.test_type, case.outcome.value).inc()
        if case.duration_seconds is not None:
            self._durations.labels(self._suite, branch, case.test_type).observe(case.duration_seconds)


class _QuietHandler(WSGIRequestHandler):
    timeout = _REQUEST_SECONDS

    def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002, ANN401 - the name and types are given


def _counter(registry: CollectorRegistry) -> Counter:
    metric = catalogue.CASES
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def _histogram(registry: CollectorRegistry) -> Histogram:
    metric = catalogue.CASE_DURATION
    return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=BUCKETS)
