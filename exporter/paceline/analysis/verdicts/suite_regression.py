"""
The suite as a whole: did everything get slower though the machine did not?
"""

from collections.abc import Sequence
from math import log

from msgspec.structs import replace

from paceline.analysis.judgement_rules import RegressionRule
from paceline.analysis.machine_speed import need_of
from paceline.analysis.past import PastRun
from paceline.analysis.usual_machine import usual_calibration
from paceline.analysis.verdicts.regression import CRITICAL_FACTOR, UsualDuration
from paceline.formatting import duration
from paceline.model import Case, Severity, Verdict
from paceline.verdict_kinds import VerdictKind

# Both rulers err by some percent, and nobody looks at a verdict on the whole suite that is often wrong.
_LEAST_RATIO = 1.2
# So many tests that compute are measured again: those whose time is nearest to this, as repeats of long tests take
# long, and the time of short tests is mostly chance.
_SAMPLE, _SECONDS = 10, 0.1


def calibration_ratio(seconds: float | None, runs: Sequence[PastRun], fewest: int) -> float | None:
    """
    How much longer than usual the calibration took: the speed of the machine, whatever the suite does.

    Returns:
        None where it is not known, or fewer than `fewest` earlier runs have one.
    """
    usual = usual_calibration(runs, fewest)
    return seconds / usual if seconds and usual else None


def judge_suite(now: PastRun, runs: Sequence[PastRun], rule: RegressionRule) -> Verdict | None:
    """
    Whether the slowdown by the suite is above its usual level by more than the machine explains.

    The slowdown is divided by the calibration, run by run, and judged as the time of a test is; without the floor,
    as it is no time, and with a factor of at least 1.2. Parts of a suite say nothing of the whole.

    Args:
        now: this run.
        runs: earlier runs, in any order.
        rule: the thresholds.
    """
    paces = [pace for run in runs if (pace := pace_of(run, unknown=1.0)) is not None]
    current = pace_of(now)
    if current is None or now.calibration_seconds is None or len(paces) < rule.min_runs:
        return None
    level = UsualDuration.of(paces)
    limit = level.limit(replace(rule, floor_ms=0.0, ratio=max(rule.ratio, _LEAST_RATIO)))
    if current <= limit:
        return None
    factor = current / level.median
    machine = calibration_ratio(now.calibration_seconds, runs, rule.min_runs) or 1.0
    return Verdict(
        kind=VerdictKind.SUITE_REGRESSION,
        severity=Severity.CRITICAL if factor >= CRITICAL_FACTOR else Severity.WARNING,
        measured=factor,
        limit=limit / level.median,
        unit="ratio",
        factor=factor,
        reason=f"the whole suite took {factor:.2f} times as long as the machine explains: the calibration took "
        f"{duration(now.calibration_seconds)}, {machine:.2f} times as long as usual",
    )


def sample_of(cases: Sequence[Case]) -> tuple[str, ...]:
    """
    The tests that stand for the suite when they are measured again.

    Args:
        cases: of the run.
    """
    needs = ((case.id, need_of(case)) for case in cases if case.outcome.is_pass and not case.results)
    computing = {test: need.seconds for test, need in needs if need is not None and need.is_cpu_bound}
    return tuple(sorted(computing, key=lambda test: abs(log(computing[test] / _SECONDS)))[:_SAMPLE])


def pace_of(run: PastRun, unknown: float | None = None) -> float | None:
    """
    The slowdown by the suite divided by the calibration; None of a part of a suite, and where either is not known.

    Args:
        run: the run.
        unknown: the slowdown of the first runs of a suite, which have none: what is usual is made of them.
    """
    slowdown = run.slowdown_ratio or unknown
    if run.is_partial or not slowdown or not run.calibration_seconds:
        return None
    return slowdown / run.calibration_seconds
