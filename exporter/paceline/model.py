"""
The values that everything else is about: a run, its cases, what they used, and what was judged of them.

All are frozen; an invalid one cannot be read from a document. Times are in seconds, points in time are
seconds since 1970 (UTC), sizes are in bytes. What was not measured is absent, never 0.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, field
from msgspec.structs import replace

from paceline.accounts import Account, NotMeasured
from paceline.kit_results import AnyResult, LoadResult, StressResult
from paceline.measure import BENCHMARK_MEDIAN, LOAD_P50, Measure
from paceline.query_group import QueryGroup
from paceline.translated_names import BudgetSource, RunCount
from paceline.usage import UsageKey
from paceline.values import Count, DocumentValue, OpenEnum, PositiveCount
from paceline.verdict_kinds import VerdictKind
from paceline.work import Work

SCHEMA = 1
_RETAINED = "memory_retained_bytes"
_NORMALIZED = "normalized_duration_seconds"

# A type checker lets users write `usage["cpu_seconds"]`. A reader refuses a key that is no name.
if TYPE_CHECKING:
    _UsageName = str
else:
    _UsageName = UsageKey

# The end of the year 9998: dates end soon after.
LATEST = 253_370_764_800.0
Seconds = Annotated[float, Meta(ge=0, lt=LATEST)]
RunId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+\Z")]


class FixtureScope(OpenEnum):
    """
    The scope of a fixture, in pytest's words.
    """

    FUNCTION = "function"
    CLASS = "class"
    MODULE = "module"
    PACKAGE = "package"
    SESSION = "session"


class Outcome(OpenEnum):
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


class RunOutcome(OpenEnum):
    """
    How a session ended.

    `CRASHED` is a session whose process died; its run was read back from the journal that it left.
    """

    PASSED = "passed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    ERROR = "error"
    CRASHED = "crashed"


class Severity(OpenEnum):
    """
    How much a verdict matters; the names of Alertmanager's label.
    """

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class HostTraffic(DocumentValue, frozen=True, kw_only=True):
    """
    What a test exchanged with a host: requests, those without an answer, the seconds until the answers, bytes as
    announced, and connections through sockets of Python.
    """

    host: str
    requests: Count = 0
    errors: Count = 0
    connections: Count = 0
    seconds: Seconds = 0.0
    received_bytes: Count = 0


class EndpointTimes(DocumentValue, frozen=True, kw_only=True):
    """
    The answers of an endpoint to a test: how many, how many were errors of the server, and the seconds that they took,
    all together and by quantile. `endpoint` is method and route, as `GET /orders/{id}`, never a URL.
    """

    endpoint: str
    requests: PositiveCount
    errors: Count = 0
    seconds: Seconds = 0.0
    p50_seconds: Seconds = 0.0
    p95_seconds: Seconds = 0.0
    max_seconds: Seconds = 0.0


class Limit(DocumentValue, frozen=True, kw_only=True):
    """
    The most of a quantity that a test may use, in its base unit. `source` says where that was said, and `key` is the
    pattern of paths or the test type of a setting.
    """

    measure: str
    most: Annotated[float, Meta(ge=0)]
    source: BudgetSource | None = None
    key: str = ""


class Case(DocumentValue, frozen=True, kw_only=True):
    """
    One test in a run.

    `started` is when the setup of its last attempt began, `ended` when the teardown of that attempt was over.
    `duration_seconds` is the call phase by the clock. `normalized_duration_seconds` is that time without the wait for a
    CPU and divided by the slowdown of the machine; a test whose wait could not be measured has none. `needed_seconds`
    is the call phase without the wait for a CPU, of a test whose repeats kept the budget that its first measurement
    broke. `budget_pattern` is the pattern of paths whose setting gave the budget, "" where another
    setting did. The keys of `usage` are those of `UsageKey`. `queries` are the groups that matter most,
    `hosts` those that were talked to most, `endpoints` those of the project that took most time. `not_measured`
    says why a test that ran has no figures, and `lacking` has the usage that could not be measured, and the normalised
    or needed time where imports or a busy machine are in it.
    """

    id: str
    family: str
    test_type: str
    outcome: Outcome
    attempts: PositiveCount = 1
    started: Seconds | None = None
    ended: Seconds | None = None
    setup_seconds: Seconds | None = None
    duration_seconds: Seconds | None = None
    teardown_seconds: Seconds | None = None
    normalized_duration_seconds: Seconds | None = None
    needed_seconds: Seconds | None = None
    budget_seconds: Seconds | None = None
    budget_source: BudgetSource | None = None
    budget_pattern: str = ""
    limits: tuple[Limit, ...] = ()
    usage: Mapping[_UsageName, float] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)
    queries: tuple[QueryGroup, ...] = ()
    hosts: tuple[HostTraffic, ...] = ()
    endpoints: tuple[EndpointTimes, ...] = ()
    results: tuple[AnyResult, ...] = ()
    not_measured: NotMeasured | None = None
    lacking: tuple[str, ...] = ()

    @property
    def benchmark_seconds(self) -> float | None:
        """
        The seconds of one call, the median of the rounds of a benchmark, or of one request, the median of a load test;
        None of other tests.
        """
        median = self.measures.get(BENCHMARK_MEDIAN) or self.measures.get(LOAD_P50)
        return median.value if median is not None and median.value > 0 else None

    @property
    def lasts_as_asked(self) -> bool:
        """
        Whether the call phase lasts as long as the test wants, so that its time says nothing of the code.
        """
        return any(isinstance(result, LoadResult | StressResult) for result in self.results)

    @property
    def is_counted(self) -> bool:
        """
        Whether the calls of the test were counted, which takes time: its times are not compared with others.
        """
        return UsageKey.CALLS in self.usage

    @property
    def lacks_cpu_wait(self) -> bool:
        """
        Whether the wait for a CPU could not be measured, so that the test has a time by the clock only.
        """
        return UsageKey.CPU_WAIT_SECONDS in self.lacking

    @property
    def lacks_normalized_time(self) -> bool:
        """
        Whether the time of the test cannot be compared with that of other runs.
        """
        if self.results and self.benchmark_seconds is None:
            return True  # a function of the test kit calls as long as it has to
        return bool(self.lacking) and (self.lacks_cpu_wait or _NORMALIZED in self.lacking)

    def with_measure(self, name: str, value: float) -> "Case":
        """
        The same, with another value of a measure that it has.
        """
        return replace(self, measures={**self.measures, name: replace(self.measures[name], value=value)})

    def with_retained(self, retained: float) -> "Case":
        """
        The same, with another figure of the bytes that the test keeps.
        """
        return replace(self, usage={**self.usage, _RETAINED: retained})

    def without_retained(self) -> "Case":
        """
        The same, without the bytes that the test keeps.
        """
        usage = {key: value for key, value in self.usage.items() if key != _RETAINED}
        return replace(self, usage=usage, lacking=(*self.lacking, _RETAINED))


class FixtureTime(DocumentValue, frozen=True, kw_only=True):
    """
    The seconds that the setups of a fixture took in a run, all together, without those of fixtures that it requests.

    `cpu_wait_seconds` is their wait for a CPU, measured on Linux.
    """

    name: str
    scope: FixtureScope
    seconds: Seconds
    setups: PositiveCount = 1
    cpu_wait_seconds: Seconds | None = None

    @property
    def needed_seconds(self) -> float:
        """
        The seconds without the wait for a CPU, as far as it is known.
        """
        return max(self.seconds - (self.cpu_wait_seconds or 0.0), 0.0)

    @property
    def key(self) -> str:
        """
        The name of the fixture in columns of the past: one fixture may have two scopes.
        """
        return f"{self.scope} {self.name}"


class Machine(DocumentValue, frozen=True, kw_only=True):
    """
    The machine during the run.

    `calibration_seconds` is the CPU time of a fixed piece of work. `slowdown_ratio` is how much slower than
    usual the suite as a whole ran (1 is usual). `others_cpu_percent` is the CPU time of other processes while the
    tests ran. The rest are the sampler's figures; CPU is in percent of all CPUs of the machine.
    """

    calibration_seconds: Seconds | None = None
    slowdown_ratio: Seconds | None = None
    others_cpu_percent: Seconds | None = None
    cpu_percent_mean: Seconds | None = None
    cpu_percent_max: Seconds | None = None
    memory_percent_max: Seconds | None = None
    load_per_cpu_max: Seconds | None = None
    process_tree_memory_max_bytes: Seconds | None = None
    process_tree_processes_max: Count | None = None


class Cause(DocumentValue, frozen=True, kw_only=True):
    """
    A figure that moved together with a regression. `share` is the part of the added time that was spent on it. `origin`
    is where most of an added count came from, as `at shop/orders.py:17`; "" where it is not known.
    """

    measure: str
    before: float
    after: float
    share: float | None = None
    origin: str = ""


class Since(DocumentValue, frozen=True, kw_only=True):
    """
    The first run in which what a verdict says was so. `dirty` says that its work tree differed from `commit`.
    """

    run_id: str
    ended: float
    commit: str = ""
    dirty: bool = False
    runs_ago: Count = 0


class Verdict(DocumentValue, frozen=True, kw_only=True):
    """
    What judgement says of one case (or of the run, where `case` is absent).

    `measured` and `limit` are in `unit`; `factor` is measured divided by what is usual (or by the limit). A verdict is
    `standing` where the last earlier run of the test had the same one. `fixture` is the name of the fixture in a
    verdict on one, as in `FixtureTime`; `function` is the name of the function in a verdict on work, as in `Work`;
    `base_commit` is the commit in a verdict on work that is compared with one run of that commit alone; `measure` is
    the name of the measure in a verdict on one.
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
    standing: bool = False
    fixture: str = ""
    file: str = ""
    tests: tuple[str, ...] = ()
    function: str = ""
    base_commit: str = ""
    measure: str = ""

    @property
    def subject(self) -> str:
        """
        The test, the function, the file, the fixture or the suite that the verdict is about, in words.
        """
        fixture = f"fixture {self.fixture}" if self.fixture else ""
        return self.case or self.function or self.file or fixture or "the whole suite"

    def unconfirmed(self, why: str) -> "Verdict":
        """
        The verdict as one that was not confirmed, with the reason.
        """
        return replace(
            self,
            kind=VerdictKind.UNCONFIRMED,
            severity=Severity.INFO,
            reason=f"{self.reason}; not confirmed: {why}",
            causes=(),
            since=None,
            standing=False,
        )


