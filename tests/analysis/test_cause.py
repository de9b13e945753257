"""
What moved together with a regression.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import structs

from paceline.analysis.absent_counts import with_absent_counts
from paceline.analysis.cause import CHILDREN_CPU, IDLE, MACHINE, causes_of
from paceline.analysis.past import Past
from paceline.measure import Measure
from paceline.model import Case, Cause
from paceline.query_group import QueryGroup
from paceline.report.words import cause
from paceline.usage import UsageKey
from support.values import make_case, make_run


def _case(seconds: float, usage: Mapping[UsageKey, float], measures: Mapping[str, float] | None = None) -> Case:
    figures: dict[str, Any] = {name: Measure(value=value) for name, value in (measures or {}).items()}
    return make_case(seconds=seconds, usage=usage, measures=figures)


def _causes(before: Case, after: Case, runs: int = 9) -> tuple[Cause, ...]:
    return causes_of(after, Past.from_runs([make_run(number, [before]) for number in range(runs)]))


def test_added_cpu_time_is_the_cause() -> None:
    """
    0.1 s more by the clock, 0.1 s more of CPU: it computes more.
    """
    before, after = _case(0.1, {UsageKey.CPU_SECONDS: 0.1}), _case(0.2, {UsageKey.CPU_SECONDS: 0.2})

    assert _causes(before, after) == (Cause(measure="cpu_seconds", before=0.1, after=0.2, share=1.0),)


def test_time_without_cpu_is_idle() -> None:
    """
    0.1 s more by the clock and as much CPU as ever: it waits for something.
    """
    before, after = _case(0.1, {UsageKey.CPU_SECONDS: 0.1}), _case(0.2, {UsageKey.CPU_SECONDS: 0.1})

    assert _causes(before, after) == (Cause(measure=IDLE, before=0.0, after=0.1, share=1.0),)


def test_the_wait_for_a_cpu_is_no_cause() -> None:
    """
    It was taken out before the test was judged, and does not count as time in which it waited for something.
    """
    before = _case(0.1, {UsageKey.CPU_SECONDS: 0.1, UsageKey.CPU_WAIT_SECONDS: 0.0})
    after = _case(0.2, {UsageKey.CPU_SECONDS: 0.1, UsageKey.CPU_WAIT_SECONDS: 0.1})

    assert _causes(before, after) == ()


def test_a_garbage_collection_for_all_tests_is_named_where_it_took_more_than_was_added() -> None:
    """
    It was taken out before the test was judged, and is no CPU time of the test.
    """
    before = _case(0.1, {UsageKey.CPU_SECONDS: 0.1, UsageKey.SHARED_GC_SECONDS: 0.0})
    after = _case(0.2, {UsageKey.CPU_SECONDS: 0.16, UsageKey.SHARED_GC_SECONDS: 0.06})

    assert [cause.measure for cause in _causes(before, after)] == [IDLE, "shared_gc_seconds"]


def test_two_halves_are_both_named() -> None:
    """
    The larger share comes first, and one below 30% of the growth is not named.
    """
    before = _case(1.0, {UsageKey.CPU_SECONDS: 1.0, UsageKey.CPU_WAIT_SECONDS: 0.0})
    after = _case(2.0, {UsageKey.CPU_SECONDS: 1.35, UsageKey.CPU_WAIT_SECONDS: 0.1})

    assert [cause.measure for cause in _causes(before, after)] == [IDLE, "cpu_seconds"]


def test_time_in_the_database_is_named_beside_the_idle_time_that_it_is() -> None:
    """
    1.2 of 1.5 added seconds were spent in queries, where the test only waited; what is below 30% is not named.
    """
    before = _case(0.5, {UsageKey.CPU_SECONDS: 0.3, UsageKey.DB_SECONDS: 0.2, UsageKey.NETWORK_SECONDS: 0.1})
    after = _case(2.0, {UsageKey.CPU_SECONDS: 0.3, UsageKey.DB_SECONDS: 1.4, UsageKey.NETWORK_SECONDS: 0.4})
    first, second = _causes(before, after)

    assert cause(first) == "time in the database 200 ms → 1.4 s (80% of the added time)"
    assert (second.measure, second.share) == (IDLE, 1.0)


def test_time_in_the_database_is_normalised_as_the_time_of_the_test() -> None:
    """
    A test that waited for a CPU for half of its time also did so in its queries.
    """
    before = _case(0.1, {UsageKey.CPU_SECONDS: 0.1, UsageKey.CPU_WAIT_SECONDS: 0.0, UsageKey.DB_SECONDS: 0.0})
    after = _case(0.4, {UsageKey.CPU_SECONDS: 0.2, UsageKey.CPU_WAIT_SECONDS: 0.2, UsageKey.DB_SECONDS: 0.2})

    assert _causes(before, after)[0] == Cause(measure="db_seconds", before=0.0, after=0.1, share=1.0)


def test_the_first_time_in_a_database_is_a_cause_where_its_probe_was_on() -> None:
    """
    In runs without queries it was 0.
    """
    before = make_case(seconds=0.1, usage={UsageKey.CPU_SECONDS: 0.1})
    after = make_case(seconds=0.3, usage={UsageKey.CPU_SECONDS: 0.1, UsageKey.DB_SECONDS: 0.2})
    pasts = [Past.from_runs([make_run(n, [before], probes=probes) for n in range(9)]) for probes in ((), ("database",))]

    found = [{one.measure for one in causes_of(after, with_absent_counts(past))} for past in pasts]
    assert found == [{IDLE}, {IDLE, "db_seconds"}]


def test_a_cause_says_which_line_sent_most_of_the_added_queries() -> None:
    """
    The 40 queries of one line, of 43; a line that sent fewer than half of them is not named.
    """
    groups = [QueryGroup(statement=f"select {n}", count=n, place=f"shop/orders.py:{n}") for n in (1, 2, 40)]
    slower = _case(0.3, {UsageKey.CPU_SECONDS: 0.3, UsageKey.DB_QUERIES: 43})
    before = _case(0.1, {UsageKey.CPU_SECONDS: 0.1, UsageKey.DB_QUERIES: 3})
    found, unclear = (_causes(before, structs.replace(slower, queries=queries))[0] for queries in (groups, groups[:2]))

    assert cause(found) == "database queries 3 → 43, most at shop/orders.py:40"
    assert cause(unclear) == "database queries 3 → 43"


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        (UsageKey.MEMORY_PEAK_BYTES, 1e6, 9e6),
        (UsageKey.READ_BYTES, 0, 1e6),
        (UsageKey.READ_BYTES, 1e6, 1.21e6),
        (UsageKey.WRITTEN_BYTES, 10, 1e6),
        (UsageKey.VOLUNTARY_CONTEXT_SWITCHES, 2, 200),
        (UsageKey.GC_COLLECTIONS, 0, 9),
        (UsageKey.PROCESSES_LEFT, 0, 1),
        (UsageKey.THREADS_LEFT, 0, 2),
    ],
)
def test_what_a_test_did_more_of_is_a_cause(key: UsageKey, before: float, after: float) -> None:
    """
    Memory, bytes, switches, collections, and what was left behind.
    """
    assert _causes(_case(0.1, {key: before}), _case(0.2, {key: after})) == (
        Cause(measure=key.value, before=before, after=after),
    )


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        (UsageKey.READ_BYTES, 1e6, 1.19e6),
        (UsageKey.READ_BYTES, 100_000, 160_000),
        (UsageKey.READ_BYTES, 0, 60_000),
        (UsageKey.READ_BYTES, 1e6, 0),
        (UsageKey.INVOLUNTARY_CONTEXT_SWITCHES, 0, 900),
    ],
)
def test_small_changes_explain_nothing(key: UsageKey, before: float, after: float) -> None:
    """
    Neither do a change below a fifth, one of a few bytes, a fall, and what the machine does.
    """
    assert _causes(_case(0.1, {key: before}), _case(0.2, {key: after})) == ()


def test_the_tests_own_measures_are_causes() -> None:
    """
    What a test recorded itself is compared too, the most grown first.
    """
    before = _case(0.1, {}, {"queries": 3, "rows": 100, "pages": 2})
    after = _case(0.2, {}, {"queries": 300, "rows": 200, "pages": 2})

    assert _causes(before, after) == (
        Cause(measure="measures.queries", before=3, after=300),
        Cause(measure="measures.rows", before=100, after=200),
    )


def test_the_usual_is_the_median_of_the_past() -> None:
    """
    One odd run does not change what is compared with.
    """
    runs = [make_run(number, [_case(0.1, {}, {"rows": rows})]) for number, rows in enumerate([10, 10, 999])]
    causes = causes_of(_case(0.2, {}, {"rows": 30}), Past.from_runs(runs))

    assert causes == (Cause(measure="measures.rows", before=10, after=30),)


def test_times_are_compared_with_those_of_the_same_runs() -> None:
    """
    Runs from elsewhere that know no CPU time, and took longer, do not turn into time in which the test waited.
    """
    imported = [make_run(number, [_case(0.5, {})]) for number in range(9)]
    own = [make_run(number, [_case(0.1, {UsageKey.CPU_SECONDS: 0.1})]) for number in range(9, 18)]
    causes = causes_of(_case(0.3, {UsageKey.CPU_SECONDS: 0.3}), Past.from_runs([*imported, *own]))

    assert causes == (Cause(measure="cpu_seconds", before=0.1, after=0.3, share=1.0),)


def test_without_a_past_there_is_no_cause() -> None:
    """
    What was never measured before did not move.
    """
    assert _causes(_case(0.1, {}), _case(0.2, {UsageKey.CPU_SECONDS: 0.2}, {"rows": 30})) == ()


def test_shares_of_the_added_time_are_told() -> None:
    """
    Of 0.4 s more, 0.3 s are CPU and 0.1 s are not; what explains less than 30% is not named.
    """
    before, after = _case(0.1, {UsageKey.CPU_SECONDS: 0.1}), _case(0.5, {UsageKey.CPU_SECONDS: 0.4})
    (cause,) = _causes(before, after)

    assert cause.measure == "cpu_seconds"
    assert cause.share == pytest.approx(0.75)


def test_one_part_cannot_explain_more_than_all() -> None:
    """
    It computes 0.3 s longer and waits 0.1 s less.
    """
    before, after = _case(0.2, {UsageKey.CPU_SECONDS: 0.1}), _case(0.4, {UsageKey.CPU_SECONDS: 0.4})

    assert [(cause.measure, cause.share) for cause in _causes(before, after)] == [("cpu_seconds", 1.0)]


def test_child_processes_are_told_from_the_test_itself() -> None:
    """
    CPU time of children is in the CPU time of the test, and it is they that compute longer.
    """
    own = {UsageKey.CPU_SECONDS: 0.1}
    children = {UsageKey.CPU_SECONDS: 0.4, UsageKey.CHILDREN_CPU_USER_SECONDS: 0.3}
    (cause,) = _causes(_case(0.1, own), _case(0.4, children))

    assert (cause.measure, cause.before) == (CHILDREN_CPU, 0.0)
    assert (cause.after, cause.share) == pytest.approx((0.3, 1.0))


def test_the_slow_machine_is_taken_out_of_the_parts() -> None:
    """
    On a machine half as fast 0.4 s of CPU are 0.2 s.
    """
    before = _case(0.1, {UsageKey.CPU_SECONDS: 0.1})
    after = make_case(seconds=0.4, normalized_duration_seconds=0.2, usage={UsageKey.CPU_SECONDS: 0.4})
    first, *_ = _causes(before, after)

    assert first.measure == "cpu_seconds"
    assert (first.after, first.share) == pytest.approx((0.2, 1.0))


def test_runs_that_were_slow_already_are_not_what_is_usual() -> None:
    """
    Five of nine earlier runs were slow, and compared is with the four before them.
    """
    fast, slow = _case(0.1, {UsageKey.CPU_SECONDS: 0.1}), _case(0.2, {UsageKey.CPU_SECONDS: 0.2})
    past = Past.from_runs([make_run(number, [fast if number < 4 else slow]) for number in range(9)])

    assert causes_of(slow, past) == ()
    assert causes_of(slow, past, until=4) == (Cause(measure="cpu_seconds", before=0.1, after=0.2, share=1.0),)


def test_what_grew_with_the_time_goes_before_what_grew_a_little() -> None:
    """
    Of 10 times the time, 10 times the queries tell more than half as many rows again, and so does the CPU.
    """
    before = _case(0.1, {UsageKey.CPU_SECONDS: 0.1}, {"queries": 10, "rows": 100})
    after = _case(1.0, {UsageKey.CPU_SECONDS: 1.0}, {"queries": 100, "rows": 150})

    assert [cause.measure for cause in _causes(before, after)] == ["measures.queries", "cpu_seconds", "measures.rows"]


def test_a_long_wait_for_a_cpu_is_told_last() -> None:
    """
    Where more was taken out than was added, what is left may be the rest of it.
    """
    before = _case(0.1, {UsageKey.CPU_SECONDS: 0.1, UsageKey.CPU_WAIT_SECONDS: 0.0})
    after = _case(0.5, {UsageKey.CPU_SECONDS: 0.2, UsageKey.CPU_WAIT_SECONDS: 0.3})

    assert [(cause.measure, cause.after) for cause in _causes(before, after)] == [
        ("cpu_seconds", 0.2),
        ("cpu_wait_seconds", 0.3),
    ]


def test_a_wait_for_a_cpu_that_grew_with_the_time_is_not_told() -> None:
    """
    Five times the time on a machine that is as busy as ever waits five times as long.
    """
    before = _case(0.3, {UsageKey.CPU_SECONDS: 0.1, UsageKey.CPU_WAIT_SECONDS: 0.2})
    after = _case(1.5, {UsageKey.CPU_SECONDS: 0.5, UsageKey.CPU_WAIT_SECONDS: 1.0})
    past = Past.from_runs([make_run(n, [structs.replace(before, normalized_duration_seconds=0.1)]) for n in range(9)])

    assert [cause.measure for cause in causes_of(after, past)] == ["cpu_seconds"]


def test_a_very_slow_machine_is_told_last() -> None:
    """
    0.6 s of CPU on a machine that was three times slower are 0.2 s.
    """
    before = _case(0.1, {UsageKey.CPU_SECONDS: 0.1})
    after = make_case(seconds=0.6, normalized_duration_seconds=0.2, usage={UsageKey.CPU_SECONDS: 0.6})
    *_, last = _causes(before, after)

    assert last.measure == MACHINE
    assert (last.before, last.after) == pytest.approx((1.0, 3.0))
