"""
The figure of a repeat that decides whether a verdict holds up.
"""

from collections.abc import Callable, Mapping

from paceline.analysis.machine_speed import need_of
from paceline.analysis.verdicts.budget import needed_seconds
from paceline.analysis.verdicts.count import count_of
from paceline.model import Case, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind


def _seconds(_verdict: Verdict, case: Case, repeat: Case) -> float | None:
    """
    What a repeat needed, with the machine taken out as it was from the first measurement.
    """
    first, again, normal = need_of(case), need_of(repeat), case.normalized_duration_seconds
    if first is None or again is None or normal is None:
        return None
    idle = first.seconds - first.cpu_seconds
    speed = (normal - idle) / first.cpu_seconds if first.cpu_seconds > 0 else 1.0
    return again.seconds - again.cpu_seconds + again.cpu_seconds * speed


def _count(verdict: Verdict, _case: Case, repeat: Case) -> float | None:
    return count_of(repeat, verdict.causes[0].measure) if verdict.causes else None


def _retained(_verdict: Verdict, _case: Case, repeat: Case) -> float | None:
    return repeat.usage.get(UsageKey.MEMORY_RETAINED_BYTES)


def _needed(_verdict: Verdict, _case: Case, repeat: Case) -> float | None:
    return needed_seconds(repeat)


FIGURES: Mapping[VerdictKind, Callable[[Verdict, Case, Case], float | None]] = {
    VerdictKind.REGRESSION: _seconds,
    VerdictKind.COUNT: _count,
    VerdictKind.BUDGET: _needed,
    VerdictKind.LEAK: _retained,
}
"""
By the kind of a verdict: the figure of a repeat, from the verdict, the case and the repeat; None where it is absent.
"""
