"""
The first line of a report: what is new, what stands, and whether times were compared at all.
"""

from collections import Counter
from collections.abc import Sequence

from paceline.analysis.comparability import compared_tests, why_not_compared
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.formatting import counted, duration
from paceline.model import Run
from paceline.translated_names import RunCount
from paceline.verdict_kinds import VerdictKind


def headline(run: Run, past: Past, rules: Rules) -> str:
    """
    The findings of a run by kind, the new ones first, and the size of the session.

    Args:
        run: the run, judged.
        past: what it was judged against.
        rules: by which thresholds.
    """
    tests = f"{counted(len(run.cases), 'test')} in a session of {duration(run.duration_seconds)}"
    if run.compared is None and run.counts.get(RunCount.INTERNAL_FAILURES):
        return f"not judged, because Paceline failed · {tests}"
    new = counted_kinds([verdict.kind for verdict in run.verdicts if not verdict.standing])
    still = counted_kinds([verdict.kind for verdict in run.verdicts if verdict.standing])
    found = [*(new or ["nothing new" if still else "all within budget"])]
    not_compared = why_not_compared(run, past, rules)
    if _is_counted(run):
        found.append("no times compared (calls were counted)")
    elif not_compared:
        found.append(f"{'no times' if past.runs else 'nothing'} compared ({not_compared})")
    elif not new and not still:
        found.append(f"nothing slower than usual{_share_compared(run, past, rules)}")
    stands = f"; still {', '.join(still)}" if still else ""
    return f"{', '.join(found)}{stands} · {tests}"


def _is_counted(run: Run) -> bool:
    """
    Whether the calls of nearly all tests were counted, so that no times are left to compare.
    """
    timed = any(case.duration_seconds is not None and not case.is_counted for case in run.cases)
    return run.work is not None and not timed


def counted_kinds(kinds: Sequence[VerdictKind]) -> list[str]:
    """
    How many there are of each kind, in the order of reports: `2 regressions`, `1 leak`.
    """
    found = Counter(kinds)
    parts = [counted(found.pop(kind), *kind.facts.nouns) for kind in VerdictKind if found[kind]]
    return parts + ([counted(found.total(), *next(iter(found)).facts.nouns)] if found else [])


def _share_compared(run: Run, past: Past, rules: Rules) -> str:
    compared = compared_tests(run, past, rules)
    timed = sum(case.normalized_duration_seconds is not None for case in run.cases)
    return f" ({compared:,} of {timed:,} tests compared)" if compared < timed else ""
