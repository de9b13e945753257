"""
Work: more calls of the project's functions than in the runs before, judged exactly.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from paceline.analysis.judgement_rules import WorkRule
from paceline.analysis.past import Needed, Past, PastRun, past_run
from paceline.analysis.verdicts.change_point import since_run
from paceline.formatting import counted, short_commit
from paceline.model import Case, Cause, Run, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

OF_WORK = (
    UsageKey.CALLS,
    UsageKey.CALLS_FINGERPRINT,
    UsageKey.REPEAT_CALLS,
    UsageKey.REPEAT_CALLS_FINGERPRINT,
    UsageKey.REPEAT_LOOPS,
)
"""
The measures of the past that work is judged and explained by.
"""
# From so many counts on, one that varies is judged by its range.
_RUNS_OF_A_RANGE = 8
# Calls that keep a level for fewer runs than these on the average vary.
_RUNS_OF_A_LEVEL = 3


class WorkLevel(NamedTuple):
    """
    What the calls of a test were, from `low` to `high`, in so many runs on end, and the place in the series of the
    first run after them. `base_commit` is the commit of these runs if they are all that is known.
    """

    low: float
    high: float
    runs: int
    end: int
    is_range: bool = False
    base_commit: str = ""


class WorkComparison(NamedTuple):
    """
    Verdicts on the calls of tests, how many tests were compared, and how many vary too much for that.
    """

    verdicts: Sequence[Verdict]
    compared: int
    varying: int


def needed_for_work(cases: Iterable[Case]) -> Needed:
    """
    The measures of the past that `judge_work` compares with these cases.
    """
    return Needed((UsageKey.CALLS, UsageKey.CALLS_FINGERPRINT), tuple(case.id for case in cases if case.is_counted))


def judge_work(run: Run, past: Past, rule: WorkRule) -> WorkComparison:
    """
    Judge the calls of each test that was counted.

    Args:
        run: the run.
        past: its earlier runs.
        rule: the thresholds.
    """
    now = past_run(run)
    verdicts: list[Verdict] = []
    compared = varying = 0
    for case in run.cases:
        if not case.is_counted or not case.outcome.is_pass:
            continue
        series, value = past.series(UsageKey.CALLS, case.id), case.usage[UsageKey.CALLS]
        earlier = [past.runs[position] for position in series.runs]
        level = work_level(value, series.values, rule)
        level = level or _base_level(value, series.values, earlier, run.base_commits, rule)
        if level is None:
            varying += len(series.values) >= rule.min_runs
            continue
        compared += 1
        if not _is_of_same_code(value, series.values, earlier, now, rule):
            verdicts += _judge(case.id, value, level, earlier, rule)
    return WorkComparison(verdicts, compared, varying)


def is_more(value: float, other: float, rule: WorkRule) -> bool:
    """
    Whether calls are more than others by more than the rule allows.
    """
    return value - other > max(rule.floor, (rule.ratio - 1) * other)


def differs(value: float, other: float, rule: WorkRule) -> bool:
    """
    Whether calls are more or fewer than others by more than the rule allows.
    """
    return is_more(value, other, rule) or is_more(other, value, rule)


def work_level(value: float, earlier: Sequence[float], rule: WorkRule) -> WorkLevel | None:
    """
    The level that the calls of a test are compared with: the last runs that agree among themselves, before a rise or a
    fall to what they are now. None where there are too few such runs, or the calls vary.

    A rise that has lasted for as many runs as the level before it is the new level.

    Args:
        value: the calls in this run.
        earlier: those of earlier runs, oldest first.
        rule: the thresholds.
    """
    if not earlier or _varies(earlier, rule):
        return _range(earlier)
    as_now = next((runs for runs, one in enumerate(reversed(earlier)) if differs(one, value, rule)), len(earlier))
    before = earlier[: len(earlier) - as_now]
    level = _last_level(before, rule) if before else None
    is_seen = any(not differs(one, value, rule) for one in before)
    if level is not None and level.runs >= max(rule.min_runs, as_now + 1) and not is_seen:
        return level
    return _last_level(earlier, rule) if as_now >= rule.min_runs else _range(earlier)


def _varies(earlier: Sequence[float], rule: WorkRule) -> bool:
    """
    Whether calls change too often to be the work of changed code.
    """
    changes = sum(differs(one, other, rule) for one, other in pairwise(earlier))
    return changes > len(earlier) / _RUNS_OF_A_LEVEL


def _range(earlier: Sequence[float]) -> WorkLevel | None:
    """
    The range of calls that vary, and as much again on both sides; None for too few runs.
    """
    if len(earlier) < _RUNS_OF_A_RANGE:
        return None
    low, high = min(earlier), max(earlier)
    return WorkLevel(2 * low - high, 2 * high - low, len(earlier), len(earlier), is_range=True)


def _last_level(earlier: Sequence[float], rule: WorkRule) -> WorkLevel:
    """
    The longest row of runs up to the last one that agree among themselves.
    """
    low = high = earlier[-1]
    runs = 0
    for value in reversed(earlier):
        if is_more(max(high, value), min(low, value), rule):
            break
        low, high, runs = min(low, value), max(high, value), runs + 1
    return WorkLevel(low, high, runs, len(earlier))


def _base_level(
    value: float, values: Sequence[float], earlier: Sequence[PastRun], base_commits: Collection[str], rule: WorkRule
) -> WorkLevel | None:
    """
    The calls at the newest base commit that was counted: one run is enough, as all that differs from it is the change.

    None where the calls vary, and where an earlier run had what they are now.
    """
    clean = [place for place, run in enumerate(earlier) if run.is_clean(*base_commits)]
    if not clean or _varies(values, rule):
        return None
    last = clean[-1]
    if any(not differs(one, value, rule) for one in values) and differs(values[last], value, rule):
        return None
    return WorkLevel(values[last], values[last], 1, len(values), base_commit=earlier[last].commit)


def _is_of_same_code(
    value: float, values: Sequence[float], earlier: Sequence[PastRun], now: PastRun, rule: WorkRule
) -> bool:
    """
    Whether the calls were others at the very commit of this run: then it is not the code that changes them.
    """
    if not now.commit or now.dirty:
        return False
    return any(
        run.is_clean(now.commit) and differs(before, value, rule) for run, before in zip(earlier, values, strict=True)
    )


def _judge(
    case_id: str, value: float, level: WorkLevel, earlier: Sequence[PastRun], rule: WorkRule
) -> Iterable[Verdict]:
    if is_more(value, level.high, rule):
        yield _verdict(VerdictKind.WORK, case_id, value, level, earlier)
    elif is_more(level.low, value, rule) and not level.is_range:
        yield _verdict(VerdictKind.LESS_WORK, case_id, value, level, earlier)


def _verdict(kind: VerdictKind, case_id: str, value: float, level: WorkLevel, earlier: Sequence[PastRun]) -> Verdict:
    since = since_run(earlier, level.end)
    usual = level.high if kind is VerdictKind.WORK else level.low
    when = "the last" if since is None else "the"
    runs = f"{when} {counted(level.runs, 'run')}{'' if since is None else ' before'} that counted"
    if level.base_commit:
        runs = f"the run of the base commit {short_commit(level.base_commit)}"
    return Verdict(
        kind=kind,
        severity=Severity.WARNING if kind is VerdictKind.WORK else Severity.INFO,
        case=case_id,
        measured=value,
        limit=usual,
        unit="calls",
        factor=value / usual if usual > 0 else None,
        causes=(Cause(measure=UsageKey.CALLS, before=usual, after=value),),
        since=since,
        standing=since is not None,
        base_commit=level.base_commit,
        reason=f"{counted(int(value), 'call')} of the project's functions, was {usual:,.0f} in {runs}",
    )
