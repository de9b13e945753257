"""
What the exporter says of itself.
"""

import platform
from collections.abc import Collection, Mapping
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from paceline.metrics import catalogue
from paceline.metrics.catalogue import Metric
from paceline.server import drop_folder
from paceline.version import __version__

RESULTS = ("accepted", "duplicate", "conflict", "rejected", "unauthorized", "unavailable")
MAX_SERIES = "max_series"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_M = TypeVar("_M", Counter, Gauge, Histogram)


class OwnMetrics:
    """
    Counters of this process, in a registry of its own.
    """

    def __init__(self, state: Collector) -> None:
        """
        Args:
            state: is asked before the counters are read, so that it may forget some.
        """
        self.registry: Final = CollectorRegistry()
        self.registry.register(state)
        self.reports: Final = self._made(Counter, catalogue.EXPORTER_REPORTS)
        self.dropped: Final = self._made(Counter, catalogue.EXPORTER_DROPPED)
        self.late: Final = self._made(Counter, catalogue.EXPORTER_LATE)
        self.skewed: Final = self._made(Counter, catalogue.EXPORTER_SKEWED)
        self._of_suites: Final = (self.dropped, self.late, self.skewed)
        self.files: Final = self._made(Counter, catalogue.EXPORTER_FILES)
        self.housekeeping: Final = self._made(Counter, catalogue.EXPORTER_HOUSEKEEPING_FAILURES)
        self.ingest: Final = self._made(Histogram, catalogue.EXPORTER_INGEST, buckets=_SECONDS)
        self.scrape: Final = self._made(Histogram, catalogue.EXPORTER_SCRAPE, buckets=_SECONDS)
        build = self._made(Gauge, catalogue.EXPORTER_BUILD_INFO)
        build.labels(__version__, platform.python_version()).set(1)
        for result in RESULTS:
            self.reports.labels(result)
        for result in drop_folder.RESULTS:
            self.files.labels(result)
        ProcessCollector(registry=self.registry)

    def by_suite(self, counter: Counter) -> dict[str, float]:
        """
        What one of the counters has counted, by suite.
        """
        return {one.labels["suite"]: one.value for one in _totals(counter)}

    def suites(self) -> set[str]:
        """
        The suites that have counters.
        """
        return {labels["suite"] for counter in self._of_suites for labels in _labels(counter)}

    def forget(self, suites: Collection[str]) -> None:
        """
        Forget what was counted of some suites.
        """
        for counter in self._of_suites:
            for labels in _labels(counter):
                if labels["suite"] in suites:
                    counter.remove(*labels.values())

    def _made(self, kind: type[_M], metric: Metric, **options: object) -> _M:
        return kind(metric.name, metric.help, metric.labels, registry=self.registry, **options)  # type: ignore[arg-type]


def _labels(counter: Counter) -> list[Mapping[str, str]]:
    return [sample.labels for sample in _totals(counter)]


def _totals(counter: Counter) -> list[Sample]:
    return [sample for family in counter.collect() for sample in family.samples if sample.name.endswith("_total")]
