"""
Database tests, with real databases.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from paceline.kit_results import DatabaseResult
from paceline.query_group import QueryGroup
from paceline.testkit import async_database_performance_test, database_performance_test
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.database_servers import mariadb, postgres
from support.suite import Result, Suite

_TESTS = """
import os
import pytest
from paceline.testkit import database_performance_test

{connect}

@pytest.fixture
def db():
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("create table customers(id int primary key, name varchar(20))")
    cursor.execute("create table orders(id int primary key, customer int)")
    yield connection
    connection.rollback()
    cursor.execute("drop table if exists orders")
    cursor.execute("drop table if exists customers")
    connection.close()

def fill(db, rows):
    cursor = db.cursor()
    cursor.execute("delete from orders")
    cursor.execute("delete from customers")
    for number in range(rows):
        cursor.execute("insert into orders values({mark}, {mark})", (number, number))
        cursor.execute("insert into customers values({mark}, 'name')", (number,))

def test_one_by_one(db):
    def names():
        cursor = db.cursor()
        cursor.execute("select customer from orders")
        for (customer,) in cursor.fetchall():
            cursor.execute("select name from customers where id = {mark}", (customer,))

    database_performance_test(names, 3, scale=lambda rows: fill(db, rows), rows=3, max_queries=5)

def test_together(db):
    fill(db, 20)
    joined = "select name from customers join orders on customers.id = customer where orders.id = {mark}"
    def names():
        db.cursor().execute(joined, (1,))

    result = database_performance_test(names, 3, scale=lambda rows: fill(db, rows), rows=3, max_queries=5, explain=db)
    assert result.performance_ok

def test_a_column_without_an_index(db):
    fill(db, 20)
    def named():
        db.cursor().execute("select id from customers where name = {mark}", ("name",))

    database_performance_test(named, 3, explain=db)
"""
_CONNECTS = {
    "sqlite": ("import sqlite3\n\ndef connect():\n    return sqlite3.connect(':memory:')\n", "?"),
    "postgresql": ("import psycopg\n\ndef connect():\n    return psycopg.connect(os.environ['POSTGRES'])\n", "%s"),
    "mariadb": (
        """
import pymysql

def connect():
    return pymysql.connect(host="127.0.0.1", port=int(os.environ["PORT"]), user="root", database="shop")
""",
        "%s",
    ),
}


@pytest.fixture(scope="module")
def servers() -> Iterator[Mapping[str, str]]:
    """
    Where the servers are.
    """
    with postgres() as address, mariadb() as port:
        yield {"POSTGRES": address, "PORT": str(port)}


def _run(suite: Suite, database: str, environ: Mapping[str, str]) -> Result:
    connect, mark = _CONNECTS[database]
    suite.write("test_database.py", _TESTS.replace("{connect}", connect).replace("{mark}", mark))
    return suite.run(environ=environ)


def _check(result: Result) -> None:
    assert result.code == 0, result.output
    (one_by_one,) = result.case("test_one_by_one").results
    (together,) = result.case("test_together").results
    (scanning,) = result.case("test_a_column_without_an_index").results
    assert isinstance(one_by_one, DatabaseResult)
    assert isinstance(together, DatabaseResult)
    assert isinstance(scanning, DatabaseResult)
    assert one_by_one.queries == 31
    assert one_by_one.scaling is not None
    assert (one_by_one.scaling.queries_of_few, one_by_one.scaling.queries_of_many) == (4, 31)
    assert one_by_one.repeated[0].statement == "select name from customers where id = ?"
    assert one_by_one.n_plus_one_detected
    assert (together.queries, together.hints, together.performance_ok) == (1, (), True)
    assert scanning.hints == (
        f"full scan of customers by select id from customers where name = ? at {scanning.slowest[0].place}",
    )
    found = {(one.kind, (one.case or "").partition("::")[2]) for one in result.run.verdicts}
    assert found == {(VerdictKind.REPEATED_QUERIES, "test_one_by_one"), (VerdictKind.BUDGET, "test_one_by_one")}


def test_queries_that_grow_with_the_rows_are_found(suite: Suite) -> None:
    """
    With SQLite: by the rows of another query and by more rows, and a full scan is a hint.
    """
    _check(_run(suite, "sqlite", {}))


@pytest.mark.stack
@pytest.mark.parametrize("database", ["postgresql", "mariadb"])
def test_servers_are_asked_for_their_plans(suite: Suite, database: str, servers: Mapping[str, str]) -> None:
    """
    As with SQLite.
    """
    _check(_run(suite, database, servers))


def test_without_paceline_queries_are_not_counted() -> None:
    """
    Absent is not zero.
    """
    result = database_performance_test(list, 3, max_queries=1)

    assert result.queries is None
    assert result.summary().endswith("queries not counted")


def test_the_summary_says_what_to_do() -> None:
    """
    The limits that are broken, the slowest query where the function is slow, and hints.
    """
    result = DatabaseResult(
        iterations=10,
        mean_seconds=0.3,
        median_seconds=0.3,
        max_seconds=0.4,
        queries=31,
        slowest=(QueryGroup(statement="select name from customers", place="shop.py:7", count=30, seconds=0.25),),
        hints=("full scan of customers by select name from customers at shop.py:7",),
        max_avg_seconds=0.1,
        max_queries=5.0,
    )

    assert result.summary() == (
        "mean 300 ms (over 100 ms) in 10 calls, 31 queries a call (over 5); "
        "slowest query: select name from customers at shop.py:7, 250 ms; "
        "full scan of customers by select name from customers at shop.py:7"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"iterations": 0}, "iterations is 0, expected a whole number from 1 on"),
        ({"max_avg_ms": -1}, "max_avg_ms is -1, expected a number above 0"),
        ({"max_avg_ms": float("nan")}, "max_avg_ms is nan, expected a number above 0"),
        ({"max_queries": 1.5}, "max_queries is 1.5, expected a whole number from 0 on"),
        ({"name": "Two words"}, "database_performance_test: the name is 'Two words', expected lowercase letters"),
    ],
)
def test_wrong_arguments_are_an_error(options: Mapping[str, Any], message: str) -> None:
    """
    That says what was found and what was expected.
    """
    with pytest.raises(ValueError, match=message):
        database_performance_test(list, **options)


def test_a_database_that_is_away_is_the_error_of_the_function() -> None:
    """
    At its first call.
    """

    def ask() -> None:
        raise ConnectionRefusedError("no database")

    with pytest.raises(ConnectionRefusedError, match="no database"):
        database_performance_test(ask)


_ASYNC_TESTS = """
import aiosqlite
import pytest
from paceline.testkit import async_database_performance_test

