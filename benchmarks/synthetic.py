"""
Runs of a suite that does not exist, for benchmarks that need many of them.

The figures look like those of a real suite: times spread over four powers of ten with a noise of some percent,
every key of usage present, most tests without any memory, a few that fail, leak, or break their budget. The same
seed gives the same runs.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from random import Random

from msgspec.structs import replace

from paceline.model import Case, Machine, Outcome, Run, RunOutcome
from paceline.translated_names import BudgetSource
from paceline.usage import UsageKey

SUITE, BRANCH = "synthetic", "main"
_FIRST_RUN_ENDED = 1.79e9
_SECONDS_BETWEEN_RUNS = 3600.0
_PAGE = 4096
_BUDGET_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """
    What a test usually does.
    """

    id: str
    family: str
    seconds: float
    peak_pages: int
    retained_pages: int
    switches: int
    read_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticSuite:
    """
    A suite of so many tests.
    """

    habits: tuple[Habit, ...]
    random: Random = field(repr=False)

    @classmethod
    def of(cls, tests: int, seed: int = 0) -> "SyntheticSuite":
        random = Random(seed)
        return cls(habits=tuple(_habit(number, random) for number in range(tests)), random=random)

    def run(self, number: int, *, slower: float = 0.0) -> Run:
        """
        A run.

        Args:
            number: its place in the history.
            slower: share of the tests that take one and a half times as long as usual.
        """
        ended = _FIRST_RUN_ENDED + number * _SECONDS_BETWEEN_RUNS
        return Run(
            run_id=f"synthetic-{number:06}",
            suite=SUITE,
            branch=BRANCH,
            commit=f"{number // 2:040x}",
            outcome=RunOutcome.PASSED,
            started=ended - sum(habit.seconds for habit in self.habits),
            ended=ended,
            environment={"python": "3.12.4", "os": "linux", "cpus": 2},
            machine=Machine(calibration_seconds=0.002, slowdown_ratio=1.0),
            cases=tuple(self._cases(slower)),
        )

    def _cases(self, slower: float) -> Iterator[Case]:
        chance = self.random.random
        for habit in self.habits:
            noise = 0.95 + 0.1 * chance()
            seconds = habit.seconds * noise * (1.5 if chance() < slower else 1.0)
            yield Case(
                id=habit.id,
                family=habit.family,
                test_type="unit",
                outcome=Outcome.FAILED if chance() < 0.001 else Outcome.PASSED,
                setup_seconds=0.0003 * noise,
                duration_seconds=seconds,
                teardown_seconds=0.0001 * noise,
                normalized_duration_seconds=seconds,
                budget_seconds=_BUDGET_SECONDS,
                budget_source=BudgetSource.TYPE_BUDGETS,
                usage=_usage(habit, seconds, noise),
            )


def lean(run: Run, usage: AbstractSet[UsageKey]) -> Run:
    """
    A run without the phases of its tests and with only some usage: as text, all figures of 10,000 tests and 50 runs
    have gigabytes.
    """
    cases = (
        replace(
            case,
            setup_seconds=None,
            teardown_seconds=None,
            usage={key: value for key, value in case.usage.items() if key in usage},
        )
        for case in run.cases
    )
    return replace(run, cases=tuple(cases))


def _habit(number: int, random: Random) -> Habit:
    family = f"tests/package_{number // 1000}/test_module_{number // 50}.py::test_does_what_it_says_{number}"
    return Habit(
        id=f"{family}[case-{number}]" if number % 3 == 0 else family,
        family=family,
        seconds=10 ** random.uniform(-4, -0.98),
        peak_pages=random.randrange(2000) if number % 5 == 0 else 0,
        retained_pages=random.randrange(600) if number % 50 == 0 else 0,
        switches=random.randrange(10),
        read_bytes=random.randrange(100_000) if number % 4 == 0 else 0,
    )


def _usage(habit: Habit, seconds: float, noise: float) -> Mapping[str, float]:
    user = round(0.7 * seconds, 6)
    system = round(0.1 * seconds, 6)
    return {
        UsageKey.CPU_WAIT_SECONDS: 0.01 * seconds,
        UsageKey.CPU_SECONDS: user + system,
        UsageKey.CPU_USER_SECONDS: user,
        UsageKey.CPU_SYSTEM_SECONDS: system,
        UsageKey.CHILDREN_CPU_USER_SECONDS: 0.0,
        UsageKey.CHILDREN_CPU_SYSTEM_SECONDS: 0.0,
        UsageKey.VOLUNTARY_CONTEXT_SWITCHES: habit.switches,
        UsageKey.INVOLUNTARY_CONTEXT_SWITCHES: int(habit.switches * noise),
        UsageKey.READ_BYTES: habit.read_bytes,
        UsageKey.WRITTEN_BYTES: habit.read_bytes // 8,
        UsageKey.GC_COLLECTIONS: int(30 * seconds),
        UsageKey.MEMORY_PEAK_BYTES: int(habit.peak_pages * noise) * _PAGE,
        UsageKey.MEMORY_RETAINED_BYTES: habit.retained_pages * _PAGE,
        UsageKey.IMPORTED_MODULES: 0,
        UsageKey.THREADS_LEFT: 0,
        UsageKey.PROCESSES_LEFT: 0,
    }
