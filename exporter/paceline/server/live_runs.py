"""
The runs that report while they are under way.
"""

import threading

from paceline.model import LiveReport

_MISSED = 3
_MOST = 1000


class LiveRuns:
    """
    The latest report of each run; one that has not reported for three of its intervals is gone. Times are of a
    clock that only goes forward.
    """

    def __init__(self) -> None:
        self._latest: dict[str, tuple[float, LiveReport]] = {}
        self._lock = threading.Lock()

    def add(self, report: LiveReport, now: float) -> None:
        """
        Take a report. Of too many runs those that reported last stay.
        """
        with self._lock:
            self._latest.pop(report.run_id, None)
            if not report.is_over:
                self._latest[report.run_id] = (now, report)
            while len(self._latest) > _MOST:
                del self._latest[next(iter(self._latest))]

    def current(self, now: float) -> list[LiveReport]:
        """
        The runs that report now.
        """
        with self._lock:
            self._latest = {
                run_id: (at, report)
                for run_id, (at, report) in self._latest.items()
                if now - at <= _MISSED * report.interval_seconds
            }
            return [report for _, report in self._latest.values()]
