"""
Put the judgement on trial: each run of a recording is judged against the runs before it, by `paceline.analysis`
itself, as it is and with one test at a time made slower.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from statistics import median_low
from typing import NamedTuple

from msgspec.structs import replace
from recordings import Recording

from paceline.analysis.confirmation import REPEATS
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import RegressionRule, Rules
from paceline.analysis.past import NORMALIZED, Past, PastRun, Series, past_run
from paceline.analysis.verdicts.regression import UsualDuration, judge_regression
from paceline.model import Case, Machine, Run, RunOutcome
from paceline.verdict_kinds import VerdictKind

# As many runs as are in the window of time of a project that merges twice a day.
WINDOW = 30
_HOUR = 3600.0
# In a suite, false alarms are counted of tests from here on, and slowdowns are looked for in those from there on.
_SHORTEST, _SHORTEST_SLOWED = 0.001, 0.010
_STEP = 1.10
# Chance decides what is drawn, and so it is drawn more often than once.
_DRAWS = 20


class Trial(NamedTuple):
    """
    One test in one run, normalised, and what was usual before it.
    """

    test: str
    run: int
    seconds: float
    level: UsualDuration

    @property
    def noise(self) -> float:
        return self.seconds / self.level.median


@dataclass(slots=True)
class Tally:
    """
    How often something was so, of how often it might have been.
    """

    hits: float = 0.0
    of: int = 0

    def add(self, hit: float) -> None:
        self.hits += hit
        self.of += 1

    @property
    def percent(self) -> float:
        return 100 * self.hits / self.of if self.of else 0.0


@dataclass(slots=True)
class Figures:
    """
    What came of a trial. Keys of the recalls are factors by which a test was made slower.
    """

    false_alarms: Tally = field(default_factory=Tally)
    confirmed_false_alarms: Tally = field(default_factory=Tally)
    recalls: dict[float, Tally] = field(default_factory=lambda: defaultdict(Tally))
    confirmed_recalls: dict[float, Tally] = field(default_factory=lambda: defaultdict(Tally))
    steps: Tally = field(default_factory=Tally)
    suite_alarms: Tally = field(default_factory=Tally)


class Judged:
    """
    A recording, judged run by run.
    """

    def __init__(self, recording: Recording, window: int = WINDOW) -> None:
        self.recording = recording
        self.trials: list[Trial] = []
        self.alarms: set[tuple[str, int]] = set()
        self.suite_alarms: dict[int, bool] = {}
        self._window = window
        self._runs: list[PastRun] = []
        self.series: dict[str, Series] = {}
        for cases, calibration in zip(recording.runs, recording.calibrations, strict=True):
            self._judge(cases, calibration)

    def keep_trials_from(self, run: int) -> None:
        """
        Count only what was judged in this run and later ones.
        """
        self.trials = [trial for trial in self.trials if trial.run >= run]
        self.suite_alarms = {number: is_slow for number, is_slow in self.suite_alarms.items() if number >= run}

    def _judge(self, cases: Sequence[Case], calibration: float | None) -> None:
        number = len(self._runs)
        past = self._past(max(number - self._window, 0))
        run = judge(_run(number, cases, calibration), past, Rules())
        for verdict in run.verdicts:
            if verdict.kind is VerdictKind.REGRESSION:
                self.alarms.add((verdict.case or "", number))
        is_slow = any(verdict.kind is VerdictKind.SUITE_REGRESSION for verdict in run.verdicts)
        self.suite_alarms[number] = is_slow
        self.trials += _trials(run, past, number)
        self._runs.append(past_run(run))
        for case in run.cases:
            series = self.series.setdefault(case.id, Series([], []))
            series.runs.append(number)  # type: ignore[attr-defined]
            series.values.append(case.normalized_duration_seconds or 0.0)  # type: ignore[attr-defined]

    def _past(self, start: int) -> Past:
        column = {}
        for test, (runs, values) in self.series.items():
            begin = next((place for place in range(len(runs)) if runs[place] >= start), None)
            if begin is not None:
                column[test] = Series([run - start for run in runs[begin:]], values[begin:])
        return Past(runs=tuple(self._runs[start:]), columns={NORMALIZED: column})


def measure(judged: Judged, factors: Sequence[float], random: Random) -> Figures:
    """
    Count alarms on the recording as it is, and with each test in turn made slower.

    Making one test slower changes no other time, nor what it is divided by (a law in tests/property), so that
    its slowed normalised time is the measured one times the factor.
    """
    figures = Figures()
    noises = _noises(judged.trials)
    for trial in _counted(judged, _SHORTEST):
        is_alarm = (trial.test, trial.run) in judged.alarms
        figures.false_alarms.add(is_alarm)
        figures.confirmed_false_alarms.add(is_alarm and _confirmed(trial, 1.0, noises[trial.test], random))
    for trial in _counted(judged, _SHORTEST_SLOWED):
        for factor in factors:
            is_found = _is_alarm(trial, factor)
            figures.recalls[factor].add(is_found)
            figures.confirmed_recalls[factor].add(
                is_found and _confirmed(trial, factor, noises[trial.test], random, draws=1)
            )
    for step in _steps(judged):
        figures.steps.add(step > _STEP)
    for number, is_slow in judged.suite_alarms.items():
        if number >= RegressionRule().min_runs and judged.recording.calibrations[number]:
            figures.suite_alarms.add(is_slow)
    return figures


def merge(parts: Sequence[Figures]) -> Figures:
    """
    The figures of several trials together.
    """
    whole = Figures()
    for part in parts:
        for name in ("false_alarms", "confirmed_false_alarms", "steps", "suite_alarms"):
            _add(getattr(whole, name), getattr(part, name))
        for name in ("recalls", "confirmed_recalls"):
            for factor, tally in getattr(part, name).items():
                _add(getattr(whole, name)[factor], tally)
    return whole


def _add(whole: Tally, part: Tally) -> None:
    whole.hits += part.hits
    whole.of += part.of


def _run(number: int, cases: Sequence[Case], calibration: float | None) -> Run:
    return Run(
        run_id=f"run-{number}",
        suite="recorded",
        branch="main",
        outcome=RunOutcome.PASSED,
        started=number * _HOUR,
        ended=(number + 1) * _HOUR,
        machine=Machine(calibration_seconds=calibration),
        cases=tuple(cases),
    )


def _trials(run: Run, past: Past, number: int) -> Iterator[Trial]:
    for case in run.cases:
        values = past.series(NORMALIZED, case.id).values
        if len(values) >= RegressionRule().min_runs and case.normalized_duration_seconds:
            level = UsualDuration.of(values)
            if level.median > 0:
                yield Trial(case.id, number, case.normalized_duration_seconds, level)


def _counted(judged: Judged, shortest: float) -> Iterator[Trial]:
    least = shortest if judged.recording.is_suite else 0.0
    return (trial for trial in judged.trials if trial.level.median >= least)


def _noises(trials: Sequence[Trial]) -> Mapping[str, Sequence[float]]:
    noises: dict[str, list[float]] = defaultdict(list)
    for trial in trials:
        noises[trial.test].append(trial.noise)
    return noises


def _is_alarm(trial: Trial, factor: float) -> bool:
    slowed = replace(_ANY, normalized_duration_seconds=trial.seconds * factor)
    return judge_regression(slowed, trial.level, RegressionRule()) is not None


def _confirmed(trial: Trial, factor: float, noises: Sequence[float], random: Random, draws: int = _DRAWS) -> float:
    # The same noise, drawn again: how the same test deviated from what was usual, in this run or any other.
    usual, limit = trial.level.median * factor, trial.level.limit(RegressionRule())
    repeats = ([usual * noise for noise in random.choices(noises, k=REPEATS)] for _ in range(draws))
    return sum(median_low(seconds) > limit for seconds in repeats) / draws


def _steps(judged: Judged) -> Iterator[float]:
    by_test: dict[str, list[Trial]] = defaultdict(list)
    for trial in _counted(judged, _SHORTEST):
        by_test[trial.test].append(trial)
    for trials in by_test.values():
        yield from (after.seconds / before.seconds for before, after in pairwise(trials))


_ANY = Case(id="", family="", test_type="unit", outcome="passed")  # type: ignore[arg-type]
