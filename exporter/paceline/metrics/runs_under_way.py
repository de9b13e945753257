"""
Runs under way that report to an exporter, as metric families.

Runs that share their labels are one row: counts and what their process trees use are added up. What a machine uses is
not, for runs on the same machine all report it; of several machines the busiest counts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client.metrics_core import Metric as Family

from paceline.live_report import LiveReport
from paceline.metrics import catalogue
from paceline.metrics.catalogue import Kind, Metric
from paceline.metrics.families import family
from paceline.metrics.live_state import loads_by_metric, of_machine, of_tree

_Labels = tuple[str, ...]
# The label of a branch, from its name and that of the default branch.
BranchLabel = Callable[[str, str], str]
Row = tuple[str, str, str]


def row_of(report: LiveReport, branch_label: BranchLabel) -> Row:
    """
    Suite, branch and shard, as in labels.
    """
    return report.suite, branch_label(report.branch, report.default_branch), report.shard


def report_families(
    reports: Iterable[LiveReport], branch_label: BranchLabel, counters: Mapping[Row, Mapping[Metric, float]]
) -> Iterator[Family]:
    """
    The families of what runs now. All have the labels suite, branch and shard.

    Args:
        reports: the latest of each run.
        branch_label: gives the label of a branch.
        counters: what the runs of each row have used.
    """
    groups: defaultdict[Row, list[LiveReport]] = defaultdict(list)
    for report in reports:
        groups[row_of(report, branch_label)].append(report)
    values: defaultdict[Metric, dict[_Labels, float]] = defaultdict(dict)
    for where, group in groups.items():
        for metric, labels, value in _summed(group):
            key = (*where, *labels)
            values[metric][key] = values[metric].get(key, 0.0) + value
        for metric, labels, value in _greatest(group):
            key = (*where, *labels)
            values[metric][key] = max(value, values[metric].get(key, value))
        for metric, value in counters.get(where, {}).items():
            values[metric][where] = value
        values[catalogue.PROGRESS][where] = _progress(group)
    for metric, samples in values.items():
        yield family(metric, samples, metric.at_exporter or metric.labels)


def _summed(group: Sequence[LiveReport]) -> Iterator[tuple[Metric, _Labels, float]]:
    for report in group:
        yield catalogue.ACTIVE_RUNS, (), 1.0
        yield catalogue.ACTIVE_CASES, (), len(report.active)
        yield catalogue.EXPECTED_CASES, (), report.expected or 0
        yield from ((catalogue.ACTIVE_RUN_CASES, (key.label,), count) for key, count in report.outcomes.items())
        yield from _gauges(of_tree(report.sample.tree))


def _greatest(group: Sequence[LiveReport]) -> Iterator[tuple[Metric, _Labels, float]]:
    for report in group:
        yield from _gauges(of_machine(report.sample.system))
        # The same test may run in two of them: then it is the older one that matters.
        yield from ((catalogue.ACTIVE_CASE_SECONDS, (test,), seconds) for test, seconds in report.active.items())
        yield from ((catalogue.ACTIVE_FAILED_CASE, (test,), 1.0) for test in report.failed)
        for metric, samples in loads_by_metric(report.loads).items():
            yield from ((metric, labels, value) for labels, value in samples.items())


def _gauges(figures: Mapping[Metric, float]) -> Iterator[tuple[Metric, _Labels, float]]:
    return ((metric, (), value) for metric, value in figures.items() if metric.kind is Kind.GAUGE)


def _progress(group: Sequence[LiveReport]) -> float:
    expected = sum(report.expected or 0 for report in group)
    return min(sum(report.ended for report in group) / max(expected, 1), 1.0)


class LiveCounters:
    """
    The growth of all runs of a row. What a run used stays when it ends: a total that fell would be read as a counter
    that began anew, and its whole value as growth.

    Of machines only that of the run which came first counts, for the others may be on the same one.
    """

    def __init__(self) -> None:
        self.totals: dict[Metric, float] = {}
        self._before: dict[str, Mapping[Metric, float]] = {}

    def add(self, report: LiveReport) -> None:
        """
        Take the next report of a run.
        """
        is_first = next(iter(self._before), report.run_id) == report.run_id
        tree, machine = _counters(of_tree(report.sample.tree)), _counters(of_machine(report.sample.system))
        before = self._before.get(report.run_id, {})
        for metric, value in (tree | machine if is_first else tree).items():
            growth = max(value - before.get(metric, 0.0), 0.0)
            self.totals[metric] = self.totals.get(metric, 0.0) + growth
        self._before[report.run_id] = tree | machine

    def remove(self, run_id: str) -> bool:
        """
        Forget a run that is over.

        Returns:
            Whether others go on.
        """
        self._before.pop(run_id, None)
        return bool(self._before)


def _counters(figures: Mapping[Metric, float]) -> dict[Metric, float]:
    return {metric: value for metric, value in figures.items() if metric.kind is Kind.COUNTER}
