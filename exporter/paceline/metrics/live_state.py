"""
State, as metric families: what runs now, and what the process tree and the machine use.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from prometheus_client.metrics_core import Metric as Family

from paceline.live_report import LoadMoment, ResourceSample, SystemSample, TreeSample
from paceline.metrics import catalogue
from paceline.metrics.catalogue import Metric
from paceline.metrics.families import family


class LiveState(Struct, frozen=True, kw_only=True):
    """
    A moment of a run.

    `branch` is "" until it is known, and `expected` is None until the tests are collected. `active` maps a test
    to the seconds that it has been running, `loads` to its load test; `failed` names tests that failed.
    """

    version: str
    suite: str
    branch: str
    expected: int | None
    ended: int
    active: Mapping[str, float]
    loads: Mapping[str, LoadMoment] = {}
    failed: Sequence[str] = ()
    budgets: Mapping[str, float]
    failures: int
    sample: ResourceSample


def state_families(state: LiveState) -> Iterator[Family]:
    """
    The families of a moment, all made anew: what has ended is gone.
    """
    run = (state.suite, state.branch)
    yield family(catalogue.BUILD_INFO, {(state.version,): 1})
    if state.branch:
        yield from _progress(state, run)
    yield family(
        catalogue.BUDGET,
        {(state.suite, name): milliseconds / 1e3 for name, milliseconds in state.budgets.items()},
    )
    yield family(catalogue.INTERNAL_FAILURES, {(): state.failures})
    for metric, value in (of_tree(state.sample.tree) | of_machine(state.sample.system)).items():
        yield family(metric, {(): value})


def _progress(state: LiveState, run: tuple[str, str]) -> Iterator[Family]:
    seconds: Mapping[tuple[str, ...], float] = {(*run, test): since for test, since in state.active.items()}
    yield family(catalogue.ACTIVE_CASES, {run: len(state.active)})
    yield family(catalogue.ACTIVE_CASE_SECONDS, seconds)
    yield family(catalogue.ACTIVE_FAILED_CASE, {(*run, test): 1 for test in state.failed})
    for metric, samples in loads_by_metric(state.loads).items():
        yield family(metric, {(*run, *labels): value for labels, value in samples.items()})
    if state.expected is not None:
        yield family(catalogue.EXPECTED_CASES, {run: state.expected})
        yield family(catalogue.PROGRESS, {run: min(state.ended / max(state.expected, 1), 1.0)})


def loads_by_metric(loads: Mapping[str, LoadMoment]) -> Mapping[Metric, Mapping[tuple[str, str], float]]:
    """
    The figures of load tests that run now, by test and name of the load.
    """
    found: defaultdict[Metric, dict[tuple[str, str], float]] = defaultdict(dict)
    for test, load in loads.items():
        labels = (test, load.name)
        found[catalogue.ACTIVE_LOAD_RATE][labels] = load.requests_per_second
        found[catalogue.ACTIVE_LOAD_FAILURES][labels] = load.failures
        found[catalogue.ACTIVE_LOAD_USERS][labels] = load.users
        if load.p95_seconds is not None:
            found[catalogue.ACTIVE_LOAD_LATENCY][labels] = load.p95_seconds
    return found


def of_tree(tree: TreeSample) -> dict[Metric, float]:
    """
    What a process tree uses.
    """
    return {
        catalogue.PROCESS_CPU: tree.cpu_seconds,
        catalogue.PROCESS_MEMORY: tree.resident_bytes,
        catalogue.PROCESS_COUNT: tree.processes,
        catalogue.PROCESS_THREADS: tree.threads,
        catalogue.PROCESS_FILES: tree.open_files,
        catalogue.PROCESS_READ: tree.read_bytes,
        catalogue.PROCESS_WRITTEN: tree.written_bytes,
    }


def of_machine(system: SystemSample) -> dict[Metric, float]:
    """
    What a machine uses, as far as it is known.
    """
    figures = {
        catalogue.SYSTEM_CPU: None if system.cpu_percent is None else system.cpu_percent / 100,
        catalogue.SYSTEM_MEMORY: system.memory_used_bytes,
        catalogue.SYSTEM_MEMORY_RATIO: system.memory_percent / 100,
        catalogue.SYSTEM_LOAD: system.load_1m,
        catalogue.SYSTEM_PROCESSES: system.processes,
        catalogue.SYSTEM_DISK_READ: system.disk_read_bytes,
        catalogue.SYSTEM_DISK_WRITTEN: system.disk_written_bytes,
        catalogue.SYSTEM_DISK_RATIO: None if system.disk_percent is None else system.disk_percent / 100,
        catalogue.SYSTEM_NETWORK_RECEIVED: system.network_received_bytes,
        catalogue.SYSTEM_NETWORK_SENT: system.network_sent_bytes,
    }
    return {metric: value for metric, value in figures.items() if value is not None}
