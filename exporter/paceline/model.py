"""
The values that everything else is about: a run, its cases, what they used, and what was judged of them.

All are frozen; an invalid one cannot be read from a document. Times are in seconds, points in time are
seconds since 1970 (UTC), sizes are in bytes. What was not measured is absent, never 0.
"""

from codecs import BOM_UTF8
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from msgspec import DecodeError, Meta, Struct, field, json

from paceline.errors import DocumentError

SCHEMA = 1

Seconds = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]
RunId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+\Z")]


class Outcome(StrEnum):
    """
    How a test ended, in pytest's words.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"

    @property
    def is_pass(self) -> bool:
        return self in _PASSES

    @property
    def is_failure(self) -> bool:
        return self in _FAILURES


_PASSES = frozenset({Outcome.PASSED, Outcome.XPASSED, Outcome.XFAILED})
_FAILURES = frozenset({Outcome.FAILED, Outcome.ERROR})


class RunOutcome(StrEnum):
    """
    How a session ended.

    `CRASHED` is a session whose process died; its run was read back from the journal that it left.
    """

    PASSED = "passed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    ERROR = "error"
    CRASHED = "crashed"


class UsageKey(StrEnum):
    """
    What can be measured around a test; each is the name of its metric without the prefix.
    """

    CPU_SECONDS = "cpu_seconds"
    CPU_USER_SECONDS = "cpu_user_seconds"
    CPU_SYSTEM_SECONDS = "cpu_system_seconds"
    CHILDREN_CPU_USER_SECONDS = "children_cpu_user_seconds"
    CHILDREN_CPU_SYSTEM_SECONDS = "children_cpu_system_seconds"
    CPU_WAIT_SECONDS = "cpu_wait_seconds"
    MEMORY_PEAK_BYTES = "memory_peak_bytes"
    MEMORY_RETAINED_BYTES = "memory_retained_bytes"
    READ_BYTES = "read_bytes"
    WRITTEN_BYTES = "written_bytes"
    VOLUNTARY_CONTEXT_SWITCHES = "voluntary_context_switches"
    INVOLUNTARY_CONTEXT_SWITCHES = "involuntary_context_switches"
    GC_COLLECTIONS = "gc_collections"
    IMPORTED_MODULES = "imported_modules"
    THREADS_LEFT = "threads_left"
    PROCESSES_LEFT = "processes_left"


class VerdictKind(StrEnum):
    """
    What judgement can find.
    """

    BUDGET = "budget"
    REGRESSION = "regression"
    SUITE_REGRESSION = "suite_regression"
    COUNT = "count"
    CHANGE_POINT = "change_point"
    TREND = "trend"
    LEAK = "leak"
    FLAKY = "flaky"
    DURATION_FLAKY = "duration_flaky"
    BROKEN = "broken"
    UNCONFIRMED = "unconfirmed"

    @property
    def can_fail(self) -> bool:
        """
        Whether a run may be made to fail on it: what was not confirmed is no finding.
        """
        return self is not VerdictKind.UNCONFIRMED


FAILING_KINDS = tuple(kind for kind in VerdictKind if kind.can_fail)


class Severity(StrEnum):
    """
    How much a verdict matters; the names of Alertmanager's label.
    """

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Value(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    Base of all values here: compared by content, read strictly.
    """


class Measure(Value, frozen=True, kw_only=True):
    """
    A figure that the test itself reported.
    """

    value: float
    unit: str = ""


class Case(Value, frozen=True, kw_only=True):
    """
    One test in a run.

    `duration_seconds` is the call phase by the clock. `normalized_duration_seconds` is that time without
    the wait for a CPU and divided by the slowdown of the machine.
    """

    id: str
    family: str
    test_type: str
    outcome: Outcome
    attempts: Annotated[int, Meta(ge=1)] = 1
    setup_seconds: Seconds | None = None
    duration_seconds: Seconds | None = None
    teardown_seconds: Seconds | None = None
    normalized_duration_seconds: Seconds | None = None
    budget_seconds: Seconds | None = None
    budget_source: str = ""
    usage: Mapping[UsageKey, float] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)


class Machine(Value, frozen=True, kw_only=True):
    """
    The machine during the run.

    `calibration_seconds` is the CPU time of a fixed piece of work. `slowdown_ratio` is how much slower than
    usual the suite as a whole ran (1 is usual). The rest are the sampler's figures; CPU is in percent of
    all CPUs of the machine.
    """

    calibration_seconds: Seconds | None = None
    slowdown_ratio: Seconds | None = None
    cpu_percent_mean: Seconds | None = None
    cpu_percent_max: Seconds | None = None
    memory_percent_max: Seconds | None = None
    load_per_cpu_max: Seconds | None = None
    process_tree_memory_max_bytes: Seconds | None = None
    process_tree_processes_max: Count | None = None


