"""
Runs under way, as metric families.
"""

from functools import partial
from typing import Any

from paceline.live_report import LiveReport, LoadMoment, ResourceSample, SystemSample, TreeSample
from paceline.metrics import catalogue
from paceline.metrics.catalogue import CATALOGUE, PROCESS_CPU
from paceline.metrics.run_samples import branch_label
from paceline.metrics.runs_under_way import LiveCounters, report_families
from paceline.model import Outcome

_label = partial(branch_label, branches=["main"])


def _report(run_id: str, **changes: Any) -> LiveReport:
    known: dict[str, Any] = {
        "run_id": run_id,
        "suite": "shop",
        "branch": "main",
        "expected": 4,
        "ended": 1,
        "active": {"test_a": 1.0},
        "outcomes": {Outcome.PASSED: 1},
        "failed": ("test_b",),
        "sample": ResourceSample(tree=TreeSample(resident_bytes=100)),
    }
    return LiveReport(**(known | changes))


def _values(*reports: LiveReport) -> dict[tuple[str, ...], float]:
    families = report_families(reports, _label, {})
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_a_run_has_its_place_in_labels() -> None:
    """
    Suite, branch and part.
    """
    values = _values(_report("a", branch="mine", shard="2of4"))
    where = ("shop", "other", "2of4")

    assert values["paceline_active_runs", *where] == 1
    assert values["paceline_active_cases", *where] == 1
    assert values["paceline_active_case_seconds", *where, "test_a"] == 1.0
    assert values["paceline_active_run_cases", *where, "passed"] == 1
    assert values["paceline_active_failed_case", *where, "test_b"] == 1
    assert values["paceline_run_progress_ratio", *where] == 0.25
    assert values["paceline_process_resident_memory_bytes", *where] == 100


def test_the_labels_are_those_of_the_catalogue() -> None:
    """
    Of the process tree and the machine too, which have none at the endpoint of a session.
    """
    sample = ResourceSample(tree=TreeSample(), system=SystemSample(cpu_percent=1.0, disk_percent=1.0))
    families = report_families([_report("a", sample=sample)], _label, {("shop", "main", ""): {PROCESS_CPU: 1.0}})
    found = {one.name.removesuffix("_total"): {*one.samples[0].labels} for one in families}
    told = {one.name.removesuffix("_total"): {*(one.at_exporter or one.labels)} for one in CATALOGUE}

    assert found == {name: told[name] for name in found}
    assert found["paceline_process_cpu_seconds"] == found["paceline_system_cpu_ratio"] == {"suite", "branch", "shard"}


def test_runs_of_one_place_are_added_up() -> None:
    """
    But for a test that runs in both, whose time is that of the one that began first.
    """
    values = _values(_report("a"), _report("b", active={"test_a": 5.0}, ended=3))
    where = ("shop", "main", "")

    assert values["paceline_active_runs", *where] == 2
    assert values["paceline_active_cases", *where] == 2
    assert values["paceline_active_case_seconds", *where, "test_a"] == 5.0
    assert values["paceline_run_progress_ratio", *where] == 0.5
    assert values["paceline_process_resident_memory_bytes", *where] == 200


def test_a_load_test_has_its_test_and_its_name_in_labels() -> None:
    """
    A second without an answer has no latency.
    """
    busy, silent = LoadMoment(name="cart", users=5, requests_per_second=40.0, p95_seconds=0.2), LoadMoment(failures=2)
    values = _values(_report("a", loads={"test_load": busy, "test_down": silent}))
    where = ("shop", "main", "")

    assert values["paceline_active_load_users", *where, "test_load", "cart"] == 5
    assert values["paceline_active_load_requests_per_second", *where, "test_load", "cart"] == 40
    assert values["paceline_active_load_latency_seconds", *where, "test_load", "cart"] == 0.2
    assert values["paceline_active_load_failures", *where, "test_down", ""] == 2
    assert ("paceline_active_load_latency_seconds", *where, "test_down", "") not in values


def test_what_a_machine_uses_is_not_added_up() -> None:
    """
    Colleagues on feature branches share a row, and maybe a machine: a share stays below 1, and the fullest is told.
    """
    systems = (
        SystemSample(cpu_percent=80.0, memory_used_bytes=2_000, disk_percent=48.0, processes=120),
        SystemSample(cpu_percent=60.0, memory_used_bytes=2_100, disk_percent=48.0, processes=119),
        SystemSample(disk_percent=20.0),
    )
    values = _values(
        *(_report(str(n), branch=str(n), sample=ResourceSample(system=one)) for n, one in enumerate(systems))
    )
    where = ("shop", "other", "")

    assert values["paceline_system_cpu_ratio", *where] == 0.8
    assert values["paceline_system_memory_used_bytes", *where] == 2_100
    assert values["paceline_system_disk_used_ratio", *where] == 0.48
    assert values["paceline_system_processes", *where] == 120


def test_without_runs_there_is_nothing() -> None:
    """
    No family at all.
    """
    assert _values() == {}


def _report_of_use(run_id: str, cpu: float = 0.0, disk: int = 0) -> LiveReport:
    sample = ResourceSample(tree=TreeSample(cpu_seconds=cpu), system=SystemSample(disk_read_bytes=disk))
    return LiveReport(run_id=run_id, suite="shop", branch="main", sample=sample)


def test_what_a_run_used_stays_when_it_ends() -> None:
    """
    While another goes on; a total that fell would be read as a counter that began anew.
    """
    counters = LiveCounters()
    for report in (_report_of_use("a", 10.0), _report_of_use("b", 1.0), _report_of_use("a", 100.0)):
        counters.add(report)
    goes_on = counters.remove("a")
    counters.add(_report_of_use("b", 3.0))

    assert goes_on
    assert counters.totals[catalogue.PROCESS_CPU] == 103.0


def test_a_machine_is_counted_once() -> None:
    """
    That of the run which came first; when it ends, the growth on the next one's goes on from there.
    """
    counters = LiveCounters()
    for report in (
        _report_of_use("a", disk=1000),
        _report_of_use("b", disk=5000),
        _report_of_use("a", disk=1100),
        _report_of_use("b", disk=5100),
    ):
        counters.add(report)
    before = counters.totals[catalogue.SYSTEM_DISK_READ]
    counters.remove("a")
    counters.add(_report_of_use("b", disk=5150))

    assert (before, counters.totals[catalogue.SYSTEM_DISK_READ]) == (1100, 1150)


def test_the_last_one_leaves_nobody() -> None:
    """
    So that the row can go.
    """
    counters = LiveCounters()
    counters.add(_report_of_use("a"))

    assert not counters.remove("a")
