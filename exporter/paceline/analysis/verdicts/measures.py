"""
Measures that tests report of themselves: is one beyond its limit, or worse than it used to be?
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from paceline.analysis.estimators import quantile, spread
from paceline.analysis.judgement_rules import MeasureRule
from paceline.analysis.past import MEASURES, Needed, Past
from paceline.analysis.verdicts.count import count_in_words, is_count
from paceline.formatting import counted, figure
from paceline.measure import Measure
from paceline.model import Case, Severity, Verdict
from paceline.verdict_kinds import VerdictKind

# All but one in twenty runs were better.
_USUAL_SHARE = 0.95


class UsualMeasure(NamedTuple):
    """
    The usual values of a measure; `edge` is the 95% quantile, of a measure that is better higher the 5% quantile.
    """

    median: float
    spread: float
    edge: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float], *, is_more_better: bool) -> "UsualMeasure":
        """
        Args:
            values: at least one, in any order.
            is_more_better: whether higher values are better.
        """
        ordered = sorted(values)
        share = 1 - _USUAL_SHARE if is_more_better else _USUAL_SHARE
        return cls(quantile(ordered, 0.5), spread(ordered), quantile(ordered, share), len(ordered))

    def limit(self, rule: MeasureRule, slowdown: float, *, is_more_better: bool) -> float:
        """
        The worst value that is usual. What a slower machine explains is usual too.

        Args:
            rule: the thresholds.
            slowdown: of the machine in this run, 1 where it is not known.
            is_more_better: whether higher values are better.
        """
        noise, excused = rule.spreads * self.spread, max(slowdown, 1.0)
        if is_more_better:
            return min(self.median / rule.ratio, self.median - noise, self.edge) / excused
        return max(self.median * rule.ratio, self.median + noise, self.edge) * excused


def needed_for_measures(cases: Iterable[Case]) -> Needed:
    """
    The measures of the past that `judge_measures` compares with these cases.
    """
    names = {
        case.id: [MEASURES + name for name, measure in case.measures.items() if _is_compared(name, measure)]
        for case in cases
    }
    measures = dict.fromkeys(name for found in names.values() for name in found)
    return Needed(tuple(measures), tuple(case_id for case_id, found in names.items() if found))


def judge_measures(case: Case, slowdown: float | None, past: Past, rule: MeasureRule) -> Iterator[Verdict]:
    """
    The verdicts on the measures of a test: beyond a limit, or worse than usual.

    Args:
        case: the test in this run.
        slowdown: of the machine in this run, where it is known.
        past: the earlier runs of the test.
        rule: the thresholds.
    """
    for name, measure in case.measures.items():
        beyond = judge_limit(case.id, name, measure)
        if beyond is not None:
            yield beyond
        before = past.series(MEASURES + name, case.id).values
        if not case.outcome.is_pass or not _is_compared(name, measure) or len(before) < rule.min_runs:
            continue
        usual = UsualMeasure.of(before, is_more_better=measure.is_more_better)
        limit = usual.limit(rule, slowdown or 1.0, is_more_better=measure.is_more_better)
        if measure.is_worse_than(limit):
            yield _worse(case.id, name, measure, usual, limit)


def limit_reason(name: str, measure: Measure) -> str:
    """
    How a measure broke its limit, for the report and the failure of a test.
    """
    side, limit = "at least" if measure.is_more_better else "at most", measure.limit or 0.0
    if is_count(measure.unit):
        return f"{count_in_words(name, measure.value, measure.unit)}, {side} {figure(limit, '')}"
    return f"{name} {figure(measure.value, measure.unit)}, {side} {figure(limit, measure.unit)}"


def _is_compared(name: str, measure: Measure) -> bool:
    # A count that may not grow is judged exactly.
    return measure.is_more_better or (measure.better is not None and not is_count(measure.unit or name))


def judge_limit(case_id: str, name: str, measure: Measure) -> Verdict | None:
    """
    Whether a measure of a test is beyond its limit.
    """
    limit = measure.limit
    if limit is None or not measure.breaks_limit:
        return None
    factor = _factor(measure.value, limit, is_more_better=measure.is_more_better)
    return Verdict(
        kind=VerdictKind.BUDGET,
        severity=Severity.WARNING,
        case=case_id,
        measure=name,
        measured=measure.value,
        limit=limit,
        unit=measure.unit,
        factor=factor,
        reason=limit_reason(name, measure),
    )


def _worse(case_id: str, name: str, measure: Measure, usual: UsualMeasure, limit: float) -> Verdict:
    factor = _factor(measure.value, usual.median, is_more_better=measure.is_more_better)
    times = "" if factor is None else f": {factor:.1f} times {'less' if measure.is_more_better else 'as much'}"
    was = f"usually {figure(usual.median, measure.unit)} (median of {counted(usual.runs, 'run')})"
    return Verdict(
        kind=VerdictKind.MEASURE,
        severity=Severity.WARNING,
        case=case_id,
        measure=name,
        measured=measure.value,
        limit=limit,
        unit=measure.unit,
        factor=factor,
        reason=f"{name} {figure(measure.value, measure.unit)}, {was}{times}",
    )


def _factor(value: float, reference: float, *, is_more_better: bool) -> float | None:
    above, below = (reference, value) if is_more_better else (value, reference)
    return above / below if below > 0 and above >= 0 else None
