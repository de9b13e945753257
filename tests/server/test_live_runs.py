"""
The runs that report now.
"""

from functools import partial

from paceline.live_report import LiveReport
from paceline.metrics.run_samples import branch_label
from paceline.server.live_runs import LiveRuns

_label = partial(branch_label, branches=["main"])


def _report(run_id: str = "a", *, is_over: bool = False) -> LiveReport:
    return LiveReport(run_id=run_id, suite="shop", branch="main", interval_seconds=2.0, is_over=is_over)


def test_a_run_is_there_for_three_of_its_intervals() -> None:
    """
    Then it is gone.
    """
    live = LiveRuns(_label)
    live.add(_report(), 100.0)

    assert live.current(106.0) == [_report()]
    assert live.current(106.1) == []


def test_the_last_report_ends_it() -> None:
    """
    At once.
    """
    live = LiveRuns(_label)
    live.add(_report(), 100.0)
    live.add(_report(is_over=True), 101.0)

    assert live.current(101.0) == []


def test_the_latest_report_holds() -> None:
    """
    Of each run one.
    """
    live = LiveRuns(_label)
    for now in (100.0, 105.0):
        live.add(_report(), now)

    assert live.current(111.0) == [_report()]


def test_there_are_never_too_many() -> None:
    """
    Of a flood the last ones stay.
    """
    live = LiveRuns(_label)
    for number in range(305):
        live.add(_report(f"run-{number}"), 100.0)

    assert [report.run_id for report in live.current(100.0)] == [f"run-{number}" for number in range(5, 305)]


def test_a_row_goes_with_its_last_run() -> None:
    """
    What runs used is kept by their labels, which a run may change until its branch is known.
    """
    live = LiveRuns(_label)
    for branch, run_id in (("", "a"), ("main", "a"), ("mine", "b")):
        live.add(LiveReport(run_id=run_id, suite="shop", branch=branch), 100.0)
    rows = [*live.counters()]
    live.add(_report("a", is_over=True), 101.0)

    assert rows == [("shop", "main", ""), ("shop", "other", "")]
    assert [*live.counters()] == [("shop", "other", "")]
    assert live.current(200.0) == []
    assert live.counters() == {}
