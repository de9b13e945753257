"""
Counts: more queries, requests or calls than ever, judged exactly.

A count is a figure whose unit, or where it has none whose name, ends in a noun for work that is done one by one. More
of it is worse, which the constancy of a figure alone does not tell: a score may be constant too.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from math import inf
from typing import NamedTuple

from msgspec.structs import replace

from paceline.analysis.judgement_rules import CountRule
from paceline.analysis.origin_of_count import origin_of
from paceline.analysis.past import MEASURES, Needed, Past, PastRun
from paceline.analysis.verdicts.change_point import since_run
from paceline.formatting import counted, size
from paceline.model import Case, Cause, Severity, Verdict
from paceline.quantity import CauseRole
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

# Work that is counted: many, and one of it.
NOUNS: Mapping[str, str] = {
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
UNITS_OF_COUNTS = f"(.*[ _])?({'|'.join(NOUNS)})"
"""
What a unit of a count matches, as a regular expression for the whole of it.
"""
NAMES_OF_COUNTS = f"(.*_)?({'|'.join(NOUNS).replace(' ', '_')})"
"""
What the name of a count without a unit matches.
"""


class UsualCount(NamedTuple):
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


class Rise(NamedTuple):
    """
    A count that rose above its level, and the earlier runs of the test.
    """

    figure: Figure
    level: UsualCount
    earlier: Sequence[PastRun]

    @property
    def factor(self) -> float | None:
        return self.figure.value / self.level.value if self.level.value > 0 else None

    def cause(self, case: Case) -> Cause:
        column, before, after = self.figure.column, self.level.value, self.figure.value
        return Cause(measure=column, before=before, after=after, origin=origin_of(case, column, after))

    def is_of_same_code(self, now: PastRun) -> bool:
        """
        Whether the count was lower at the very commit of this run: then it is not the code that moves it.
        """
        before = self.earlier[self.level.end - self.level.runs : self.level.end]
        is_known = bool(now.commit) and not now.dirty
        return is_known and any(run.commit == now.commit and not run.dirty for run in before)


@cache
def is_count(name: str) -> bool:
    """
    Whether a unit, or the name of a figure, says that it counts work.
    """
    return any(f" {name}".replace("_", " ").endswith(f" {noun}") for noun in NOUNS)


# The keys of usage that count work, by their table.
WORK = frozenset(key for key in UsageKey if key.quantity.cause is CauseRole.WORK)
_WORDS: Mapping[str, str] = {key: key.quantity.words for key in WORK}


def counts_of(case: Case, rule: CountRule) -> list[Figure]:
    """
    The figures of a case that count work.
    """
    reported = [
        Figure(MEASURES + name, measure.value, measure.unit)
        for name, measure in case.measures.items()
        if (is_count(measure.unit or name) or name in rule.measures) and not measure.is_more_better
    ]
    return reported + [Figure(key, value) for key, value in case.usage.items() if key in WORK]


def count_of(case: Case, column: str) -> float:
    """
    A count of a case by its column in the past; 0 where it has none.
    """
    measure = case.measures.get(column.removeprefix(MEASURES)) if column.startswith(MEASURES) else None
    return measure.value if measure is not None else case.usage.get(column, 0.0)


def with_count(case: Case, column: str, value: float) -> Case:
    """
    The case with another value of a count.
    """
    if column.startswith(MEASURES):
        return case.with_measure(column.removeprefix(MEASURES), value)
    return replace(case, usage={**case.usage, UsageKey(column): value})


def needed_for_counts(cases: Iterable[Case], rule: CountRule) -> Needed:
    """
    The counts of the past that `judge_counts` compares with these cases.
    """
    counts = {case.id: counts_of(case, rule) for case in cases if case.outcome.is_pass}
    measures = dict.fromkeys(figure.column for figures in counts.values() for figure in figures)
    return Needed(tuple(measures), tuple(case_id for case_id, figures in counts.items() if figures))


def judge_counts(case: Case, now: PastRun, past: Past, rule: CountRule) -> Verdict | None:
    """
    Whether a test did more work than ever; the count that grew most stands for all. The causes are all of them.

    Args:
        case: the test in this run.
        now: this run.
        past: its earlier runs.
        rule: the thresholds.
    """
    if not case.outcome.is_pass or not (case.measures or WORK):
        return None
    found = (_rise(figure, case.id, past, rule) for figure in counts_of(case, rule))
    rises = [rise for rise in found if rise is not None and not rise.is_of_same_code(now)]
    rises.sort(key=lambda rise: (-(rise.factor or inf), rise.figure.column))
    return _verdict(case, rises) if rises else None


def _rise(figure: Figure, case_id: str, past: Past, rule: CountRule) -> Rise | None:
    series = past.series(figure.column, case_id)
    is_whole = figure.column not in WORK
    level = usual_count(figure.value, series.values, rule, is_whole=is_whole)
    return Rise(figure, level, [past.runs[position] for position in series.runs]) if level else None


def usual_count(value: float, earlier: Sequence[float], rule: CountRule, *, is_whole: bool = True) -> UsualCount | None:
    """
    What a count was, without exception, before it rose to what it is now; None where it did not rise, or varied.

    It has to be higher now than in each run up to the rise, and to have been higher for fewer runs than it was not:
    later it is what is usual.

    Args:
        value: the count in this run.
        earlier: those of earlier runs, oldest first.
        rule: the thresholds.
        is_whole: whether a count is a whole number. Else a figure is a count because its table says so.
    """
    if not earlier or value <= min(earlier) or (is_whole and value % 1):
        return None
    end, lowest = len(earlier), value
    for before, group in groupby(reversed(earlier)):
        runs = len(list(group))
        if before < lowest and runs >= rule.min_runs and runs > len(earlier) - end:
            is_rise = value > max(earlier[:end]) and not (is_whole and before % 1)
            return UsualCount(before, runs, end) if is_rise else None
        end, lowest = end - runs, min(lowest, before)
    return None


def _verdict(case: Case, rises: Sequence[Rise]) -> Verdict:
    worst, causes = rises[0], tuple(rise.cause(case) for rise in rises)
    since = since_run(worst.earlier, worst.level.end)
    runs = counted(worst.level.runs, "run")
    when = f"the last {runs}" if since is None else f"the {runs} before"
    return Verdict(
        kind=VerdictKind.COUNT,
        severity=Severity.WARNING,
        case=case.id,
        measured=worst.figure.value,
        limit=worst.level.value,
        unit=worst.figure.unit or "count",
        factor=worst.factor,
        causes=causes,
        since=since,
        reason=f"{_named(worst.figure)}, was {_shown(worst.figure, worst.level.value)} in each of {when}",
    )


def count_in_words(name: str, value: float, unit: str) -> str:
    """
    A count that a test reported, with its noun.
    """
    return _named(Figure(MEASURES + name, value, unit))


def _named(figure: Figure) -> str:
    """
    The count with its noun: `101 db queries`, `1 query`, `3 queries (sql)`.
    """
    name = _WORDS.get(figure.column, figure.column.removeprefix(MEASURES))
    many = (name if name.endswith(figure.unit) else figure.unit).replace("_", " ")
    noun = next((noun for noun in NOUNS if many.endswith(noun)), "")
    one = many.removesuffix(noun) + NOUNS[noun] if noun else many.removesuffix("s" if figure.column in WORK else "")
    text = f"{_shown(figure, figure.value)} {one if figure.value == 1 else many}"
    return text if name.endswith(figure.unit) else f"{text} ({name})"


def _shown(figure: Figure, value: float) -> str:
    if figure.column in WORK and figure.column.endswith("_bytes"):
        return size(value)
    return f"{value:,.2f}" if value % 1 else f"{value:,.0f}"
