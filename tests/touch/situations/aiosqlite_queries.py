import asyncio
import sqlite3

import aiosqlite
import pytest

counts = pytest.mark.counts


def _run(function, path=":memory:"):
    async def run():
        async with aiosqlite.connect(path) as connection:
            await connection.execute("create table item (number integer)")
            return await function(connection)

    return asyncio.run(run())


@counts(4)
def test_connection():
    async def use(connection):
        await connection.execute("insert into item values (?)", (1,))
        async with connection.execute("select * from item") as cursor:
            assert [row async for row in cursor] == [(1,)]
        assert list(await connection.execute_fetchall("select * from item")) == [(1,)]

    _run(use)


@counts(5)
def test_cursor():
    async def use(connection):
        cursor = await connection.cursor()
        await cursor.execute("insert into item values (?)", [1])
        await cursor.executemany("insert into item values (?)", [(2,), (3,)])
        await cursor.executescript("delete from item; insert into item values (4)")
        await cursor.execute("select * from item")
        assert await cursor.fetchone() == (4,)

    _run(use)


@counts(3)
def test_many_and_inserts():
    async def use(connection):
        await connection.executemany("insert into item values (?)", [(1,), (2,)])
        assert await connection.execute_insert("insert into item values (3)") == (3,)
        await connection.commit()

    _run(use)


@counts(2)
def test_failures():
    async def use(connection):
        with pytest.raises(sqlite3.OperationalError):
            await connection.execute("select * from nowhere")

    _run(use)


@counts(5)
def test_gather(tmp_path):
    async def use(connection):
        await asyncio.gather(*(connection.execute("select ?", (number,)) for number in range(4)))

    _run(use, tmp_path / "shop.db")


@counts(2)
def test_secrets(token):
    async def use(connection):
        await connection.execute(f"select '{token}', ?", (token,))

    _run(use)


@counts(4)
def test_arguments_by_name():
    async def use(connection):
        await connection.execute(sql="select ?", parameters=(1,))
        await connection.executescript(sql_script="select 1")
        cursor = await connection.cursor()
        await cursor.execute(sql="select ?", parameters=(1,))

    _run(use)
