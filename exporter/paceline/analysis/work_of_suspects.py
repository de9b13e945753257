"""
The calls of tests that look slower, counted when they were measured again: did their work grow with their time?
"""

from collections.abc import Mapping

from msgspec.structs import replace

from paceline.analysis.cause import IDLE
from paceline.analysis.judgement_rules import WorkRule
from paceline.analysis.past import Needed, Past, Series
from paceline.analysis.verdicts.work import OF_WORK, is_more, work_level
from paceline.formatting import counted
from paceline.model import Case, Cause, Run, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

_OF_TIME = frozenset({VerdictKind.REGRESSION, VerdictKind.FILE_REGRESSION})
# A part of the time that explains this share of what was added explains most of it.
_MOST = 0.5


def needed_for_suspects(run: Run) -> Needed:
    """
    The measures of the past that `with_work_of_suspects` compares with a run.
    """
    tests = (verdict.tests or (verdict.case,) for verdict in run.verdicts if verdict.kind in _OF_TIME)
    return Needed(OF_WORK, tuple(dict.fromkeys(test for some in tests for test in some if test)))


def with_work_of_suspects(run: Run, past: Past, rule: WorkRule) -> Run:
    """
    Say of each slower test whether it calls more than before, and give those that do a verdict on their work.

    A repeat finds caches filled, and so calls no more than the first run of a test in a process: it is compared with
    earlier repeats, and where there are none with first runs.

    Args:
        run: the run, with what its repeats found.
        past: its earlier runs, with the measures of `needed_for_suspects`.
        rule: the thresholds.
    """
    cases = {case.id: case for case in run.cases}
    found = {case.id: cause for case in run.cases if (cause := _calls_of(case, past, rule)) is not None}
    if not found:
        return run
    judged = {verdict.case for verdict in run.verdicts if verdict.kind is VerdictKind.WORK}
    slower = {test for verdict in run.verdicts if verdict.kind in _OF_TIME for test in verdict.tests or (verdict.case,)}
    verdicts = [_explained(verdict, found.get(verdict.case or ""), rule) for verdict in run.verdicts]
    more = (
        _verdict(cases[test], cause)
        for test, cause in found.items()
        if test in slower - judged and is_more(cause.after, cause.before, rule)
    )
    return replace(run, verdicts=(*verdicts, *more))


def _calls_of(case: Case, past: Past, rule: WorkRule) -> Cause | None:
    """
    The calls before and in the repeat; None where no earlier run counted the test.
    """
    if UsageKey.REPEAT_CALLS not in case.usage:
        return None
    now = case.usage[UsageKey.REPEAT_CALLS]
    for measure in (UsageKey.REPEAT_CALLS, UsageKey.CALLS):
        usual = _usual(now, past.series(measure, case.id), rule)
        if usual is not None:
            return Cause(measure=measure, before=usual, after=now)
    return None


def _usual(now: float, series: Series, rule: WorkRule) -> float | None:
    level = work_level(now, series.values, rule)
    if level is not None:
        return level.high
    return max(series.values) if series.values else None


def _explained(verdict: Verdict, calls: Cause | None, rule: WorkRule) -> Verdict:
    if calls is None or verdict.kind is not VerdictKind.REGRESSION:
        return verdict
    if is_more(calls.after, calls.before, rule):
        return replace(verdict, causes=(replace(calls, measure=UsageKey.CALLS), *verdict.causes))
    number = counted(int(calls.after), "call")
    return replace(verdict, reason=f"{verdict.reason}; not more work ({number}): {_ruled_out(verdict)}")


def _ruled_out(verdict: Verdict) -> str:
    """
    What a test that is slower with no more calls may do, and what it does not.
    """
    shares: Mapping[str, float] = {cause.measure: cause.share or 0.0 for cause in verdict.causes}
    if shares.get(IDLE, 0.0) >= _MOST:
        return "it waits longer"
    if shares.get(UsageKey.CPU_SECONDS, 0.0) >= _MOST:
        return "it does not wait longer; compiled code, larger data or the machine"
    return "waiting, compiled code, larger data or the machine"


def _verdict(case: Case, calls: Cause) -> Verdict:
    return Verdict(
        kind=VerdictKind.WORK,
        severity=Severity.WARNING,
        case=case.id,
        measured=calls.after,
        limit=calls.before,
        unit="calls",
        factor=calls.after / calls.before if calls.before else None,
        causes=(calls,),
        reason=f"{counted(int(calls.after), 'call')} of the project's functions in a repeat, was {calls.before:,.0f}",
    )
