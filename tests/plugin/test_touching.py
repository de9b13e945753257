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

    The reason names the line that is new.
    """
    suite.write("test_shop.py", _ASKING.format(queries=0))
    quiet = suite.run(*arguments).run
    suite.keep_before(quiet, 7)
    suite.write("test_shop.py", _ASKING.format(queries=5))
    run = suite.run(*arguments).run

    assert "database" in quiet.probes
    assert all(case.usage.get("db_queries") is None for case in quiet.cases)
    counts = [verdict for verdict in run.verdicts if verdict.kind is VerdictKind.COUNT]
    assert [(verdict.case, verdict.measured, verdict.limit) for verdict in counts] == [
        ("test_shop.py::test_asks", 5, 0)
    ]
    assert counts[0].reason.endswith("; new at test_shop.py:7 (`select ?`): 5 times")


_REPEATING = """
    import sqlite3
    from shop import total

    def test_total():
        connection = sqlite3.connect(":memory:")
        connection.executescript("create table lines (sku); create table products (sku, cents);")
        connection.executemany("insert into lines values (?)", [(number,) for number in range(5)])
        connection.executemany("insert into products values (?, 1)", [(number,) for number in range(5)])
        assert total(connection) == 5
        connection.close()
"""
_SHOP = """
    def total(connection):
        cents = 0
        for sku, in connection.execute("select sku from lines").fetchall():
            cents += connection.execute("select cents from products where sku = ?", (sku,)).fetchone()[0]
        return cents
"""


@pytest.mark.parametrize(
    ("ignore", "repeated", "is_named"),
    [
        ("", 5, False),
        ('{place = "shop.py:*", reason = "five at most"}', None, False),
        ('{statement = "select cents *", reason = "five at most"}', None, False),
        ('{place = "elsewhere.py:*", reason = "gone"}', 5, True),
    ],
)
def test_repeated_queries_are_ignored_for_a_reason(
    suite: Suite, ignore: str, repeated: float | None, *, is_named: bool
) -> None:
    """
    By their line or statement; the reason is kept with the queries, and a setting that ignores nothing is named.
    """
    suite.write("pyproject.toml", f"[tool.paceline.queries]\nignore = [{ignore}]\n[tool.pytest.ini_options]\n")
    suite.write("shop.py", _SHOP)
    suite.write("test_shop.py", _REPEATING)
    result = suite.run()
    case = result.case("test_total")

    assert case.usage.get("db_repeated_queries") == repeated
    assert [verdict.kind for verdict in result.run.verdicts] == [VerdictKind.REPEATED_QUERIES] * bool(repeated)
    assert {group.ignored for group in case.queries} - {""} == (set() if repeated else {"five at most"})
    assert ("queries.ignore has place 'elsewhere.py:*'" in result.output) is is_named


def test_the_report_of_repeated_queries_has_the_setting_that_ignores_them(suite: Suite) -> None:
    """
    Its line, pasted below the heading of its table, leaves no verdict.
    """
    suite.write("pyproject.toml", "[tool.pytest.ini_options]\n")
    suite.write("shop.py", _SHOP)
    suite.write("test_shop.py", _REPEATING)
    (line,) = [line for line in suite.run().section().splitlines() if "ignore = [" in line]

    assert line.strip() == (
        'ignore = [{place = "shop.py:*", statement = "select cents from products where sku = ?", reason = "…"}]'
    )
    suite.write("pyproject.toml", f"[tool.paceline.queries]\n{line}\n[tool.pytest.ini_options]\n")
    assert suite.run().run.verdicts == ()


def test_an_ignored_query_needs_a_reason(suite: Suite) -> None:
    """
    An error before the first test.
    """
    suite.write("pyproject.toml", '[tool.paceline.queries]\nignore = [{place = "shop.py:*"}]\n')
    suite.write("test_shop.py", "def test_one(): pass")
    result = suite.run()

    assert result.code == 4
    assert "queries.ignore.reason is absent, expected the reason, a text that is not empty" in result.output


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
