"""
Measures that tests report of themselves, against their limits and their own past.
"""

from collections.abc import Sequence

import pytest

from paceline.analysis.judgement_rules import MeasureRule, Rules
from paceline.analysis.past import Past
from paceline.analysis.verdicts.measures import judge_measures, limit_reason, needed_for_measures
from paceline.measure import Better, Measure
from paceline.model import Case, Severity, Verdict
from paceline.verdict_kinds import VerdictKind
from support.values import failed, make_case, make_run

_STEADY = [0.100, 0.102, 0.098, 0.101, 0.099, 0.100, 0.103, 0.097]


def _case(value: float, better: Better | None, unit: str = "s", name: str = "p95") -> Case:
    return make_case(measures={name: Measure(value=value, unit=unit, better=better)})


def _judged(
    values: Sequence[float], better: Better | None, unit: str = "s", slowdown: float | None = None, name: str = "p95"
) -> list[Verdict]:
    """
    Judge the last of these values against the others.
    """
    runs = [make_run(n, [_case(value, better, unit, name)]) for n, value in enumerate(values)]
    return list(judge_measures(runs[-1].cases[0], slowdown, Past.from_runs(runs[:-1]), MeasureRule()))


def test_a_measure_that_should_be_low_and_rose_is_worse() -> None:
    """
    With its usual value, and how many times as much it is.
    """
    (verdict,) = _judged([*_STEADY, 0.25], Better.LOWER)

    assert (verdict.kind, verdict.severity, verdict.measure) == (VerdictKind.MEASURE, Severity.WARNING, "p95")
    assert verdict.factor == pytest.approx(2.5)
    assert verdict.reason == "p95 250 ms, usually 100 ms (median of 8 runs): 2.5 times as much"


def test_a_measure_that_should_be_high_and_fell_is_worse() -> None:
    """
    Throughput is better higher: half of it is a finding, twice as much is good.
    """
    steady = [1000 * value for value in _STEADY]
    (verdict,) = _judged([*steady, 62.0], Better.HIGHER, "requests/s")

    assert verdict.severity is Severity.WARNING
    assert verdict.reason == "p95 62 requests/s, usually 100 requests/s (median of 8 runs): 1.6 times less"
    assert not _judged([*steady, 200.0], Better.HIGHER, "requests/s")


@pytest.mark.parametrize(
    ("values", "better"),
    [
        ([*_STEADY, 0.11], Better.LOWER),
        ([*_STEADY[:7], 0.25], Better.LOWER),
        ([*_STEADY, 0.25], None),
        ([*_STEADY, 0.05], Better.LOWER),
        ([0.1, 0.3, 0.1, 0.3, 0.2, 0.1, 0.3, 0.2, 0.25], Better.LOWER),
    ],
    ids=["a tenth more", "seven runs", "no direction", "better", "noise"],
)
def test_usual_values_are_no_finding(values: Sequence[float], better: Better | None) -> None:
    """
    Nor are values of too few runs, and of a measure without a direction.
    """
    assert not _judged(values, better)


@pytest.mark.parametrize(("better", "value"), [(Better.LOWER, 0.19), (Better.HIGHER, 0.055)])
def test_a_slow_machine_excuses_a_measure(better: Better, value: float) -> None:
    """
    By as much as the machine was slower than usual; a fast machine blames nothing.
    """
    assert _judged([*_STEADY, value], better)
    assert not _judged([*_STEADY, value], better, slowdown=1.9)
    assert not _judged([*_STEADY, 0.11], Better.LOWER, slowdown=0.5)


def test_a_count_with_a_direction_is_judged_exactly_and_not_here() -> None:
    """
    One more query is a higher count; two findings of one fact would be one too many.
    """
    assert not _judged([*[3.0] * 8, 43.0], Better.LOWER, "", name="db_queries")
    assert needed_for_measures([_case(3, Better.LOWER, "queries")]).is_empty


@pytest.mark.parametrize(
    ("measure", "reason"),
    [
        (Measure(value=0.3, unit="s", limit=0.2), "p95 300 ms, at most 200 ms"),
        (Measure(value=21, unit="queries", limit=1), "21 queries (p95), at most 1"),
        (Measure(value=80, unit="ops/s", limit=100, better=Better.HIGHER), "p95 80 ops/s, at least 100 ops/s"),
    ],
)
def test_a_measure_beyond_its_limit_is_a_broken_budget(measure: Measure, reason: str) -> None:
    """
    From the first run on, of tests that failed as well.
    """
    for case in (make_case(measures={"p95": measure}), failed(measures={"p95": measure})):
        (verdict,) = judge_measures(case, None, Past(), Rules().measure)
        assert (verdict.kind, verdict.measure, verdict.reason) == (VerdictKind.BUDGET, "p95", reason)


def test_a_count_beyond_its_limit_is_named_once() -> None:
    """
    By the words of its name where these end with its unit.
    """
    many, one = (Measure(value=value, unit="queries", limit=0) for value in (1021, 1))

    assert limit_reason("database_queries", many) == "1,021 database queries, at most 0"
    assert limit_reason("database_queries", one) == "1 database query, at most 0"


def test_a_measure_within_its_limit_is_well() -> None:
    """
    The limit itself is accepted.
    """
    case = make_case(measures={"p95": Measure(value=0.2, unit="s", limit=0.2)})

    assert not list(judge_measures(case, None, Past(), Rules().measure))
