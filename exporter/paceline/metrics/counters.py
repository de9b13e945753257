"""
What runs add to the counters of an exporter, and the counters as metric families.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import TypeAlias

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family

from paceline.metrics import catalogue
from paceline.metrics.families import family
from paceline.model import Run

# Upper bounds in seconds.
BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

_RUNS, _CASES, _SECONDS, _BUCKET = "runs", "cases", "seconds", "bucket"
# What is counted, and the values of its labels.
Key: TypeAlias = tuple[str, ...]


def tally(run: Run, branch: str) -> dict[Key, float]:
    """
    Count a run, its tests and their durations.

    Args:
        run: the run.
        branch: what its branch is called in labels.
    """
    counts: defaultdict[Key, float] = defaultdict(float)
    where = (run.suite, branch)
    counts[_RUNS, *where, run.outcome.label] = 1.0
    for case in run.cases:
        counts[_CASES, *where, case.test_type, case.outcome.label] += 1.0
        if case.duration_seconds is not None:
            place = bisect_left(BUCKETS, case.duration_seconds)
            counts[_BUCKET, *where, case.test_type, str(place)] += 1.0
            counts[_SECONDS, *where, case.test_type] += case.duration_seconds
    return dict(counts)


def added(whole: Mapping[Key, float], crashed: Mapping[Key, float]) -> dict[Key, float]:
    """
    What a whole run adds to what a crash left of it. A counter never goes down, so the run itself stays counted
    as it was when it came, and of its tests those are added that came more.
    """
    rest = {key: value - crashed.get(key, 0.0) for key, value in whole.items() if key[0] != _RUNS}
    return {key: value for key, value in rest.items() if value > 0}


def total_families(totals: Mapping[Key, float]) -> Iterator[Family]:
    """
    The counters as families.
    """
    yield family(catalogue.RUNS, _of(_RUNS, totals))
    yield family(catalogue.CASES, _of(_CASES, totals))
    metric = catalogue.CASE_DURATION
    durations = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, counts in sorted(_buckets(totals).items()):
        bounds = (*map(repr, BUCKETS), "+Inf")
        pairs = list(zip(bounds, accumulate(counts), strict=True))
        durations.add_metric(labels, buckets=pairs, sum_value=totals.get((_SECONDS, *labels), 0.0))
    yield durations


def _of(kind: str, totals: Mapping[Key, float]) -> dict[Key, float]:
    return {key[1:]: value for key, value in sorted(totals.items()) if key[0] == kind}


def _buckets(totals: Mapping[Key, float]) -> dict[Key, list[float]]:
    found: defaultdict[Key, list[float]] = defaultdict(lambda: [0.0] * (len(BUCKETS) + 1))
    for (*labels, place), value in _of(_BUCKET, totals).items():
        found[tuple(labels)][int(place)] += value
    return found
