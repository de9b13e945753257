"""
The verdicts of a run in words: what, since when, why, and what to do.
"""

from collections.abc import Iterator, Sequence
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from paceline import formatting
from paceline.analysis.absent_counts import with_absent_counts
from paceline.analysis.ignored_queries import setting_for
from paceline.analysis.past import DURATION, EVERY_TEST, MEASURES, NORMALIZED, OUTCOME, Needed, Past
from paceline.analysis.verdicts.repeated_queries import reason_in_test
from paceline.model import Case, Cause, Run, Severity, Verdict
from paceline.quantity import Unit
from paceline.report import words
from paceline.translated_names import BudgetSource
from paceline.verdict_kinds import VerdictKind

# The first cause of these kinds is what their reason says.
_TOLD_BY_REASON = frozenset({VerdictKind.COUNT, VerdictKind.WORK, VerdictKind.LESS_WORK})
_OF_MEASURE = "Bring the measure within its limit, or change the limit in the test."
_OF_LIMIT = "Reduce what the test uses, or change its limit."
_OF_OWN_BUDGET = "Make the test faster, or raise the budget in its performance marker."
_OF_DATABASE_TEST = "Load the related rows in the first query, or pass check_n_plus_one=False to the database test."
# How far back a sparkline looks.
_SHOWN_RUNS = 20
# Shares are measured, so that those of a whole may be a little more.
_WHOLE = 1.05


class Finding(Struct, frozen=True, kw_only=True):
    """
    One verdict in words. `more` counts verdicts of the same kind on other parameters of the same test. A finding is
    `standing` where the last run of the test had the same one. A budget that is not `is_of_time` is a limit on another
    quantity. `added_seconds` is the time beyond the limit, infinite for the whole suite, 0 of a verdict on no time.
    A finding that is not on a test (`is_test`) is on a file, a fixture, a function or the suite, named by `case`.
    `example` is a line for the settings that the advice speaks of.
    """

    kind: VerdictKind
    severity: Severity
    case: str
    reason: str
    since: str
    why: str
    advice: str
    values: tuple[float, ...]
    more: int = 0
    standing: bool = False
    is_of_time: bool = True
    added_seconds: float = 0.0
    is_test: bool = True
    example: str = ""


def needed_to_show(run: Run) -> Needed:
    """
    The measures of the past that a report shows beside those of every test.
    """
    shown = [(_shown_measure(verdict), verdict.case) for verdict in run.verdicts if verdict.case is not None]
    others = [(measure, case) for measure, case in shown if measure not in EVERY_TEST.measures]
    return Needed(tuple(dict.fromkeys(measure for measure, _ in others)), tuple({case: None for _, case in others}))


def findings_of(run: Run, past: Past) -> Iterator[Finding]:
    """
    The verdicts of a run in words, one for all parameters of a test.

    Args:
        run: the run, judged.
        past: what it was judged against.
    """
    past = with_absent_counts(past)
    cases = {case.id: case for case in run.cases}
    families: dict[tuple[VerdictKind, str, str, bool], list[Verdict]] = {}
    for verdict in run.verdicts:
        case = cases.get(verdict.case or "")
        family = case.family if case else verdict.subject
        about = verdict.measure or (verdict.unit if verdict.kind is VerdictKind.BUDGET else "")
        families.setdefault((verdict.kind, about, family, verdict.standing), []).append(verdict)
    # One change makes all parameters of a test slower: the worst stands for them.
    for worst, *others in families.values():
        yield _finding(worst, cases.get(worst.case or ""), run.branch, past, more=len(others))


def _finding(verdict: Verdict, measured: Case | None, branch: str, past: Past, more: int) -> Finding:
    return Finding(
        kind=verdict.kind,
        severity=verdict.severity,
        case=verdict.subject,
        reason=verdict.reason,
        since=_since(verdict, branch, past),
        why="; ".join(map(words.cause, _with_shares_of_a_whole(_told_causes(verdict)))),
        advice=_advice(verdict, measured),
        values=_values(verdict, measured, past),
        more=more,
        standing=verdict.standing,
        is_of_time=_is_of_time(verdict),
        added_seconds=_added_seconds(verdict),
        is_test=verdict.case is not None,
        example=_example(verdict, measured),
    )


