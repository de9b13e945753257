"""
Fixture: does the setup of a fixture take longer than it used to?
"""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from msgspec.structs import replace

from paceline.analysis.judgement_rules import RegressionRule
from paceline.analysis.past import FIXTURE_SECONDS, FIXTURE_SETUPS, Past
from paceline.analysis.verdicts.change_point import onset, since_run
from paceline.analysis.verdicts.regression import UsualDuration
from paceline.formatting import counted, duration, times
from paceline.model import Case, Cause, FixtureTime, Run, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

# Before the name of a fixture in a cause.
FIXTURES = "fixtures."
# A setup is not measured again, so that a finding needs more than that on a test; and a whole session has to notice.
_LEAST_RATIO = 1.5
_LEAST_SECONDS = 0.1
# A machine within 5% of its usual speed is usual.
_SLOW_MACHINE = 1.05
# The mean of fewer setups than these is that of a moment, for which a machine that is so slow may have had less time.
# Where the wait for a CPU is not known, one long wait is the mean of many short setups.
_FEW_SETUPS, _BUSY_MACHINE = 5, 1.2
_NOT_SET_UP_AGAIN = "the machine was busy, and a fixture is not set up again"


class Setups(NamedTuple):
    """
    The setups of one fixture in earlier runs: positions of the runs, the mean seconds of a setup, the sum of each run.
    """

    runs: Sequence[int]
    means: Sequence[float]
    sums: Sequence[float]


def judge_fixtures(run: Run, past: Past, rule: RegressionRule) -> Iterator[Verdict]:
    """
    Judge the fixtures of a run of the whole suite.

    The mean seconds of a setup are judged as the time of a test is, so that more tests make no fixture slower. A part
    of the suite has other means: the first setup often takes the longest.

    Args:
        run: the run, with the slowdown of its machine.
        past: its earlier runs.
        rule: the thresholds; the factor is at least 1.5, and a run has to take at least 0.1 s more.
    """
    if run.is_partial:
        return
    slowdown = max(run.machine.slowdown_ratio or 1.0, 1.0)
    stretch = max(_stretch(run.cases), _stretch_of_setups(run.fixtures), 1.0)
    for fixture in run.fixtures:
        is_wait_known = fixture.cpu_wait_seconds is not None
        machine = slowdown if is_wait_known else slowdown * stretch
        verdict = _judge(fixture, _earlier(fixture, past), past, machine, rule)
        if verdict is not None:
            may_be_chance = fixture.setups < _FEW_SETUPS or not is_wait_known
            is_chance = may_be_chance and slowdown * stretch >= _BUSY_MACHINE
            yield verdict.unconfirmed(_NOT_SET_UP_AGAIN) if is_chance else verdict


def _judge(fixture: FixtureTime, earlier: Setups, past: Past, machine: float, rule: RegressionRule) -> Verdict | None:
    if len(earlier.runs) < rule.min_runs:
        return None
    level = UsualDuration.of(earlier.means)
    limit = level.limit(replace(rule, floor_ms=0.0, ratio=max(rule.ratio, _LEAST_RATIO)))
    as_measured = fixture.needed_seconds / fixture.setups
    mean = as_measured / machine
    if mean <= limit or (mean - level.median) * fixture.setups <= max(rule.floor_ms / 1e3, _LEAST_SECONDS):
        return None
    factor = mean / level.median if level.median > 0 else None
    longer = f": {times(factor)} as long" if factor is not None else ""
    first = onset(earlier.means, mean, level.median)
    since = since_run([past.runs[run] for run in earlier.runs], first)
    without_machine = f" ({duration(mean)} with the machine taken out)" if machine > _SLOW_MACHINE else ""
    return Verdict(
        kind=VerdictKind.FIXTURE_REGRESSION,
        severity=Severity.WARNING,
        fixture=fixture.name,
        measured=mean,
        limit=limit,
        unit="seconds",
        factor=factor,
        causes=(Cause(measure=FIXTURES + fixture.name, before=median(earlier.sums), after=fixture.needed_seconds),),
        since=since,
        standing=since is not None,
        reason=f"took {duration(as_measured)} {_in_setups(fixture.setups)}{without_machine}, "
        f"usually {duration(level.median)} (median of {level.runs} runs){longer}",
    )


def _in_setups(setups: int) -> str:
    return "in its setup" if setups == 1 else f"a setup in {counted(setups, 'setup')}"


def _earlier(fixture: FixtureTime, past: Past) -> Setups:
    """
    The setups of a fixture in earlier runs of the whole suite.
    """
    seconds = past.series(FIXTURE_SECONDS, fixture.key)
    counts = past.series(FIXTURE_SETUPS, fixture.key)
    setups = dict(zip(counts.runs, counts.values, strict=True))
    known = [
        (run, total, setups[run])
        for run, total in zip(seconds.runs, seconds.values, strict=True)
        if setups.get(run) and not past.runs[run].is_partial
    ]
    return Setups(
        [run for run, _, _ in known], [total / count for _, total, count in known], [total for _, total, _ in known]
    )


def _stretch(cases: Sequence[Case]) -> float:
    """
    How many times longer the calls took for the wait for a CPU, of the time that they would have been on one.
    """
    known = [case.usage for case in cases if UsageKey.CPU_WAIT_SECONDS in case.usage]
    on_cpu = sum(usage.get(UsageKey.CPU_SECONDS, 0.0) for usage in known)
    waited = sum(usage[UsageKey.CPU_WAIT_SECONDS] for usage in known)
    return (on_cpu + waited) / on_cpu if on_cpu > 0 else 1.0


def _stretch_of_setups(fixtures: Sequence[FixtureTime]) -> float:
    """
    How many times longer setups took for the wait for a CPU, of those whose wait is known: calls that are shorter than
    a turn on a CPU wait less than setups do.
    """
    known = [
        (fixture.seconds, fixture.cpu_wait_seconds) for fixture in fixtures if fixture.cpu_wait_seconds is not None
    ]
    seconds, waited = sum(took for took, _ in known), sum(wait for _, wait in known)
    return seconds / (seconds - waited) if seconds > waited else 1.0
