"""
Explanation: the causes of the verdicts on a judged run.

Judging and explaining are two steps, as causes need many more measures of the past, but only of a few tests.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from paceline.analysis.absent_counts import with_absent_counts
from paceline.analysis.cause import causes_of, compared_measures
from paceline.analysis.past import NORMALIZED, Needed, Past
from paceline.analysis.verdicts.trend import ENDS
from paceline.model import Case, Run, Verdict
from paceline.verdict_kinds import VerdictKind


def needed_to_explain(run: Run) -> Needed:
    """
    The measures of the past that `explain` compares with a run.

    Args:
        run: the run, with verdicts.
    """
    cases = list(_explained_cases(run))
    measures = dict.fromkeys(measure for case in cases for measure in compared_measures(case))
    return Needed(tuple(measures), tuple(case.id for case in cases))


def explain(run: Run, past: Past) -> Run:
    """
    Add the causes to the verdicts on times.

    Args:
        run: the run, with verdicts.
        past: the runs that it was judged against, with the measures of `needed_to_explain`.
    """
    cases = {case.id: case for case in _explained_cases(run)}
    if not cases:
        return run
    past = with_absent_counts(past)
    return replace(run, verdicts=tuple(_explained(verdict, cases, past) for verdict in run.verdicts))


def _explained_cases(run: Run) -> Iterator[Case]:
    tests = {verdict.case for verdict in run.verdicts if verdict.kind.facts.is_explained}
    return (case for case in run.cases if case.id in tests) if tests else iter(())


def _explained(verdict: Verdict, cases: "dict[str, Case]", past: Past) -> Verdict:
    case = cases.get(verdict.case or "")
    if case is None or not verdict.kind.facts.is_explained:
        return verdict
    return replace(verdict, causes=causes_of(case, past, _first_slow(verdict, past)))


def _first_slow(verdict: Verdict, past: Past) -> int | None:
    """
    The position of the first past run that was slow already; None where this run is the first.
    """
    runs = past.series(NORMALIZED, verdict.case or "").runs
    if verdict.kind is VerdictKind.TREND:
        return runs[(len(runs) + 1) // ENDS]
    return runs[-verdict.since.runs_ago] if verdict.since is not None else None
