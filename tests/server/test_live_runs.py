"""
The runs that report now.
"""

from paceline.model import LiveReport
from paceline.server.live_runs import LiveRuns


def _report(run_id: str = "a", *, is_over: bool = False) -> LiveReport:
    return LiveReport(run_id=run_id, suite="shop", branch="main", interval_seconds=2.0, is_over=is_over)


def test_a_run_is_there_for_three_of_its_intervals() -> None:
    """
    Then it is gone.
    """
    live = LiveRuns()
    live.add(_report(), 100.0)

    assert live.current(106.0) == [_report()]
    assert live.current(106.1) == []


def test_the_last_report_ends_it() -> None:
    """
    At once.
    """
    live = LiveRuns()
    live.add(_report(), 100.0)
    live.add(_report(is_over=True), 101.0)

    assert live.current(101.0) == []


def test_the_latest_report_holds() -> None:
    """
    Of each run one.
    """
    live = LiveRuns()
    for now in (100.0, 105.0):
        live.add(_report(), now)

    assert live.current(111.0) == [_report()]


def test_there_are_never_too_many() -> None:
    """
    Of a flood the last thousand stay.
    """
    live = LiveRuns()
    for number in range(1005):
        live.add(_report(f"run-{number}"), 100.0)

    assert [report.run_id for report in live.current(100.0)] == [f"run-{number}" for number in range(5, 1005)]