class Cause(Value, frozen=True, kw_only=True):
    """
    A figure that moved together with a regression. `share` is the part of the added time that was spent on it.
    """

    measure: str
    before: float
    after: float
    share: float | None = None


class Since(Value, frozen=True, kw_only=True):
    """
    The first run in which what a verdict says was so.
    """

    run_id: str
    ended: float
    commit: str = ""
    runs_ago: Count = 0


class Verdict(Value, frozen=True, kw_only=True):
    """
    What judgement says of one case (or of the run, where `case` is absent).

    `measured` and `limit` are in `unit`; `factor` is measured divided by what is usual (or by the limit).
    """

    kind: VerdictKind
    severity: Severity
    reason: str
    case: str | None = None
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    factor: float | None = None
    causes: tuple[Cause, ...] = ()
    since: Since | None = None


class Run(Value, frozen=True, kw_only=True, omit_defaults=False):
    """
    One pytest session.

    `dirty` says that the work tree differed from `commit`. `is_partial` says that tests were deselected or
    the session ended early. `counts` holds how often something was made safe or went wrong inside Paceline.
    `thresholds` are those in force, in base units; empty in runs that were kept before they were.
    """

    schema: Annotated[int, Meta(ge=1, le=SCHEMA)] = SCHEMA
    run_id: RunId
    suite: str
    branch: str
    commit: str = ""
    dirty: bool = False
    outcome: RunOutcome
    is_partial: bool = False
    started: Seconds
    ended: Seconds
    environment: Mapping[str, str | int] = field(default_factory=dict)
    machine: Machine = field(default_factory=Machine)
    counts: Mapping[str, Count] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def duration_seconds(self) -> float:
        return self.ended - self.started


class TreeSample(Value, frozen=True, kw_only=True):
    """
    The pytest process and all below it; CPU is cumulative, and keeps what ended processes had used.
    """

    cpu_seconds: float = 0.0
    resident_bytes: int = 0
    processes: int = 0
    threads: int = 0
    open_files: int = 0
    read_bytes: int = 0
    written_bytes: int = 0


class SystemSample(Value, frozen=True, kw_only=True):
    """
    The whole machine; percentages are of all its CPUs and memory, byte counts since its start. CPU is that since
    the look before, so that the first look has none.
    """

    cpu_percent: float | None = None
    memory_used_bytes: int = 0
    memory_percent: float = 0.0
    load_1m: float = 0.0
    processes: int = 0
    disk_read_bytes: int = 0
    disk_written_bytes: int = 0
    disk_percent: float | None = None
    network_received_bytes: int = 0
    network_sent_bytes: int = 0


class ResourceSample(Value, frozen=True, kw_only=True):
    """
    One look at both.
    """

    tree: TreeSample = TreeSample()
    system: SystemSample = SystemSample()


class LiveReport(Value, frozen=True, kw_only=True):
    """
    A moment of a run under way, as it is sent to an exporter every `interval_seconds`.

    `expected` is None until the tests are collected. `active` maps a test to the seconds that it has been
    running, `outcomes` says how the tests ended that have, `budgets` is by test type in seconds.
    `is_over` says that it is the last.
    """

    run_id: RunId
    suite: str
    branch: str
    shard: Annotated[str, Meta(max_length=64)] = ""
    interval_seconds: Annotated[float, Meta(gt=0, le=60)] = 5.0
    expected: Count | None = None
    ended: Count = 0
    active: Mapping[str, Seconds] = field(default_factory=dict)
    outcomes: Mapping[Outcome, Count] = field(default_factory=dict)
    budgets: Mapping[str, Seconds] = field(default_factory=dict)
    sample: ResourceSample = ResourceSample()
    is_over: bool = False


class _Version(Struct):
    schema: int | None = None


def encode_run(run: Run) -> bytes:
    """
    The run as a JSON document.
    """
    return json.encode(run)


def decode_run(document: bytes, where: str) -> Run:
    """
    Read a run back from its JSON document.

    Args:
        document: JSON in UTF-8.
        where: what to call the document in an error, for example its path.

    Raises:
        DocumentError: it is not JSON, not a run, or of a version that this release does not know.
    """
    try:
        version = json.decode(document, type=_Version).schema
        if version is not None and version > SCHEMA:
            raise DocumentError(f"{where}: a run document of version {version}, expected at most {SCHEMA}")
        run = json.decode(document, type=Run)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        found = "a byte order mark, expected JSON without one" if document.startswith(BOM_UTF8) else error
        raise DocumentError(f"{where}: not a run document: {found}") from error
    if version is None:
        raise DocumentError(f"{where}: schema is absent, expected {SCHEMA}")
    return run


def decode_live_report(document: bytes, where: str) -> LiveReport:
    """
    Read a report of a run under way from its JSON document.

    Raises:
        DocumentError: it is not JSON, or no such report.
    """
    try:
        return json.decode(document, type=LiveReport)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentError(f"{where}: not a live report: {error}") from error