class Run(DocumentValue, frozen=True, kw_only=True, omit_defaults=False):
    """
    One pytest session.

    `dirty` says that the work tree differed from `commit`. `is_partial` says that tests were deselected or
    the session ended early. `default_branch` is that of the repository; "" in runs that were kept before it was.
    `target_branch` is the branch that a pull request is to be merged into; "" in other runs.
    `counts` holds how often something was made safe or went wrong inside Paceline.
    `thresholds` are those in force, in base units; empty in runs that were kept before they were. `partial_because` is
    the reason of a partial run. `accounts` sums up the collected tests by what became of them, `collected` is their
    number; both are absent in runs of earlier releases, in imported runs and in runs that were merged from parts.
    `fixtures` are the slowest fixtures. `probes` are those of what tests touch that were on from the first test to the
    last; what they did not see is 0. `compared` is the number of tests whose time was compared with earlier runs, and
    `compared_together` how many of them are so short that the sum of their file was; absent in runs of earlier
    releases. `work` has the calls of tests that were counted. `base_commits` are the commits that the run's code is a
    change of: its own commit if the work tree is dirty, its first parent, and the merge base with the default branch.
    `failed_by` says why Paceline failed the run: by verdicts of kinds that the user wants to fail on, or by a past that
    is too short.
    """

    schema: Annotated[int, Meta(ge=1, le=SCHEMA)] = SCHEMA
    run_id: RunId
    suite: str
    branch: str
    default_branch: str = ""
    target_branch: str = ""
    commit: str = ""
    dirty: bool = False
    base_commits: tuple[str, ...] = ()
    outcome: RunOutcome
    failed_by: tuple[str, ...] = ()
    is_partial: bool = False
    partial_because: str = ""
    started: Seconds
    ended: Seconds
    environment: Mapping[str, str | int] = field(default_factory=dict)
    machine: Machine = field(default_factory=Machine)
    counts: Mapping[RunCount, Count] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    collected: Count | None = None
    accounts: Mapping[Account, Count] = field(default_factory=dict)
    fixtures: tuple[FixtureTime, ...] = ()
    probes: tuple[str, ...] = ()
    compared: Count | None = None
    compared_together: Count | None = None
    work: Work | None = None
    cases: tuple[Case, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def duration_seconds(self) -> float:
        return self.ended - self.started
