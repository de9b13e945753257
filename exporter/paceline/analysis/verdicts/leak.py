"""
Leak: a test that keeps memory, run after run.
"""

from collections.abc import Sequence
from statistics import median

from paceline.analysis.judgement_rules import LeakRule
from paceline.formatting import size
from paceline.model import Severity, Verdict
from paceline.verdict_kinds import VerdictKind

_MEBIBYTE = 1 << 20


def judge_leak(case_id: str, retained: Sequence[float], imported: Sequence[float], rule: LeakRule) -> Verdict | None:
    """
    Whether a test kept memory in each of the last runs without importing modules (which stay for good reason).

    Args:
        case_id: the test.
        retained: bytes kept by each run, oldest first, this run's last.
        imported: modules imported by the same runs.
        rule: the thresholds.
    """
    limit = rule.floor_mb * _MEBIBYTE
    recent = retained[-rule.min_runs :]
    if len(recent) < rule.min_runs or min(recent) < limit or any(imported[-rule.min_runs :]):
        return None
    kept = next((n for n, value in enumerate(reversed(retained)) if value < limit), len(retained))
    return Verdict(
        kind=VerdictKind.LEAK,
        severity=Severity.WARNING,
        case=case_id,
        measured=retained[-1],
        limit=limit,
        unit="bytes",
        factor=retained[-1] / limit,
        reason=f"kept {size(retained[-1])} after its teardown, and so in each of the last {kept} runs "
        f"(median {size(median(retained[-kept:]))})",
    )
