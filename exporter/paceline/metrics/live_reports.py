"""
Runs under way that report to an exporter, as metric families.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client.metrics_core import Metric as Family

from paceline.metrics import catalogue
from paceline.metrics.catalogue import Metric
from paceline.metrics.families import family
from paceline.metrics.state import sampled
from paceline.model import LiveReport

_WHERE = ("suite", "branch", "shard")
_Labels = tuple[str, ...]


def report_families(reports: Iterable[LiveReport], branch_label: Callable[[str], str]) -> Iterator[Family]:
    """
    The families of what runs now. All have the labels suite, branch and shard; of runs that have all three in
    common the figures are added up.

    Args:
        reports: the latest of each run.
        branch_label: what a branch is called in labels.
    """
    groups: defaultdict[_Labels, list[LiveReport]] = defaultdict(list)
    for report in reports:
        groups[report.suite, branch_label(report.branch), report.shard].append(report)
    values: defaultdict[Metric, dict[_Labels, float]] = defaultdict(dict)
    for where, group in groups.items():
        for metric, labels, value in _figures(group):
            key = (*where, *labels)
            values[metric][key] = values[metric].get(key, 0.0) + value
        values[catalogue.PROGRESS][where] = _progress(group)
    for metric, samples in values.items():
        labels = (*_WHERE, *(name for name in metric.labels if name not in _WHERE))
        yield family(metric, samples, labels)


def _figures(group: Sequence[LiveReport]) -> Iterator[tuple[Metric, _Labels, float]]:
    for report in group:
        yield catalogue.ACTIVE_RUNS, (), 1.0
        yield catalogue.ACTIVE_CASES, (), len(report.active)
        yield catalogue.EXPECTED_CASES, (), report.expected or 0
        yield from ((catalogue.ACTIVE_RUN_CASES, (key.value,), count) for key, count in report.outcomes.items())
        yield from ((metric, (), value) for metric, value in sampled(report.sample).items() if value is not None)
    # The same test may run in two of them: then it is the older one that matters.
    oldest: dict[str, float] = {}
    for test, seconds in (pair for report in group for pair in report.active.items()):
        oldest[test] = max(seconds, oldest.get(test, 0.0))
    yield from ((catalogue.ACTIVE_CASE_SECONDS, (test,), seconds) for test, seconds in oldest.items())


def _progress(group: Sequence[LiveReport]) -> float:
    expected = sum(report.expected or 0 for report in group)
    return min(sum(report.ended for report in group) / max(expected, 1), 1.0)
