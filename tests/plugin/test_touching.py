"""
What tests touch, from a session to its verdicts.
"""

import pytest

from paceline.verdict_kinds import VerdictKind
from support.suite import Suite

_ASKING = """
    import sqlite3

    def test_asks():
        connection = sqlite3.connect(":memory:")
        for number in range({queries}):
            connection.execute("select 1")
        connection.close()

    def test_computes(): pass
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_queries_where_no_test_sent_any_are_a_higher_count(suite: Suite, arguments: tuple[str, ...]) -> None:
    """
    From 0 to 5 queries after eight runs, in one process and with workers; the run says which probes were on.
    """
    suite.write("test_shop.py", _ASKING.format(queries=0))
    quiet = suite.run(*arguments).run
    suite.keep_before(quiet, 7)
    suite.write("test_shop.py", _ASKING.format(queries=5))
    run = suite.run(*arguments).run

    assert "database" in quiet.probes
    assert all(case.usage.get("db_queries") is None for case in quiet.cases)
    assert [(verdict.kind, verdict.case, verdict.measured, verdict.limit) for verdict in run.verdicts] == [
        (VerdictKind.COUNT, "test_shop.py::test_asks", 5, 0)
    ]


def test_a_probe_that_failed_was_not_on(suite: Suite) -> None:
    """
    A library whose inside is another one: the run says once that its queries are not counted, and not that they are 0.
    """
    suite.write("sqlalchemy.py", "")
    suite.write("test_shop.py", "def test_imports(): import sqlalchemy")
    result = suite.run()

    assert "watching sqlalchemy" in result.told()
    assert result.outcomes == {"test_imports": "passed"}
    assert result.run.probes == ()
