"""
Repeated queries as verdicts.
"""

import pytest
from msgspec.structs import replace

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.measure import BENCHMARK_MEDIAN, Measure
from paceline.model import Case, Severity
from paceline.query_group import QueryGroup
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import make_case, make_run

_GROUP = QueryGroup(statement="select ?", count=4, place="shop/orders.py:17", fed_by="select all")


def _repeating() -> Case:
    return make_case(usage={UsageKey.DB_QUERIES: 5.0, UsageKey.DB_REPEATED_QUERIES: 4.0}, queries=(_GROUP,))


@pytest.mark.parametrize(("before", "standing"), [(_repeating(), True), (make_case(), False)])
def test_a_repeated_query_stands_where_the_last_run_had_it(before: Case, *, standing: bool) -> None:
    """
    A run in which the probe saw no repeated query had none.
    """
    past = Past.from_runs([make_run(number, [before], probes=("database",)) for number in range(3)])
    judged = judge(make_run(3, [_repeating()]), past, Rules())

    found = [verdict.standing for verdict in judged.verdicts if verdict.kind is VerdictKind.REPEATED_QUERIES]
    assert found == [standing]


def test_the_queries_of_a_benchmark_are_counted_by_call() -> None:
    """
    It calls its function as often as it needs; the severity is that of one call, too.
    """
    source = QueryGroup(statement="select all", count=45, place="shop/orders.py:16")
    group = replace(_GROUP, count=225, fed_from="shop/orders.py:16")
    usage = {UsageKey.DB_QUERIES: 270.0, UsageKey.DB_REPEATED_QUERIES: 225.0}
    times = {BENCHMARK_MEDIAN: Measure(value=0.001, unit="seconds")}
    benchmark, test = (make_case(usage=usage, queries=(group, source), measures=some) for some in (times, {}))
    (by_call,), (whole,) = (judge(make_run(0, [case]), Past(), Rules()).verdicts for case in (benchmark, test))
    rest = (
        ", once for each row of another query (`select all` at shop/orders.py:16); send one query, with a join or with "
        "IN and all keys"
    )

    assert (by_call.measured, by_call.severity) == (5, Severity.INFO)
    assert by_call.reason == ("`select ?` at shop/orders.py:17 was sent 5 times a call (225 times in all)" + rest)
    assert (whole.measured, whole.severity) == (225, Severity.WARNING)
    assert whole.reason == "`select ?` at shop/orders.py:17 was sent 225 times" + rest