@pytest.mark.asyncio
async def test_one_by_one():
    async with aiosqlite.connect(":memory:") as db:
        await db.execute("create table customers(id int primary key, name text)")

        async def fill(rows):
            await db.execute("delete from customers")
            await db.executemany("insert into customers values(?, 'name')", [(number,) for number in range(rows)])

        async def names():
            for (customer,) in await db.execute_fetchall("select id from customers"):
                await db.execute_fetchall("select name from customers where id = ?", (customer,))

        await async_database_performance_test(names, 3, scale=fill, rows=3)
"""


def test_a_coroutine_function_is_awaited_in_the_loop_of_the_test(suite: Suite) -> None:
    """
    Where the connection of its fixture lives; its rows are made there too.
    """
    suite.write("test_async.py", _ASYNC_TESTS)
    (result,) = suite.run().case("test_one_by_one").results

    assert isinstance(result, DatabaseResult)
    assert result.scaling is not None
    assert (result.scaling.queries_of_few, result.scaling.queries_of_many, result.queries) == (4, 31, 31)


@pytest.mark.asyncio
async def test_a_coroutine_function_in_a_running_loop_has_a_test_of_its_own() -> None:
    """
    The error names it.
    """

    async def ask() -> int:
        return 1

    with pytest.raises(TypeError, match="an event loop runs already, in which async_database_performance_test awaits"):
        database_performance_test(ask)
    assert (await async_database_performance_test(ask, 3)).iterations == 3


def test_a_database_that_explains_nothing_is_said(suite: Suite) -> None:
    """
    The hint names the connection.
    """
    suite.write(
        "test_plan.py",
        "from paceline.testkit import database_performance_test\n\n"
        "def test_plan():\n    database_performance_test(list, 1, explain=object())\n",
    )
    (result,) = suite.run().case("test_plan").results

    assert isinstance(result, DatabaseResult)
    assert result.hints[0].startswith("no plans: connections of builtins are not supported")


def test_what_asks_for_plans_is_no_query_of_the_test(suite: Suite) -> None:
    """
    The test has the queries that it sent itself, and the plan is a hint.
    """
    suite.write(
        "test_plan.py",
        "import sqlite3\n"
        "from paceline.testkit import database_performance_test\n\n"
        "def test_plan():\n"
        "    db = sqlite3.connect(':memory:')\n"
        "    db.execute('create table orders(id int)')\n"
        "    database_performance_test(lambda: db.execute('select id from orders'), 1, explain=db)\n",
    )
    case = suite.run().case("test_plan")

    assert [group.statement for group in case.queries] == ["create table orders(id int)"]
    assert case.usage[UsageKey.DB_QUERIES] == 1


def test_a_connection_of_sqlalchemy_is_asked_for_plans(suite: Suite) -> None:
    """
    By the connection of the driver within it.
    """
    suite.write(
        "test_plan.py",
        "import sqlalchemy\n"
        "from paceline.testkit import database_performance_test\n\n"
        "def test_plan():\n"
        "    with sqlalchemy.create_engine('sqlite://', future=True).connect() as db:\n"
        "        db.execute(sqlalchemy.text('create table orders(id int)'))\n"
        "        rows = sqlalchemy.text('select id from orders')\n"
        "        database_performance_test(lambda: db.execute(rows).all(), 1, explain=db)\n",
    )
    (result,) = suite.run().case("test_plan").results

    assert isinstance(result, DatabaseResult)
    assert result.hints == ("full scan of orders by select id from orders at test_plan.py:8",)


def test_a_plan_that_the_database_refuses_is_said(suite: Suite) -> None:
    """
    With the kind of its error; the result is there all the same.
    """
    suite.write(
        "test_plan.py",
        "import sqlite3\n"
        "from paceline.testkit import database_performance_test\n\n"
        "def test_plan():\n"
        "    connection, closed = sqlite3.connect(':memory:'), sqlite3.connect(':memory:')\n"
        "    closed.close()\n"
        "    database_performance_test(lambda: connection.execute('select 1'), 1, explain=closed)\n",
    )
    (result,) = suite.run().case("test_plan").results

    assert isinstance(result, DatabaseResult)
    assert (result.queries, result.hints) == (1, ("no plan of select ?: ProgrammingError",))
