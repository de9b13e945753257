"""
The past as judgement sees it: runs in order of time, and for each measure the values of each test.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, Self

from msgspec import Struct

from paceline.analysis.budget_columns import budget_columns
from paceline.model import Case, Run
from paceline.quantity import Unit
from paceline.usage import UsageKey

# Columns of the past that are no usage.
DURATION = "duration_seconds"
NORMALIZED = "normalized_duration_seconds"
OUTCOME = "outcome"
ATTEMPTS = "attempts"
# Before the name of a figure that the test itself reported.
MEASURES = "measures."
# Columns that have a series for each fixture instead of each test: the seconds of all its setups, and their number.
FIXTURE_SECONDS = "fixtures.seconds"
FIXTURE_SETUPS = "fixtures.setups"
OF_FIXTURES = (FIXTURE_SECONDS, FIXTURE_SETUPS)
# The column with a series for each probe of what tests touch: 1 in each run in which it was on.
PROBES = "probes"
OF_RUNS = (*OF_FIXTURES, PROBES)

_A_FEW = 3
_TIMES = frozenset(key for key in UsageKey if key.quantity.unit is Unit.SECONDS)


class Series(NamedTuple):
    """
    The values of one measure of one test; `runs` are positions in `Past.runs`, ascending.
    """

    runs: Sequence[int]
    values: Sequence[float]


_NO_SERIES = Series((), ())


class SeriesByTest(Protocol):
    """
    One measure: the series of each test that has one. A dictionary is a column.
    """

    def get(self, case_id: str, /) -> Series | None:
        """
        The series of a test.
        """

    def __iter__(self) -> Iterator[str]:
        """
        Ids of tests, all of those that have a series among them.
        """


class Needed(NamedTuple):
    """
    Measures of some tests, or of every test.
    """

    measures: Collection[str]
    tests: Collection[str] | None = None

    @property
    def is_empty(self) -> bool:
        return not self.measures or (self.tests is not None and not self.tests)


# Every test is judged by these, or shown with them.
EVERY_TEST = Needed((NORMALIZED, DURATION, OUTCOME, ATTEMPTS))


class PastRun(Struct, frozen=True, kw_only=True):
    """
    What judgement needs to know of a run as a whole. The last three are as in `Machine`; None in runs that were
    kept before they were.
    """

    run_id: str
    ended: float
    duration_seconds: float
    branch: str = ""
    commit: str = ""
    dirty: bool = False
    is_partial: bool = False
    cases: int = 0
    failures: int = 0
    verdicts: int = 0
    calibration_seconds: float | None = None
    slowdown_ratio: float | None = None
    others_cpu_percent: float | None = None

    @property
    def is_wrecked(self) -> bool:
        """
        Whether most tests failed, and more than a few: a broken environment says nothing of single tests.
        """
        return self.failures > max(self.cases / 2, _A_FEW)

    def is_clean(self, *commits: str) -> bool:
        """
        Whether the code of the run is that of one of these commits.
        """
        return self.commit in commits and not self.dirty


class Past(Struct, frozen=True, kw_only=True):
    """
    Earlier runs of one suite, oldest first.

    `columns` has each measure that was read, by its name. `source` names the server that the runs are from, "" for
    the project's own folder. `other_suites` are those that the folder has runs of, where it has none of this suite.
    """

    runs: tuple[PastRun, ...] = ()
    columns: Mapping[str, SeriesByTest] = {}
    source: str = ""
    other_suites: tuple[str, ...] = ()

    @classmethod
    def from_runs(cls, runs: Sequence[Run]) -> Self:
        """
        Args:
            runs: oldest first.
        """
        columns: dict[str, dict[str, Series]] = {key: {} for key in UsageKey}
        for position, run in enumerate(runs):
            append_figures(columns, position, run)
        return cls(runs=tuple(map(past_run, runs)), columns=columns)

    def column(self, measure: str) -> SeriesByTest:
        return self.columns.get(measure, {})

    def series(self, measure: str, case_id: str) -> Series:
        return self.column(measure).get(case_id) or _NO_SERIES

    def ended_with(self, case_id: str, measures: Iterable[str]) -> bool:
        """
        Whether any of these measures of a test was above 0 in its last run.
        """
        runs = self.series(OUTCOME, case_id).runs
        known = (self.series(measure, case_id) for measure in measures)
        return bool(runs) and any(one.runs and one.runs[-1] == runs[-1] and one.values[-1] > 0 for one in known)


def past_run(run: Run) -> PastRun:
    """
    The run without its cases.
    """
    return PastRun(
        run_id=run.run_id,
        ended=run.ended,
        duration_seconds=run.duration_seconds,
        branch=run.branch,
        commit=run.commit,
        dirty=run.dirty,
        is_partial=run.is_partial,
        cases=len(run.cases),
        failures=sum(case.outcome.is_failure for case in run.cases),
        verdicts=len(run.verdicts),
        calibration_seconds=run.machine.calibration_seconds,
        slowdown_ratio=run.machine.slowdown_ratio,
        others_cpu_percent=run.machine.others_cpu_percent,
    )


def run_columns(run: Run) -> dict[str, dict[str, float]]:
    """
    The figures that are not of tests: of fixtures, by measure and by `FixtureTime.key`, and of probes by name.
    """
    return {
        FIXTURE_SECONDS: {fixture.key: fixture.needed_seconds for fixture in run.fixtures},
        FIXTURE_SETUPS: {fixture.key: float(fixture.setups) for fixture in run.fixtures},
        PROBES: dict.fromkeys(run.probes, 1.0),
    }


def append_figures(columns: dict[str, dict[str, Series]], position: int, run: Run) -> None:
    """
    Append the figures of a run to series that end before it.

    Args:
        columns: the series by measure and by the name of the test, fixture or probe. They are changed.
        position: of the run among the runs of the past.
        run: the run.
    """
    for measure, name, value in _figures_of(run):
        series = columns.setdefault(measure, {}).setdefault(name, Series([], []))
        series.runs.append(position)  # type: ignore[attr-defined]
        series.values.append(value)  # type: ignore[attr-defined]


def _figures_of(run: Run) -> Iterator[tuple[str, str, float]]:
    """
    All figures of a run, each with its measure and the name of its test, fixture or probe.
    """
    for case in run.cases:
        for measure, value in columns_of(case).items():
            yield measure, case.id, value
    for measure, column in run_columns(run).items():
        for name, value in column.items():
            yield measure, name, value


def columns_of(case: Case) -> dict[str, float]:
    """
    The figures of a case that history keeps at hand: outcome (1 passed, 0 failed), attempts, budgets, times, usage.

    A skipped test leaves none, a test that failed no times, and a test whose calls were counted neither.
    """
    if not (case.outcome.is_pass or case.outcome.is_failure):
        return {}
    figures: dict[str, float] = {OUTCOME: float(case.outcome.is_pass), ATTEMPTS: case.attempts}
    figures.update(budget_columns(case))
    if case.outcome.is_pass and case.is_counted:
        figures.update((key, value) for key, value in case.usage.items() if UsageKey(key) not in _TIMES)
    elif case.outcome.is_pass and case.duration_seconds is not None:
        figures[DURATION] = case.duration_seconds
        if not case.lacks_normalized_time:
            normalized = case.normalized_duration_seconds
            measured = case.benchmark_seconds or case.duration_seconds
            figures[NORMALIZED] = measured if normalized is None else normalized
        figures.update(case.usage)
        figures.update({MEASURES + name: measure.value for name, measure in case.measures.items()})
    return figures
