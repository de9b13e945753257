"""
Trend: slow creep that no single step shows.
"""

from collections.abc import Sequence
from statistics import median

from paceline.analysis.estimators import slope, theil_sen
from paceline.analysis.rules import TrendRule
from paceline.model import Severity, Verdict, VerdictKind
from paceline.units import duration, signed


def judge_trend(case_id: str, values: Sequence[float], rule: TrendRule) -> Verdict | None:
    """
    Whether normalised times creep up over the window.

    Args:
        case_id: the test.
        values: normalised seconds, oldest first, this run's last.
        rule: the thresholds.
    """
    steps = len(values) - 1
    if len(values) < rule.min_runs or not _rises(values, slope(values), rule):
        return None
    fitted = theil_sen(values)
    if fitted.low <= 0 or not _rises(values, fitted.estimate, rule):
        return None
    start = median(values) - fitted.estimate * steps / 2
    end = start + fitted.estimate * steps
    return Verdict(
        kind=VerdictKind.TREND,
        severity=Severity.INFO,
        case=case_id,
        measured=end,
        limit=start * rule.ratio,
        unit="seconds",
        factor=end / start if start > 0 else None,
        reason=f"creeps up: {duration(start)} to {duration(end)} over {len(values)} runs, "
        f"{signed(fitted.estimate)} a run (95%: {signed(fitted.low)} to {signed(fitted.high)})",
    )


def _rises(values: Sequence[float], per_run: float, rule: TrendRule) -> bool:
    growth = per_run * (len(values) - 1)
    start = median(values) - growth / 2
    return growth > rule.floor_ms / 1e3 and growth > (rule.ratio - 1) * max(start, 0.0)