def _added_seconds(verdict: Verdict) -> float:
    if verdict.kind is VerdictKind.SUITE_REGRESSION:
        return inf
    if not _is_of_time(verdict) or verdict.measured is None:
        return 0.0
    return max(verdict.measured - (verdict.limit or 0.0), 0.0)


def _told_causes(verdict: Verdict) -> tuple[Cause, ...]:
    return verdict.causes[1:] if verdict.kind in _TOLD_BY_REASON else verdict.causes


def _with_shares_of_a_whole(causes: Sequence[Cause]) -> Iterator[Cause]:
    """
    The causes without shares that overlap those before: time on the network is CPU time or waiting as well.
    """
    told = 0.0
    for cause in causes:
        told += cause.share or 0.0
        yield cause if told <= _WHOLE else replace(cause, share=None)


def _advice(verdict: Verdict, case: Case | None) -> str:
    if verdict.kind is VerdictKind.REPEATED_QUERIES and verdict.measure:
        return _OF_DATABASE_TEST
    of_cause = words.advice(verdict.causes[0]) if verdict.causes and verdict.kind.facts.is_explained else ""
    if of_cause or verdict.kind is not VerdictKind.BUDGET:
        return of_cause or verdict.kind.facts.advice
    if verdict.measure:
        return _OF_MEASURE
    if not _is_of_time(verdict):
        return _OF_LIMIT
    has_own = case is not None and case.budget_source is BudgetSource.MARKER
    return _OF_OWN_BUDGET if has_own else verdict.kind.facts.advice


def _example(verdict: Verdict, case: Case | None) -> str:
    """
    The setting that ignores the queries of a verdict; "" for other verdicts.
    """
    if verdict.kind is not VerdictKind.REPEATED_QUERIES or verdict.measure or case is None:
        return ""
    tests = len(verdict.tests) or 1
    groups = (group for group in case.queries if reason_in_test(case, group, tests) == verdict.reason)
    return next(map(setting_for, groups), "")


def _is_of_time(verdict: Verdict) -> bool:
    return not verdict.measure and verdict.unit in {"", Unit.SECONDS}


def _since(verdict: Verdict, branch: str, past: Past) -> str:
    since = verdict.since
    if since is None and verdict.standing:
        return "as in the last run of the test"
    if since is None and not past.runs:
        return ""
    if since is None and verdict.kind.facts.is_new_by_default:
        elsewhere = {run.branch for run in past.runs} - {branch}
        return f"not on {', '.join(sorted(elsewhere))}" if elsewhere else "new in this run"
    if since is None:
        return ""
    commit = formatting.of_commit(since.commit, dirty=since.dirty)
    return f"since run {since.run_id}{commit}, {formatting.counted(since.runs_ago, 'run')} ago"


def _shown_measure(verdict: Verdict) -> str:
    if verdict.measure:
        return MEASURES + verdict.measure
    if verdict.kind is VerdictKind.COUNT and verdict.causes:
        return verdict.causes[0].measure
    return verdict.kind.facts.shown


def _values(verdict: Verdict, case: Case | None, past: Past) -> tuple[float, ...]:
    if case is None:
        return ()
    measure = _shown_measure(verdict)
    if verdict.kind is VerdictKind.BUDGET and not verdict.measure and not _is_of_time(verdict):
        return ()
    before = past.series(measure, case.id).values
    if measure == OUTCOME:
        outcomes = (*before, float(case.outcome.is_pass))
        return tuple(1.0 - passed for passed in outcomes[-_SHOWN_RUNS:])
    if verdict.kind is VerdictKind.COUNT and verdict.causes:
        return (*before[-_SHOWN_RUNS:], verdict.causes[0].after)
    now = {
        DURATION: case.duration_seconds,
        NORMALIZED: case.normalized_duration_seconds,
        **case.usage,
        **{MEASURES + name: one.value for name, one in case.measures.items()},
    }.get(measure)
    # A chart that ends before this run would contradict the finding.
    return () if now is None else (*before[-_SHOWN_RUNS:], now)
