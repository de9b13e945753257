"""
Counters of runs under way that share a row.
"""

from paceline.live_report import LiveReport, ResourceSample, SystemSample, TreeSample
from paceline.metrics import catalogue
from paceline.metrics.live_counters import LiveCounters


def _report(run_id: str, cpu: float = 0.0, disk: int = 0) -> LiveReport:
    sample = ResourceSample(tree=TreeSample(cpu_seconds=cpu), system=SystemSample(disk_read_bytes=disk))
    return LiveReport(run_id=run_id, suite="shop", branch="main", sample=sample)


def test_what_a_run_used_stays_when_it_ends() -> None:
    """
    While another goes on; a total that fell would be read as a counter that began anew.
    """
    counters = LiveCounters()
    for report in (_report("a", 10.0), _report("b", 1.0), _report("a", 100.0)):
        counters.add(report)
    goes_on = counters.remove("a")
    counters.add(_report("b", 3.0))

    assert goes_on
    assert counters.totals[catalogue.PROCESS_CPU] == 103.0


def test_a_machine_is_counted_once() -> None:
    """
    That of the run which came first; when it ends, the growth on the next one's goes on from there.
    """
    counters = LiveCounters()
    for report in (_report("a", disk=1000), _report("b", disk=5000), _report("a", disk=1100), _report("b", disk=5100)):
        counters.add(report)
    before = counters.totals[catalogue.SYSTEM_DISK_READ]
    counters.remove("a")
    counters.add(_report("b", disk=5150))

    assert (before, counters.totals[catalogue.SYSTEM_DISK_READ]) == (1100, 1150)


def test_the_last_one_leaves_nobody() -> None:
    """
    So that the row can go.
    """
    counters = LiveCounters()
    counters.add(_report("a"))

    assert not counters.remove("a")
