"""
Counts: more queries, requests or calls than ever, judged exactly.

A count is a figure whose unit, or where it has none whose name, ends in a noun for work that is done one by one. More
of it is worse, which the constancy of a figure alone does not tell: a score may be constant too.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import NamedTuple

from paceline.analysis.change_point import since_run
from paceline.analysis.past import MEASURES, Past, PastRun, Series
from paceline.analysis.rules import CountRule
from paceline.model import Case, Cause, Severity, UsageKey, Verdict, VerdictKind
from paceline.units import counted

# Work that is counted: many, and one of it.
_NOUNS: Mapping[str, str] = {
    "allocations": "allocation",
    "calls": "call",
    "connections": "connection",
    "lookups": "lookup",
    "messages": "message",
    "misses": "miss",
    "operations": "operation",
    "packets": "packet",
    "pages": "page",
    "queries": "query",
    "requests": "request",
    "retries": "retry",
    "round trips": "round trip",
    "rows": "row",
    "statements": "statement",
    "transactions": "transaction",
}


class Level(NamedTuple):
    """
    A count that was the same in so many runs on end, and the place in the series of the first run after them.
    """

    value: float
    runs: int
    end: int


class Figure(NamedTuple):
    """
    A count of a case: its column in the past, its value, and its unit where it has one.
    """

    column: str
    value: float
    unit: str = ""


@cache
def is_count(name: str) -> bool:
    """
    Whether a unit, or the name of a figure, says that it counts work.
    """
    return any(f" {name}".replace("_", " ").endswith(f" {noun}") for noun in _NOUNS)


_USAGE = frozenset(key for key in UsageKey if is_count(key))


def counts_of(case: Case, rule: CountRule) -> list[Figure]:
    """
    The figures of a case that count work.
    """
    reported = [
        Figure(MEASURES + name, measure.value, measure.unit)
        for name, measure in case.measures.items()
        if is_count(measure.unit or name) or name in rule.measures
    ]
    return reported + [Figure(key, value) for key, value in case.usage.items() if key in _USAGE]


def judge_counts(case: Case, now: PastRun, past: Past, rule: CountRule) -> Verdict | None:
    """
    Whether a test did more work than ever; the count that grew most stands for all. The causes are all of them.

    Args:
        case: the test in this run.
        now: this run.
        past: its earlier runs.
        rule: the thresholds.
    """
    if not case.outcome.is_pass or not (case.measures or _USAGE):
        return None
    found = []
    for figure in counts_of(case, rule):
        series = past.series(figure.column, case.id)
        level = usual_count(figure.value, series.values, rule)
        if level is not None and not _is_same_code(now, series, level, past.runs):
            found.append((figure, series, level))
    if not found:
        return None
    found.sort(key=lambda one: (-_growth(one[0].value, one[2].value), one[0].column))
    causes = tuple(Cause(measure=figure.column, before=level.value, after=figure.value) for figure, _, level in found)
    return _verdict(case.id, found[0], past.runs, causes)


def usual_count(value: float, earlier: Sequence[float], rule: CountRule) -> Level | None:
    """
    What a count was, without exception, before it rose to what it is now; None where it did not rise, or varied.

    It has to be higher now than in each run up to the rise, and to have been higher for fewer runs than it was not:
    later it is what is usual.

    Args:
        value: the count in this run.
        earlier: those of earlier runs, oldest first.
        rule: the thresholds.
    """
    if not earlier or value <= min(earlier) or value % 1:
        return None
    end = len(earlier)
    for before, group in groupby(reversed(earlier)):
        runs = len(list(group))
        rose = min([value, *earlier[end:]]) > before
        if rose and runs >= rule.min_runs and runs > len(earlier) - end:
            return Level(before, runs, end) if value > max(earlier[:end]) and not before % 1 else None
        end -= runs
    return None


def _is_same_code(now: PastRun, series: Series, level: Level, runs: Sequence[PastRun]) -> bool:
    """
    Whether the count was lower at the commit of this very run: then it is not the code that moves it.
    """
    if not now.commit or now.dirty:
        return False
    before = (runs[position] for position in series.runs[level.end - level.runs : level.end])
    return any(run.commit == now.commit and not run.dirty for run in before)


def _growth(after: float, before: float) -> float:
    return after / before if before > 0 else float("inf")


def _verdict(
    case_id: str, worst: tuple[Figure, Series, Level], runs: Sequence[PastRun], causes: tuple[Cause, ...]
) -> Verdict:
    figure, series, level = worst
    since = since_run([runs[position] for position in series.runs], level.end)
    until = "in each of the last" if since is None else "in each of the"
    before = "" if since is None else " before"
    return Verdict(
        kind=VerdictKind.COUNT,
        severity=Severity.WARNING,
        case=case_id,
        measured=figure.value,
        limit=level.value,
        unit=figure.unit or "count",
        factor=figure.value / level.value if level.value > 0 else None,
        causes=causes,
        since=since,
        reason=f"{_named(figure)}, was {level.value:,.0f} {until} {counted(level.runs, 'run')}{before}",
    )


def _named(figure: Figure) -> str:
    """
    The count with its noun: `101 db queries`, `1 query`, `3 queries (sql)`.
    """
    name = figure.column.removeprefix(MEASURES)
    many = (name if name.endswith(figure.unit) else figure.unit).replace("_", " ")
    noun = next((noun for noun in _NOUNS if many.endswith(noun)), "")
    one = many.removesuffix(noun) + _NOUNS[noun] if noun else many
    text = counted(int(figure.value), one, many)
    return text if name.endswith(figure.unit) else f"{text} ({name})"
