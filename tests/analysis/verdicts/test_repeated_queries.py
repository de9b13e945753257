"""
Repeated queries as verdicts.
"""

import pytest

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.model import Case
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
