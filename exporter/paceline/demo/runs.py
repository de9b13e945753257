"""
Runs of the demonstration: the same seed, length and end give the same runs.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from paceline.accounts import Account
from paceline.analysis.verdicts.budget import DEFAULT_BUDGETS_MS
from paceline.demo.habits import MEBIBYTE, Habit, habits
from paceline.measure import Measure
from paceline.model import Case, EndpointTimes, Machine, Outcome, Run, RunOutcome
from paceline.translated_names import BudgetSource
from paceline.usage import TOUCH_PROBES, UsageKey

SUITE, BRANCH = "demo", "main"
TESTS = 80

# What the id of a run may not have, and how much of the name of the suite is in it.
_UNSAFE, _LONGEST = re.compile(r"[^A-Za-z0-9._-]"), 30

_DAY = 86400.0
# Of a week that begins on Monday; 1970 began on a Thursday.
_FRIDAY, _FIRST_WEEKDAY = 4, 3
# When runs of a working day end, and of a day at the weekend: from one hour to another, UTC.
_WORKING = ((7.5, 9.0), (10.5, 12.0), (13.5, 15.0), (16.5, 18.0))
_NIGHTLY = ((1.0, 2.0),)
_CALIBRATION_SECONDS = 0.0021
_NOISE, _MACHINE_NOISE = 0.03, 0.04
_SKIPPED = 0.005
_SPIKES = 0.01
# From this part of the history to that one, the runs are on a slower machine.
_SLOW_FROM, _SLOW_UNTIL, _SLOW_FACTOR = 0.4, 0.6, 1.25
# HTTP requests of a test.
_REQUESTS = {"integration": 1, "api": 2, "e2e": 9}
# So many runs are on a machine that is busy with other work.
_BUSY = 0.12
# In the last days every third run is of this branch, which makes searching faster, and pays with memory.
_TOPIC, _TOPIC_DAYS, _TOPIC_EVERY = "faster-search", 4.0, 3
_TOPIC_FACTOR, _TOPIC_MEBIBYTES = 0.55, 24.0


class Demo(Struct, frozen=True, kw_only=True):
    """
    A history to be made: `until` is its end in seconds since 1970, `days` its length.
    """

    until: float
    seed: int = 1
    days: float = 30.0
    tests: int = TESTS
    suite: str = SUITE

    def runs(self) -> Iterator[Run]:
        """
        The runs, oldest first, not judged yet; those of the last days are in part of a second branch.
        """
        known = habits(self.tests, self.days, self._random("tests"))
        for number, ended in enumerate(self._ends()):
            random = self._random(f"run {number}")
            day = (ended - self.until) / _DAY + self.days
            is_topic = day > self.days - _TOPIC_DAYS and number % _TOPIC_EVERY == 0
            conditions = _conditions(day, day / self.days, is_topic, random)
            cases = tuple(_case(habit, conditions, random) for habit in known if habit.since <= day)
            yield self._run(number, ended, conditions, cases)

    def _random(self, purpose: str) -> Random:
        return Random(f"{self.seed} {purpose}")  # noqa: S311 - noise, no secret

    def _ends(self) -> Iterator[float]:
        random = self._random("times")
        first = self.until - self.days * _DAY
        for date in range(int(first // _DAY), int(self.until // _DAY) + 1):
            is_weekend = (date + _FIRST_WEEKDAY) % 7 > _FRIDAY
            for low, high in _NIGHTLY if is_weekend else _WORKING:
                ended = round(date * _DAY + 3600 * random.uniform(low, high), 3)
                if first < ended <= self.until:
                    yield ended

    def _run(self, number: int, ended: float, conditions: "Conditions", cases: Sequence[Case]) -> Run:
        seconds = sum((case.setup_seconds or 0.0) + (case.duration_seconds or 0.0) for case in cases)
        has_failed = any(case.outcome.is_failure for case in cases)
        # Each commit is run twice, so that a test that passes and fails at one is seen.
        commit = self._random(f"commit {number // 2} {conditions.is_topic}").getrandbits(160)
        return Run(
            run_id=f"{_UNSAFE.sub('_', self.suite)[:_LONGEST]}-{self.seed}-{int(ended)}",
            suite=self.suite,
            branch=_TOPIC if conditions.is_topic else BRANCH,
            default_branch=BRANCH,
            commit=f"{commit:040x}",
            outcome=RunOutcome.FAILED if has_failed else RunOutcome.PASSED,
            started=round(ended - 2.0 - seconds, 3),
            ended=ended,
            environment={"python": "3.12.4", "os": "linux", "cpus": 4},
            machine=conditions.machine,
            collected=len(cases),
            probes=TOUCH_PROBES,
            accounts=Counter(_account(case) for case in cases),
            cases=tuple(cases),
        )


class Conditions(Struct, frozen=True, kw_only=True):
    """
    What all tests of a run have in common: the day, the factor of the machine, the share of time that is waited.
    """

    day: float
    slowness: float
    waiting: float
    is_topic: bool
    machine: Machine


def _conditions(day: float, share: float, is_topic: bool, random: Random) -> Conditions:
    usual = _SLOW_FACTOR if _SLOW_FROM <= share < _SLOW_UNTIL else 1.0
    slowness = usual * random.lognormvariate(0, _MACHINE_NOISE)
    is_busy = random.random() < _BUSY
    waiting = random.uniform(0.2, 0.6) if is_busy else random.uniform(0, 0.02)
    machine = Machine(
        calibration_seconds=_CALIBRATION_SECONDS * slowness * random.lognormvariate(0, 0.02),
        cpu_percent_mean=round(30 + 90 * waiting, 1),
        cpu_percent_max=round(60 + 60 * waiting, 1),
        memory_percent_max=round(random.uniform(40, 60), 1),
        load_per_cpu_max=round(0.5 + 4 * waiting, 2),
        process_tree_memory_max_bytes=random.randint(220, 260) * MEBIBYTE,
        process_tree_processes_max=random.randint(2, 5),
    )
    return Conditions(day=day, slowness=slowness, waiting=waiting, is_topic=is_topic, machine=machine)


def _case(habit: Habit, conditions: Conditions, random: Random) -> Case:
    outcome = _outcome(habit, conditions.day, random)
    is_retried = random.random() < habit.retried(conditions.day)
    case = Case(
        id=habit.id,
        family=habit.id.partition("[")[0],
        test_type=habit.test_type,
        outcome=outcome,
        attempts=2 if is_retried and outcome.is_pass else 1,
        budget_seconds=DEFAULT_BUDGETS_MS[habit.test_type] / 1e3,
        budget_source=BudgetSource.TYPE_BUDGETS,
    )
    return case if outcome is Outcome.SKIPPED else _measured(case, habit, conditions, random)


def _account(case: Case) -> Account:
    return Account.SKIPPED if case.outcome is Outcome.SKIPPED else Account.MEASURED


def _outcome(habit: Habit, day: float, random: Random) -> Outcome:
    fails, skipped = random.random() < habit.fails(day), random.random() < _SKIPPED
    return Outcome.FAILED if fails else Outcome.SKIPPED if skipped else Outcome.PASSED


def _measured(case: Case, habit: Habit, conditions: Conditions, random: Random) -> Case:
    noise = random.lognormvariate(0, _NOISE) * (random.uniform(1.5, 3) if random.random() < _SPIKES else 1.0)
    is_indexed = conditions.is_topic and "search" in habit.id
    seconds = habit.seconds * habit.slower(conditions.day) * (_TOPIC_FACTOR if is_indexed else 1.0) * noise
    computing = seconds * habit.computing * conditions.slowness
    waited = conditions.waiting * computing
    queries = habit.queries + round(habit.more_queries(conditions.day))
    peak = habit.peak_mebibytes * random.lognormvariate(0, 0.01) + (_TOPIC_MEBIBYTES if is_indexed else 0.0)
    memory = {
        UsageKey.MEMORY_PEAK_BYTES: round(peak * MEBIBYTE),
        UsageKey.CHILDREN_MEMORY_PEAK_BYTES: round(peak * MEBIBYTE / 4),
        UsageKey.MEMORY_RETAINED_BYTES: round(habit.kept_mebibytes(conditions.day) * MEBIBYTE),
    }
    return replace(
        case,
        setup_seconds=0.0004 * conditions.slowness * noise,
        duration_seconds=seconds * (1 - habit.computing) + computing + waited,
        teardown_seconds=0.0001 * conditions.slowness * noise,
        endpoints=_endpoints(habit, seconds),
        usage={**memory, **_usage(habit, computing, waited, random), **_touched(habit, queries, seconds)},
        measures={"answer_size": Measure(value=2048 * habit.queries, unit="bytes")} if habit.queries else {},
    )


def _touched(habit: Habit, queries: int, seconds: float) -> dict[str, float]:
    return {
        **_asked_of_databases(habit, queries, seconds),
        **_asked_of_servers(habit, seconds),
        **_done_in_pages(habit, seconds),
    }


def _done_in_pages(habit: Habit, seconds: float) -> dict[str, float]:
    if habit.test_type != "e2e":
        return {}
    return {
        UsageKey.PAGE_LOAD_SECONDS: 0.3 * seconds,
        UsageKey.PAGE_LARGEST_PAINT_SECONDS: 0.2 * seconds,
        UsageKey.PAGE_INTERACTION_SECONDS: 0.1 * seconds,
        UsageKey.PAGE_INTERACTIONS: 3,
        UsageKey.PAGE_REQUESTS: 24,
        UsageKey.PAGE_ERRORS: 0,
        UsageKey.PAGE_RECEIVED_BYTES: 480_000,
        UsageKey.PAGE_LAYOUT_SHIFT: 0.04,
    }


def _endpoints(habit: Habit, seconds: float) -> tuple[EndpointTimes, ...]:
    if habit.test_type != "api":
        return ()
    return (
        EndpointTimes(
            endpoint="GET /orders/{id}",
            requests=2,
            seconds=0.6 * seconds,
            p50_seconds=0.3 * seconds,
            p95_seconds=0.35 * seconds,
            max_seconds=0.35 * seconds,
        ),
    )


def _asked_of_servers(habit: Habit, seconds: float) -> dict[str, float]:
    requests = _REQUESTS.get(habit.test_type, 0)
    if not requests:
        return {}
    return {
        UsageKey.NETWORK_REQUESTS: requests,
        UsageKey.NETWORK_ERRORS: 0,
        UsageKey.NETWORK_CONNECTIONS: 1,
        UsageKey.NETWORK_SECONDS: 0.6 * seconds,
        UsageKey.NETWORK_RECEIVED_BYTES: 2400 * requests,
        UsageKey.CACHE_COMMANDS: 5 * requests,
        UsageKey.CACHE_HITS: 3 * requests,
        UsageKey.CACHE_MISSES: requests,
        UsageKey.CACHE_SETS: requests,
        UsageKey.CACHE_SECONDS: 0.02 * seconds,
        UsageKey.LOCAL_CACHE_HITS: 8 * requests,
        UsageKey.LOCAL_CACHE_MISSES: requests,
    }


def _asked_of_databases(habit: Habit, queries: int, seconds: float) -> dict[str, float]:
    if not queries:
        return {}
    repeated = queries - habit.queries
    return {
        UsageKey.DB_QUERIES: queries,
        UsageKey.DB_SECONDS: min(0.0002 * queries, seconds / 2),
        UsageKey.SETUP_DB_QUERIES: 2,
        UsageKey.BACKGROUND_DB_QUERIES: 1 if habit.test_type == "e2e" else 0,
        **({UsageKey.DB_REPEATED_QUERIES: repeated} if repeated else {}),
    }


def _usage(habit: Habit, computing: float, waited: float, random: Random) -> dict[str, float]:
    return {
        UsageKey.CPU_SECONDS: computing,
        UsageKey.CPU_USER_SECONDS: 0.85 * computing,
        UsageKey.CPU_SYSTEM_SECONDS: 0.15 * computing,
        UsageKey.CHILDREN_CPU_USER_SECONDS: 0.0,
        UsageKey.CHILDREN_CPU_SYSTEM_SECONDS: 0.0,
        UsageKey.CPU_WAIT_SECONDS: waited,
        UsageKey.READ_BYTES: 0 if habit.test_type == "unit" else random.randrange(40_000),
        UsageKey.WRITTEN_BYTES: 4096 * habit.queries,
        # A test that waits gives the CPU away; one that never does is taken to need its CPU time alone.
        UsageKey.VOLUNTARY_CONTEXT_SWITCHES: 1 + habit.queries + random.randrange(3),
        UsageKey.INVOLUNTARY_CONTEXT_SWITCHES: round(200 * waited),
        UsageKey.GC_COLLECTIONS: round(30 * computing),
        UsageKey.SHARED_GC_SECONDS: 0.01 * computing,
        UsageKey.IMPORTED_MODULES: 0,
        UsageKey.THREADS_LEFT: 0,
        UsageKey.PROCESSES_LEFT: 0,
    }
