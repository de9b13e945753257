import asyncio
import io
import os

import asyncpg
import pytest

counts = pytest.mark.counts
ADDRESS = os.environ["POSTGRES"]


def _run(function):
    async def run():
        connection = await asyncpg.connect(ADDRESS)
        try:
            return await function(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


@counts(6)
def test_connection():
    async def use(connection):
        await connection.execute("create temporary table item (number integer)")
        await connection.execute("insert into item values ($1)", 1)
        await connection.executemany("insert into item values ($1)", [(2,), (3,)])
        assert len(await connection.fetch("select * from item")) == 3
        assert await connection.fetchval("select $1::int", 4) == 4
        assert (await connection.fetchrow("select 1 as one"))["one"] == 1

    _run(use)


@counts(4)
def test_prepared():
    async def use(connection):
        statement = await connection.prepare("select $1::int")
        assert await statement.fetchval(1) == 1
        assert (await statement.fetchrow(2))[0] == 2
        assert len(await statement.fetch(3)) == 1
        await statement.executemany([(1,), (2,)])

    _run(use)


@counts(2)
def test_cursors():
    async def use(connection):
        async with connection.transaction():
            assert len([row async for row in connection.cursor("select generate_series(1, 120)")]) == 120
            cursor = await connection.cursor("select generate_series(1, 30)")
            assert len(await cursor.fetch(10)) == 10
            assert len(await cursor.fetch(50)) == 20

    _run(use)


@counts(5)
def test_copies():
    async def use(connection):
        await connection.execute("create temporary table item (number integer, name text)")
        await connection.copy_records_to_table("item", records=[(1, "a")])
        await connection.copy_to_table("item", source=io.BytesIO(b"2\tb\n"))
        await connection.copy_from_table("item", output=io.BytesIO())
        await connection.copy_from_query("select * from item where number = $1", 1, output=io.BytesIO())

    _run(use)


@counts(1)
def test_failures():
    async def use(connection):
        with pytest.raises(asyncpg.UndefinedTableError):
            await connection.fetch("select * from nowhere")

    _run(use)


@counts(1)
def test_transactions_and_types():
    async def use(connection):
        async with connection.transaction():
            async with connection.transaction():
                await connection.execute("select 1")
        await connection.set_type_codec("json", encoder=str, decoder=str, schema="pg_catalog")
        await connection.execute("set application_name = 'shop'")

    _run(use)


@counts(5)
def test_pool():
    async def run():
        async with asyncpg.create_pool(ADDRESS, min_size=1, max_size=2) as pool:
            await asyncio.gather(*(pool.fetchval("select $1::int", number) for number in range(4)))
            async with pool.acquire() as connection:
                await connection.fetch("select 1")

    asyncio.run(run())


@counts(1)
def test_secrets(token):
    async def use(connection):
        await connection.fetch(f"select '{token}', $1::text", token)

    _run(use)


@counts(3)
def test_arguments_by_name():
    async def use(connection):
        await connection.execute(query="create temporary table item (number integer)")
        await connection.executemany(command="insert into item values ($1)", args=[(1,)])
        await connection.copy_from_table(table_name="item", output=io.BytesIO())

    _run(use)
