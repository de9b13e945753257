"""
Flaky or broken: what the outcomes of a test say when its code did not change.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from paceline.analysis.estimators import wilson
from paceline.analysis.judgement_rules import FlakyRule
from paceline.analysis.past import PastRun
from paceline.analysis.verdicts.change_point import since_run
from paceline.formatting import counted
from paceline.model import Severity, Verdict
from paceline.verdict_kinds import VerdictKind

# Without version control nobody knows whether the code changed between two runs. One change of outcome is a
# fault that was made or mended; a second one on top is chance.
_FLIPS_WITHOUT_COMMIT = 2
_CHANCE = 0.05


class Attempted(NamedTuple):
    """
    One test in one run.
    """

    passed: bool
    attempts: int
    run: PastRun


def judge_flakiness(case_id: str, history: Sequence[Attempted], rule: FlakyRule) -> Verdict | None:
    """
    Whether a test is flaky or broken.

    Flaky: it passed and failed at one clean commit, or passed on a retry, or, where no commit is known,
    changed its outcome at least twice. Broken: it failed in each of the last runs, more of them than a flaky
    test would by chance.

    Args:
        case_id: the test.
        history: oldest first, this run last; at least one.
        rule: the thresholds.
    """
    failed = next((n for n, run in enumerate(reversed(history)) if run.passed), len(history))
    is_flaky = any(run.passed and run.attempts > 1 for run in history) or _contradicts_itself(history)
    if failed >= rule.broken_runs and not (is_flaky and _may_be_chance(history[:-failed], failed)):
        return _broken(case_id, history, failed)
    return _flaky(case_id, history) if is_flaky else None


def _may_be_chance(earlier: Sequence[Attempted], failed: int) -> bool:
    """
    Whether a test that fails as often as it did fails so many times in a row at times.
    """
    rate = sum(not run.passed for run in earlier) / len(earlier) if earlier else 0.0
    return rate**failed > _CHANCE


def _contradicts_itself(history: Sequence[Attempted]) -> bool:
    seen: dict[str, bool] = {}
    for passed, _, run in history:
        if run.commit and not run.dirty and seen.setdefault(run.commit, passed) != passed:
            return True
    unknown = [passed for passed, _, run in history if not run.commit]
    return sum(a != b for a, b in pairwise(unknown)) >= _FLIPS_WITHOUT_COMMIT


def _flaky(case_id: str, history: Sequence[Attempted]) -> Verdict:
    # A pass on the third attempt is two failures and a pass.
    attempts = sum(run.attempts for run in history)
    failures = attempts - sum(run.passed for run in history)
    rate = wilson(failures, attempts)
    return Verdict(
        kind=VerdictKind.FLAKY,
        severity=Severity.WARNING,
        case=case_id,
        measured=rate.estimate,
        limit=0.0,
        unit="ratio",
        reason=f"fails {rate.estimate:.0%} of the time (95%: {rate.low:.0%} to {rate.high:.0%}): "
        f"{failures} of {counted(attempts, 'attempt')} in {counted(len(history), 'run')}",
    )


def _broken(case_id: str, history: Sequence[Attempted], failed: int) -> Verdict:
    is_new = failed < len(history)
    return Verdict(
        kind=VerdictKind.BROKEN,
        severity=Severity.INFO,
        case=case_id,
        measured=float(failed),
        limit=0.0,
        unit="runs",
        since=since_run([attempted.run for attempted in history[:-1]], len(history) - failed) if is_new else None,
        reason=f"failed in each of the last {failed} runs{_passed_before(history[:-failed])}",
    )


def _passed_before(history: Sequence[Attempted]) -> str:
    passed = sum(run.passed for run in history)
    if not passed:
        return ""
    times = f"{passed} of the {len(history)}" if passed < len(history) else f"the {len(history)}"
    return f", passed in {times} before" if len(history) > 1 else ", passed in the run before"
