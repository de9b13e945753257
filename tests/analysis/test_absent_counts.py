"""
What a probe did not see in earlier runs.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from paceline.analysis.baselines import Baseline, Baselines, past_by_baselines
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.model import Run, Verdict
from paceline.query_group import QueryGroup
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import EPOCH, HOUR, TEST, failed, make_case, make_run

_ON = ("database",)


def _run(number: int, usage: Mapping[str, float], probes: Sequence[str] = _ON) -> Run:
    return make_run(number, [make_case(usage=usage)], probes=tuple(probes))


def _verdicts(runs: Sequence[Run]) -> list[Verdict]:
    return list(judge(runs[-1], Past.from_runs(runs[:-1]), Rules()).verdicts)


def test_a_count_that_no_test_had_before_rose_from_zero() -> None:
    """
    Five queries after eight runs in which the probe was on and no test of the suite sent any.
    """
    runs = [*(_run(number, {}) for number in range(8)), _run(8, {UsageKey.DB_QUERIES: 5})]
    (verdict,) = _verdicts(runs)

    assert (verdict.kind, verdict.measured, verdict.limit) == (VerdictKind.COUNT, 5, 0)
    assert verdict.reason == "5 database queries, was 0 in each of the last 8 runs"


def test_a_count_that_rose_is_one_verdict() -> None:
    """
    From 3 queries to 43, which were sent by the setup as well.
    """
    usual: dict[str, float] = {UsageKey.DB_QUERIES: 3, UsageKey.SETUP_DB_QUERIES: 3}
    now: dict[str, float] = {UsageKey.DB_QUERIES: 43, UsageKey.SETUP_DB_QUERIES: 43}
    groups = (QueryGroup(statement="select ?", count=40, place="shop/orders.py:17"),)
    last = make_run(8, [make_case(usage=now, queries=groups)], probes=_ON)
    (verdict,) = _verdicts([*(_run(number, usual) for number in range(8)), last])

    assert verdict.kind is VerdictKind.COUNT
    assert verdict.reason == "43 database queries, was 3 in each of the last 8 runs"


@pytest.mark.parametrize("probes", [(), ("network",)])
def test_where_the_probe_was_off_nothing_is_known(probes: Sequence[str]) -> None:
    """
    Runs before the probe was there, or with another one.
    """
    runs = [*(_run(number, {}, probes) for number in range(8)), _run(8, {UsageKey.DB_QUERIES: 5})]

    assert _verdicts(runs) == []


def test_a_test_that_was_not_measured_is_not_zero() -> None:
    """
    Runs in which the test failed say nothing of its queries.
    """
    runs = [make_run(number, [failed()], probes=_ON) for number in range(8)]
    verdicts = _verdicts([*runs, _run(8, {UsageKey.DB_QUERIES: 5})])

    assert VerdictKind.COUNT not in {verdict.kind for verdict in verdicts}


def test_runs_before_an_accepted_one_are_not_zero() -> None:
    """
    What a test did not touch before the run that was accepted is forgotten with the rest.
    """
    past = Past.from_runs([*(_run(number, {}) for number in range(8)), _run(8, {UsageKey.DB_QUERIES: 5})])
    accepted = Baseline(suite="shop", tests=TEST, run_id="run-8", ended=datetime.fromtimestamp(EPOCH + 8 * HOUR, UTC))
    chosen = past_by_baselines(Baselines(accepted=(accepted,)), past, {})

    assert list(chosen.series(UsageKey.DB_QUERIES, TEST).values) == [5]
