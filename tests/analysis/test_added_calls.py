"""
The line or host that is named beside a count that rose.
"""

from collections.abc import Sequence

from paceline.analysis.added_calls import needed_runs, with_added_calls
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.model import HostTraffic, Run
from paceline.query_group import QueryGroup
from paceline.usage import UsageKey
from support.values import TEST, make_case, make_run

_RISE = "24 database queries, was 21 in each of the last 8 runs"
_LOOP = QueryGroup(statement="select item", count=20, place="shop/orders.py:40")
_FIRST = QueryGroup(statement="select order", count=1, place="shop/orders.py:17")


def _run(number: int, groups: Sequence[QueryGroup], queries: int | None = None) -> Run:
    count = sum(group.count for group in groups) if queries is None else queries
    case = make_case(usage={UsageKey.DB_QUERIES: count}, queries=tuple(groups))
    return make_run(number, [case], probes=("database",))


def _reason(runs: Sequence[Run], kept: Sequence[Run]) -> str:
    past = Past.from_runs(runs[:-1])
    judged = judge(runs[-1], past, Rules())
    earlier = {run.run_id: run for run in kept if run.run_id in needed_runs(judged, past)}
    (verdict,) = with_added_calls(judged, past, earlier).verdicts
    return verdict.reason


def test_the_line_that_is_new_is_named_and_not_the_line_that_sends_most() -> None:
    """
    Three queries of another line, in a test whose loop sends twenty; the lines of the file moved.
    """
    moved = [QueryGroup(statement="select item", count=20, place="shop/orders.py:43"), _FIRST]
    new = QueryGroup(statement="select price", count=3, place="shop/orders.py:30")
    runs = [*(_run(number, [_LOOP, _FIRST]) for number in range(8)), _run(8, [*moved, new])]

    assert _reason(runs, runs) == f"{_RISE}; new at shop/orders.py:30 (`select price`): 3 times"


def test_a_line_that_sends_more_is_named_with_both_counts() -> None:
    """
    The first query is sent four times instead of once.
    """
    more = QueryGroup(statement="select order", count=4, place="shop/orders.py:17")
    runs = [*(_run(number, [_LOOP, _FIRST]) for number in range(8)), _run(8, [_LOOP, more])]

    assert _reason(runs, runs) == f"{_RISE}; at shop/orders.py:17 (`select order`): 1 → 4"


def test_other_places_that_grew_are_counted() -> None:
    """
    Two lines more; the one that added most is named.
    """
    new = [QueryGroup(statement=f"select {count}", count=count, place="shop/a.py:1") for count in (1, 2)]
    runs = [*(_run(number, [_LOOP, _FIRST]) for number in range(8)), _run(8, [_LOOP, _FIRST, *new])]

    assert _reason(runs, runs) == f"{_RISE}; new at shop/a.py:1 (`select 2`): 2 times; also more from 1 other place"


def test_without_the_queries_of_an_earlier_run_the_reason_says_so() -> None:
    """
    The earlier runs are on a server, which has counts only, or one has not all of its queries.
    """
    more = QueryGroup(statement="select order", count=4, place="shop/orders.py:17")
    runs = [*(_run(number, [_LOOP], 21) for number in range(8)), _run(8, [_LOOP, more])]
    unknown = f"{_RISE}; most at shop/orders.py:40 (the history does not show which calls are new)"

    assert _reason(runs, ()) == unknown
    assert _reason(runs, runs) == unknown


def test_a_count_that_rose_before_is_compared_with_the_run_before_its_rise() -> None:
    """
    The new line was in the last run already.
    """
    now = [_LOOP, _FIRST, QueryGroup(statement="select price", count=3, place="shop/orders.py:30")]
    runs = [*(_run(number, [_LOOP, _FIRST]) for number in range(8)), _run(8, now), _run(9, now)]
    past = Past.from_runs(runs[:-1])

    assert needed_runs(judge(runs[-1], past, Rules()), past) == ["run-7"]
    assert _reason(runs, runs).endswith("; new at shop/orders.py:30 (`select price`): 3 times")


def test_the_host_that_is_asked_more_often_is_named() -> None:
    """
    Most requests go to another host.
    """
    runs = [_hosts(number, {"a": 9, "b": 1}) for number in range(8)] + [_hosts(8, {"a": 9, "b": 3})]

    assert _reason(runs, runs) == "12 HTTP requests, was 10 in each of the last 8 runs; to b: 1 → 3"


def _hosts(number: int, requests: dict[str, int]) -> Run:
    hosts = tuple(HostTraffic(host=host, requests=count) for host, count in requests.items())
    usage = {UsageKey.NETWORK_REQUESTS: sum(requests.values())}
    return make_run(number, [make_case(TEST, usage=usage, hosts=hosts)], probes=("network",))
