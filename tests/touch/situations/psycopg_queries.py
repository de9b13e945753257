import asyncio
import os

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

counts = pytest.mark.counts
ADDRESS = os.environ["POSTGRES"]


@pytest.fixture
def connection():
    with psycopg.connect(ADDRESS) as found:
        found.execute("create temporary table item (number integer, name text)")
        yield found
        found.rollback()


class LoggingCursor(psycopg.Cursor):
    def execute(self, query, params=None, **kwargs):
        self.log = query
        return super().execute(query, params, **kwargs)


@counts(3, setup=1)
def test_execute(connection):
    connection.execute("insert into item values (%s, %s)", (1, "a"))
    cursor = connection.cursor(row_factory=dict_row)
    assert cursor.execute("select number from item").fetchall() == [{"number": 1}]
    cursor.execute(b"select 1")


@counts(2, setup=1)
def test_many(connection):
    cursor = connection.cursor()
    cursor.executemany("insert into item values (%s, %s)", [(number, "a") for number in range(20)])
    cursor.executemany("select %s::int", [(1,), (2,)], returning=True)


@counts(2, setup=1)
def test_composed(connection, token):
    query = sql.SQL("select {}, {} from item").format(sql.Identifier("number"), sql.Literal(token))
    connection.execute(query)
    psycopg.ClientCursor(connection).execute("select %s", (token,))


@counts(1, setup=1)
def test_failures(connection):
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("select * from nowhere")


@counts(1, setup=1)
def test_transactions(connection):
    with connection.transaction(), connection.transaction():
        connection.execute("insert into item values (1, 'a')")
    connection.execute("SET application_name = 'shop'")
    connection.commit()


@counts(3, setup=1)
def test_pipeline(connection):
    with connection.pipeline():
        cursors = [connection.execute("select %s::int", (number,)) for number in range(3)]
        assert [cursor.fetchone() for cursor in cursors] == [(0,), (1,), (2,)]


@counts(2, setup=1)
def test_stream(connection):
    cursor = connection.cursor()
    assert [row[0] for row in cursor.stream("select generate_series(1, %s)", (5,))] == [1, 2, 3, 4, 5]
    for row in cursor.stream("select generate_series(1, 3)"):
        assert row == (1,)
        break


@counts(2, setup=1)
def test_copy(connection):
    with connection.cursor().copy("copy item (number, name) from stdin") as copy:
        copy.write_row((1, "a"))
    with connection.cursor().copy("copy item to stdout") as copy:
        assert [row[1] for row in copy.rows()] == ["a"]


@counts(1, setup=1)
def test_server_cursor(connection):
    with connection.cursor("mine") as cursor:
        cursor.execute("select generate_series(1, 50)")
        assert len(cursor.fetchmany(10)) == 10
        assert len(cursor.fetchall()) == 40


@counts(2, setup=1)
def test_cursor_of_the_user(connection):
    connection.cursor_factory = LoggingCursor
    assert connection.execute("select 1").log == "select 1"
    connection.cursor().execute("select 2")


async def _use_async():
    async with await psycopg.AsyncConnection.connect(ADDRESS) as connection:
        await connection.execute("create temporary table item (number integer)")
        async with connection.cursor() as cursor:
            await cursor.execute("insert into item values (%s)", (1,))
            await cursor.executemany("insert into item values (%s)", [(2,), (3,)])
            assert [row async for row in cursor.stream("select * from item")] == [(1,), (2,), (3,)]
            async with cursor.copy("copy item to stdout") as copy:
                assert [row async for row in copy.rows()] == [("1",), ("2",), ("3",)]
        async with connection.cursor("mine") as cursor:
            await cursor.execute("select * from item")
            assert len(await cursor.fetchall()) == 3
        async with connection.pipeline():
            await asyncio.gather(*(connection.execute("select 1") for _ in range(2)))


@counts(8)
def test_async():
    asyncio.run(_use_async())


@counts(2)
def test_a_test_that_patches_it(monkeypatch):
    with psycopg.connect(ADDRESS) as connection:
        connection.execute("select 1")
        monkeypatch.setattr(psycopg.Cursor, "execute", lambda *_: "mine")
        assert connection.cursor().execute("select 2") == "mine"
        monkeypatch.undo()
        connection.execute("select 3")


@counts(2, setup=1)
def test_arguments_by_name(connection):
    connection.execute(query="select %s", params=(1,))
    with connection.cursor().copy(statement="copy item to stdout") as copy:
        assert not list(copy)
