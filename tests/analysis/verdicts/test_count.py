"""
Counts that rose.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from paceline.analysis.judgement_rules import CountRule
from paceline.analysis.past import Past, past_run
from paceline.analysis.verdicts.count import is_count, judge_counts, usual_count
from paceline.measure import Measure
from paceline.model import Case, Cause, Severity, Since, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import failed, make_case, make_run

_RULE = CountRule(min_runs=3)


def _case(figures: Mapping[str, float], unit: str = "") -> Case:
    return make_case(measures={name: Measure(value=value, unit=unit) for name, value in figures.items()})


def _judged(
    counts: Sequence[float], name: str = "db_queries", unit: str = "", rule: CountRule = _RULE, **changes: Any
) -> Verdict | None:
    """
    Judge the last of these counts against the others.
    """
    runs = [make_run(n, [_case({name: count}, unit)], **changes) for n, count in enumerate(counts)]
    return judge_counts(runs[-1].cases[0], past_run(runs[-1]), Past.from_runs(runs[:-1]), rule)


def test_a_count_that_rose_is_a_warning() -> None:
    """
    101 queries after ten runs with one need no statistics.
    """
    verdict = _judged([1] * 10 + [101])

    assert verdict is not None
    assert (verdict.kind, verdict.severity) == (VerdictKind.COUNT, Severity.WARNING)
    assert (verdict.measured, verdict.limit, verdict.factor, verdict.unit) == (101, 1, 101, "count")
    assert verdict.causes == (Cause(measure="measures.db_queries", before=1, after=101),)
    assert verdict.reason == "101 db queries, was 1 in each of the last 10 runs"
    assert verdict.since is None


def test_a_count_that_stays_up_is_told_since_when() -> None:
    """
    Until it was so in as many runs as it was not.
    """
    verdict = _judged([1] * 10 + [101, 101, 101], commit="", unit="queries")

    assert verdict is not None
    assert verdict.reason == "101 db queries, was 1 in each of the 10 runs before"
    assert verdict.since == Since(run_id="run-10", ended=1_700_036_000.0, runs_ago=2)
    assert _judged([1] * 10 + [101] * 10) is not None
    assert _judged([1] * 10 + [101] * 11) is None


@pytest.mark.parametrize(
    ("name", "unit", "counts", "words"),
    [
        ("queries", "", [0, 0, 0, 1], "1 query"),
        ("db_queries", "queries", [1, 1, 1, 2], "2 db queries"),
        ("sql", "queries", [2, 2, 2, 3], "3 queries (sql)"),
        ("round_trips", "", [0, 0, 0, 1], "1 round trip"),
        ("rows", "rows", [0, 0, 0, 1_000_000], "1,000,000 rows"),
    ],
)
def test_counts_have_their_noun(name: str, unit: str, counts: list[float], words: str) -> None:
    """
    The name of the figure, with its unit where that is another.
    """
    verdict = _judged(counts, name, unit)

    assert verdict is not None
    assert verdict.reason == f"{words}, was {counts[0]} in each of the last 3 runs"


@pytest.mark.parametrize(
    ("key", "before", "after", "reason"),
    [
        (UsageKey.PAGE_LAYOUT_SHIFT, 0.02, 0.06, "0.06 layout shift, was 0.02"),
        (UsageKey.PAGE_ERRORS, 0, 1, "1 page error, was 0"),
        (UsageKey.PAGE_REQUESTS, 4, 5, "5 page requests, was 4"),
        (UsageKey.PAGE_RECEIVED_BYTES, 2048, 4096, "4 KiB received by pages, was 2 KiB"),
    ],
)
def test_figures_of_pages_are_counts(key: UsageKey, before: float, after: float, reason: str) -> None:
    """
    Their table says so, also of a figure that is not whole.
    """
    runs = [make_run(n, [make_case(usage={key: before})]) for n in range(3)]
    now = make_run(3, [make_case(usage={key: after})])
    verdict = judge_counts(now.cases[0], past_run(now), Past.from_runs(runs), _RULE)

    assert verdict is not None
    assert verdict.reason == f"{reason} in each of the last 3 runs"


@pytest.mark.parametrize(
    "counts",
    [
        [3, 3, 3, 3],
        [3, 3, 3, 2],
        [3, 3, 4],
        [4],
        [3, 5, 3, 3, 3, 5],
        [3, 4, 5, 6],
        [3, 3, 3, 3.5],
        [2.5, 2.5, 2.5, 3],
    ],
    ids=["the same", "fewer", "two runs", "no past", "seen before", "never the same", "a half", "half before"],
)
def test_other_counts_did_not_rise(counts: list[float]) -> None:
    """
    Neither did one that fell, one that varies, one without a past, nor a figure that is not whole.
    """
    assert _judged(counts) is None


def test_a_rise_to_counts_that_vary_is_a_rise() -> None:
    """
    It was the same before, and has been higher ever since.
    """
    level = usual_count(103, [1.0] * 10 + [101, 102], _RULE)

    assert level == (1, 10, 10)


def test_a_count_that_changes_with_one_commit_varies() -> None:
    """
    The code was the same, so it is something else; with changed files nobody knows.
    """
    assert _judged([1] * 10 + [101], commit="4f2c") is None
    assert _judged([1] * 10 + [101], commit="4f2c", dirty=True) is not None


def test_the_count_that_grew_most_stands_for_all() -> None:
    """
    The others are told as what rose with it.
    """
    runs = [make_run(n, [_case({"requests": 2, "db_queries": 1})]) for n in range(3)]
    now = make_run(3, [_case({"requests": 4, "db_queries": 101})])
    verdict = judge_counts(now.cases[0], past_run(now), Past.from_runs(runs), _RULE)

    assert verdict is not None
    assert verdict.reason.startswith("101 db queries")
    assert [cause.measure for cause in verdict.causes] == ["measures.db_queries", "measures.requests"]


def test_a_failed_test_did_other_work() -> None:
    """
    How far it came decides on its counts.
    """
    runs = [make_run(n, [_case({"db_queries": 1})]) for n in range(3)]
    now = make_run(3, [failed(measures={"db_queries": Measure(value=9)})])

    assert judge_counts(now.cases[0], past_run(now), Past.from_runs(runs), _RULE) is None


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("queries", True),
        ("db_repeated_queries", True),
        ("network_requests", True),
        ("cache_misses", True),
        ("SQL statements", True),
        ("cache_hits", False),
        ("score", False),
        ("memory_peak_bytes", False),
        ("voluntary_context_switches", False),
        ("subqueries", False),
    ],
)
def test_the_last_word_says_what_is_counted(name: str, counts: bool) -> None:
    """
    Work that is done one by one; bytes, scores and what the system does are no such work.
    """
    assert is_count(name) is counts


def test_a_unit_goes_before_a_name() -> None:
    """
    Queries in seconds are a time.
    """
    assert _judged([1, 1, 1, 2], "queries", "seconds") is None


def test_a_setting_makes_a_figure_a_count() -> None:
    """
    Whatever its unit is.
    """
    rule = CountRule(min_runs=3, measures=("sent",))
    verdict = _judged([10, 10, 10, 20], "sent", "bytes", rule)

    assert _judged([10, 10, 10, 20], "sent", "bytes") is None
    assert verdict is not None
    assert verdict.reason == "20 bytes (sent), was 10 in each of the last 3 runs"
