"""
Counters of runs under way that share a row.
"""

from collections.abc import Mapping

from paceline.live_report import LiveReport
from paceline.metrics.catalogue import Kind, Metric
from paceline.metrics.live_state import of_machine, of_tree


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
