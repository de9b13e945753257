"""
Regression: is a test slower than it used to be?
"""

from collections.abc import Sequence
from typing import NamedTuple

from paceline.analysis.estimators import quantile, spread
from paceline.analysis.judgement_rules import RegressionRule
from paceline.formatting import duration, times
from paceline.model import Case, Severity, Since, Verdict
from paceline.verdict_kinds import VerdictKind

# What all but one in twenty runs stay below is usual too. Spikes may be more than that, above all in a short past,
# and so it is taken for no more than so many times the median; short tests have larger ones, in more runs.
_USUAL_SHARE, _USUAL_AT_MOST, _USUAL_AT_MOST_IF_SHORT = 0.95, 1.3, 2.5
# A test that is shorter than the floor has to take twice as long, and longer by at least this part of the floor.
SHORT_FLOORS = 5
# A benchmark is not measured again, and has to take longer by this factor.
_BENCHMARK_RATIO = 1.5
# A single measurement has to take longer by this factor: on a busy machine, also CPU time may be nearly doubled.
UNREPEATED_RATIO = 2.0
# The median of a load test is the median of waits for a CPU too: on a full machine it takes 1.7 to 4 ms in runs of the
# same code. So a single measurement has to take longer by this factor.
UNREPEATED_LOAD_RATIO = 3.0
# A critical verdict is beyond noise, and not tiny.
CRITICAL_FACTOR = 2.0
_CRITICAL_FLOORS = 10


class UsualDuration(NamedTuple):
    """
    What a test usually takes, in normalised seconds; `high` is the 95% quantile.
    """

    median: float
    spread: float
    high: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "UsualDuration":
        """
        Args:
            values: at least one, in any order.
        """
        ordered = sorted(values)
        return cls(quantile(ordered, 0.5), spread(ordered), quantile(ordered, _USUAL_SHARE), len(ordered))

    def is_short(self, rule: RegressionRule) -> bool:
        """
        Whether the test usually takes less than the floor.
        """
        return self.median < rule.floor_ms / 1e3

    def limit(self, rule: RegressionRule, *, is_benchmark: bool = False) -> float:
        """
        The seconds above which a run is a regression: all three margins have to be exceeded.

        Args:
            rule: the thresholds.
            is_benchmark: the seconds are medians of many rounds, so that no time is too short.
        """
        floor, is_short = rule.floor_ms / 1e3, self.is_short(rule)
        usual = min(self.high, (_USUAL_AT_MOST_IF_SHORT if is_short else _USUAL_AT_MOST) * self.median)
        if is_benchmark:
            floor = (_BENCHMARK_RATIO - 1) * self.median
        elif is_short:
            floor = max(self.median, floor / SHORT_FLOORS)
        return max(self.median + floor, self.median + rule.spreads * self.spread, rule.ratio * usual)


def judge_regression(
    case: Case, level: UsualDuration, rule: RegressionRule, since: Since | None = None
) -> Verdict | None:
    """
    Whether the normalised time of a passed case is above its usual level by all three margins.
    """
    measured, is_benchmark = case.normalized_duration_seconds, case.benchmark_seconds is not None
    limit = level.limit(rule, is_benchmark=is_benchmark)
    if measured is None or level.runs < rule.min_runs or measured <= limit:
        return None
    factor = measured / level.median if level.median > 0 else None
    usual = f"usually {duration(level.median)} (median of {level.runs} runs)"
    longer = f": {times(factor)} as long" if factor is not None else ""
    return Verdict(
        kind=VerdictKind.REGRESSION,
        severity=_severity(measured, level, rule),
        case=case.id,
        measured=measured,
        limit=limit,
        unit="seconds",
        factor=factor,
        since=since,
        reason=f"{'a call ' if is_benchmark else ''}took {duration(measured)} normalised, {usual}{longer}",
    )


def _severity(measured: float, level: UsualDuration, rule: RegressionRule) -> Severity:
    is_large = measured - level.median >= _CRITICAL_FLOORS * rule.floor_ms / 1e3
    return Severity.CRITICAL if is_large and measured >= CRITICAL_FACTOR * level.median else Severity.WARNING
