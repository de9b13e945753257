"""
Leak: a test that keeps memory, run after run.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest
from statistics import median

from paceline.analysis.judgement_rules import LeakRule
from paceline.formatting import size
from paceline.kit_results import LeakResult
from paceline.model import Case, Severity, Verdict
from paceline.verdict_kinds import VerdictKind

# An allocator keeps some of the memory that a test used for a moment. The rules in Prometheus have the same share.
SHARE_OF_PEAK = 0.05
# A repeat that keeps less than this share of the memory of the first measurement is of another kind: that was garbage,
# or a cache that was filled.
_SHARE_OF_CLAIM = 0.25
# Where each repeat keeps less than the one before, the last one has to keep less than these shares of the first and of
# the one before: an allocator may keep more in the first.
_FALLING, _STILL_FALLING = 0.75, 0.9
_MEBIBYTE = 1 << 20


def judge_leak(
    case_id: str, retained: Sequence[float], imported: Sequence[float], peak: float, rule: LeakRule
) -> Verdict | None:
    """
    Whether a test kept memory in each of the last runs without importing modules (which stay for good reason).

    A verdict on a test that kept less in between is for information, unless repeats confirm it.

    Args:
        case_id: the test.
        retained: bytes kept by each run, oldest first, this run's last.
        imported: modules imported by the same runs.
        peak: the highest memory of this run's call above its start.
        rule: the thresholds.
    """
    floor = rule.floor_mb * _MEBIBYTE
    limit = max(floor, SHARE_OF_PEAK * peak)
    recent = retained[-rule.min_runs :]
    if len(recent) < rule.min_runs or min(recent) < floor or recent[-1] < limit or any(imported[-rule.min_runs :]):
        return None
    kept = next((n for n, value in enumerate(reversed(retained)) if value < floor), len(retained))
    return Verdict(
        kind=VerdictKind.LEAK,
        severity=Severity.INFO if max(retained[:-kept], default=0.0) >= floor else Severity.WARNING,
        case=case_id,
        measured=retained[-1],
        limit=limit,
        unit="bytes",
        factor=retained[-1] / limit,
        reason=f"kept {size(retained[-1])} after its teardown, as in each of the last {kept} runs "
        f"(median {size(median(retained[-kept:]))})",
    )


def judge_leak_tests(case: Case) -> Iterator[Verdict]:
    """
    One verdict for each leak test of a case that found a leak.
    """
    for result in case.results:
        if isinstance(result, LeakResult) and result.leak_detected:
            yield Verdict(
                kind=VerdictKind.LEAK,
                severity=Severity.WARNING,
                case=case.id,
                measure=result.named("resources"),
                measured=max(result.bytes_per_call, 0.0),
                limit=0.0,
                unit="bytes",
                reason=result.summary(),
            )


def is_leak_again(verdict: Verdict, repeats: Sequence[float]) -> bool:
    """
    Whether the repeats of a test kept memory as well: each a good part of the first measurement, and not less and less.

    Args:
        verdict: that the test leaks.
        repeats: bytes kept by each repeat, in order.
    """
    least = max(verdict.limit or 0.0, _SHARE_OF_CLAIM * (verdict.measured or 0.0))
    return min(repeats) >= least and not is_falling(repeats)


def kept_in_a_row(process: Sequence[float], objects: Sequence[float], grown: float) -> list[float]:
    """
    The bytes that each of some repeats in a row keeps: by its objects, or by the process if that is more.

    An allocator may give memory back after each repeat and take it again in the next one, so that each seems to keep
    it. Such a process does not grow over all repeats: each keeps its share of that growth.

    Args:
        process: bytes by which the process grew in each repeat.
        objects: bytes of the Python objects that each of as many other repeats left, or of fewer.
        grown: bytes by which the process grew from before the first to after the last repeat.
    """
    total = sum(process)
    share = min(max(grown, 0.0) / total, 1.0) if total > 0 else 0.0
    return [max(one * share, left) for one, left in zip_longest(process, objects[: len(process)], fillvalue=0.0)]


def is_falling(repeats: Sequence[float]) -> bool:
    """
    Whether a test warms up: each of its repeats keeps less memory than the one before, until little is left.
    """
    is_less = all(after < before for before, after in pairwise(repeats))
    return is_less and repeats[-1] < _FALLING * repeats[0] and repeats[-1] < _STILL_FALLING * repeats[-2:][0]
