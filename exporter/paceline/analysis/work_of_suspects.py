"""
The calls and loops of tests that look slower, counted when these were measured again: did the work grow with the time?
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from paceline.analysis.cause import IDLE
from paceline.analysis.judgement_rules import WorkRule
from paceline.analysis.past import Needed, Past, Series
from paceline.analysis.suspects import tests_of
from paceline.analysis.verdicts.work import OF_WORK, is_more, work_level
from paceline.analysis.work_findings import shown_function
from paceline.formatting import counted
from paceline.model import Case, Cause, Run, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

_OF_TIME = frozenset({VerdictKind.REGRESSION, VerdictKind.FILE_REGRESSION})
# A part of the time that explains this share of what was added explains most of it.
_MOST = 0.5
# Fewer rounds take no time that is worth a word, where it is not known how many there were.
_MANY_ROUNDS = 1_000


class Loops(NamedTuple):
    """
    Rounds of the loops of a test in a repeat; those in earlier repeats, where they are known; the function with most.
    """

    now: int
    before: float | None
    most: str

    def is_more(self, rule: WorkRule) -> bool:
        return self.before is not None and is_more(self.now, self.before, rule)


def needed_for_suspects(run: Run) -> Needed:
    """
    The measures of the past that `with_work_of_suspects` compares with a run.
    """
    return Needed(OF_WORK, tuple(dict.fromkeys(_slower_tests(run))))


def _slower_tests(run: Run) -> Iterator[str]:
    for verdict in run.verdicts:
        if verdict.kind in _OF_TIME:
            yield from tests_of(verdict)


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
    loops = {case.id: known for case in run.cases if (known := _loops_of(case, run, past, rule)) is not None}
    if not found and not loops:
        return run
    judged = {verdict.case for verdict in run.verdicts if verdict.kind is VerdictKind.WORK}
    slower = set(_slower_tests(run))
    verdicts = [
        _explained(verdict, found.get(verdict.case or ""), loops.get(verdict.case or ""), rule)
        for verdict in run.verdicts
    ]
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


def _loops_of(case: Case, run: Run, past: Past, rule: WorkRule) -> Loops | None:
    """
    The loops in the repeat; None where they were not counted.
    """
    rounds = case.usage.get(UsageKey.REPEAT_LOOPS)
    if rounds is None or run.work is None:
        return None
    functions = {function.name: function for function in run.work.functions}
    most = next((shown_function(name, functions) for name in run.work.loops.get(case.id, ())), "")
    return Loops(int(rounds), _usual(rounds, past.series(UsageKey.REPEAT_LOOPS, case.id), rule), most)


def _explained(verdict: Verdict, calls: Cause | None, loops: Loops | None, rule: WorkRule) -> Verdict:
    if verdict.kind is not VerdictKind.REGRESSION:
        return verdict
    if calls is not None and is_more(calls.after, calls.before, rule):
        return replace(verdict, causes=(replace(calls, measure=UsageKey.CALLS), *verdict.causes))
    facts = [verdict.reason]
    if loops is not None and loops.is_more(rule):
        before = int(loops.before or 0)
        facts.append(f"its loops have more iterations ({before:,} → {loops.now:,}), most in {loops.most}")
    elif calls is not None:
        rounds = f", {loops.now:,} loop iterations" if loops is not None and loops.before is not None else ""
        facts.append(f"not more work ({counted(int(calls.after), 'call')}{rounds}): {_ruled_out(verdict)}")
    if loops is not None and loops.before is None and loops.now >= _MANY_ROUNDS:
        facts.append(f"its loops had {loops.now:,} iterations, most in {loops.most}")
    return replace(verdict, reason="; ".join(facts))


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
