"""
The runs that report while they are under way.
"""

import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from paceline.live_report import LiveReport
from paceline.metrics.catalogue import Metric
from paceline.metrics.runs_under_way import BranchLabel, LiveCounters, Row, row_of

_MISSED = 3
_MOST = 300


class LiveRuns:
    """
    The latest report of each run; one that has not reported for three of its intervals is gone. Times are of a
    clock that only goes forward.

    Args:
        branch_label: gives the label of a branch.
    """

    def __init__(self, branch_label: BranchLabel) -> None:
        self._branch_label: Final = branch_label
        self._latest: dict[str, tuple[float, LiveReport]] = {}
        self._counters: defaultdict[Row, LiveCounters] = defaultdict(LiveCounters)
        self._lock = threading.Lock()

    def add(self, report: LiveReport, now: float) -> None:
        """
        Take a report. Of too many runs those that reported last stay.
        """
        with self._lock:
            _, before = self._latest.pop(report.run_id, (now, report))
            if self._row(before) != self._row(report):
                self._leave(before)
            self._latest[report.run_id] = (now, report)
            self._counters[self._row(report)].add(report)
            if report.is_over:
                self._remove(report.run_id)
            while len(self._latest) > _MOST:
                self._remove(next(iter(self._latest)))

    def current(self, now: float) -> list[LiveReport]:
        """
        The runs that report now.
        """
        with self._lock:
            late = [
                run_id for run_id, (at, report) in self._latest.items() if now - at > _MISSED * report.interval_seconds
            ]
            for run_id in late:
                self._remove(run_id)
            return [report for _, report in self._latest.values()]

    def counters(self) -> dict[Row, Mapping[Metric, float]]:
        """
        What the runs of each row have used.
        """
        with self._lock:
            return {row: dict(counters.totals) for row, counters in self._counters.items()}

    def _remove(self, run_id: str) -> None:
        _, report = self._latest.pop(run_id)
        self._leave(report)

    def _leave(self, report: LiveReport) -> None:
        row = self._row(report)
        if not self._counters[row].remove(report.run_id):
            del self._counters[row]

    def _row(self, report: LiveReport) -> Row:
        return row_of(report, self._branch_label)
