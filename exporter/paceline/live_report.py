"""
A moment of a run under way, and the use of resources at that moment.
"""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, field

from paceline.model import Outcome, RunId, Seconds
from paceline.values import Count, Value

# Tests that a report names, at most, of those that run and of those that failed.
MOST_NAMED = 100


class TreeSample(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """
    The pytest process and all below it; CPU is cumulative, and keeps what ended processes had used.
    """

    cpu_seconds: float = 0.0
    resident_bytes: Count = 0
    processes: Count = 0
    threads: Count = 0
    open_files: Count = 0
    read_bytes: Count = 0
    written_bytes: Count = 0


class SystemSample(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """
    The whole machine; percentages are of all its CPUs and memory, byte counts since its start. CPU is that since
    the look before, so that the first look has none.
    """

    cpu_percent: float | None = None
    memory_used_bytes: Count = 0
    memory_percent: float = 0.0
    load_1m: float = 0.0
    processes: Count = 0
    disk_read_bytes: Count = 0
    disk_written_bytes: Count = 0
    disk_percent: float | None = None
    network_received_bytes: Count = 0
    network_sent_bytes: Count = 0


class ResourceSample(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """
    One look at both.
    """

    tree: TreeSample = TreeSample()
    system: SystemSample = SystemSample()


class LoadMoment(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """
    The latest second of a load test: rate and latency of that second, and the failures so far. `p95_seconds` is None
    in a second without an answer.
    """

    name: str = ""
    users: Count = 0
    requests_per_second: Annotated[float, Meta(ge=0)] = 0.0
    failures: Count = 0
    p95_seconds: Seconds | None = None


class LiveReport(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """
    A moment of a run under way, as it is sent to an exporter every `interval_seconds`.

    `expected` is None until the tests are collected. `active` maps a test to the seconds that it has been
    running, `loads` maps a test to its load test, `outcomes` says how the tests ended that have, `failed` names the
    first tests that failed, `budgets` is by test type in seconds. `is_over` says that it is the last.
    """

    run_id: RunId
    suite: str
    branch: str
    default_branch: str = ""
    shard: Annotated[str, Meta(max_length=64)] = ""
    interval_seconds: Annotated[float, Meta(gt=0, le=60)] = 5.0
    expected: Count | None = None
    ended: Count = 0
    active: Mapping[str, Seconds] = field(default_factory=dict)
    loads: Mapping[str, LoadMoment] = field(default_factory=dict)
    outcomes: Mapping[Outcome, Count] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    budgets: Mapping[str, Seconds] = field(default_factory=dict)
    sample: ResourceSample = ResourceSample()
    is_over: bool = False
