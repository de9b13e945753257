import asyncio
import os

import aiomysql
import pymysql
import pytest

counts = pytest.mark.counts
PORT = int(os.environ["MARIADB_PORT"])
ADDRESS = {"host": "127.0.0.1", "port": PORT, "user": "root"}


@pytest.fixture
def connection():
    found = pymysql.connect(**ADDRESS, database="shop")
    found.cursor().execute("create temporary table item (number integer, name text)")
    yield found
    found.close()


@counts(3, setup=1)
def test_execute(connection):
    cursor = connection.cursor(pymysql.cursors.DictCursor)
    cursor.execute("insert into item values (%s, %s)", (1, "a"))
    cursor.execute("select number from item where name = %(name)s", {"name": "a"})
    assert cursor.fetchall() == [{"number": 1}] or cursor.rowcount == 1
    cursor.execute(b"select 1")


@counts(2, setup=1)
def test_many(connection, token):
    cursor = connection.cursor()
    cursor.executemany("insert into item values (%s, %s)", [(number, token) for number in range(2000)])
    cursor.executemany("update item set name = %s where number = %s", [("a", 1), ("b", 2)])


@counts(1, setup=1)
def test_unbuffered(connection):
    cursor = connection.cursor(pymysql.cursors.SSCursor)
    cursor.execute("select 1 union select 2")
    assert len(cursor.fetchall()) == 2


@counts(2, setup=1)
def test_failures(connection):
    cursor = connection.cursor()
    with pytest.raises(pymysql.ProgrammingError):
        cursor.execute("select * from nowhere")
    with pytest.raises(pymysql.ProgrammingError):
        cursor.execute("selekt")


@counts(1, setup=1)
def test_transactions(connection):
    connection.begin()
    connection.cursor().execute("select 1")
    connection.cursor().execute("set autocommit = 1")
    connection.commit()
    connection.ping()


@counts(1, setup=1)
def test_secrets(connection, token):
    connection.cursor().execute(f"select \"{token} \\\" {token}\", '{token}', %s # {token}", (token,))


@counts(1)
def test_procedure(connection_with_procedure):
    connection_with_procedure.cursor().callproc("one", (1, 2))


@pytest.fixture(scope="module")
def connection_with_procedure():
    found = pymysql.connect(**ADDRESS, database="shop")
    found.cursor().execute("create procedure one(a integer, b integer) select a, b")
    yield found
    found.cursor().execute("drop procedure one")
    found.close()


@counts(4)
def test_async():
    async def run():
        connection = await aiomysql.connect(**ADDRESS, db="shop")
        async with connection.cursor() as cursor:
            await cursor.execute("create temporary table item (number integer, name text)")
            await cursor.executemany("insert into item values (%s, %s)", [(1, "a"), (2, "b")])
            await cursor.execute("select number from item where name = %s", ("a",))
            assert await cursor.fetchall() == ((1,),)
            with pytest.raises(pymysql.ProgrammingError):
                await cursor.execute("select * from nowhere")
        await connection.commit()
        connection.close()

    asyncio.run(run())


@counts(4)
def test_async_pool():
    async def send(pool, number):
        async with pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("select %s", (number,))

    async def run():
        async with aiomysql.create_pool(**ADDRESS, db="shop", maxsize=2) as pool:
            await asyncio.gather(*(send(pool, number) for number in range(4)))

    asyncio.run(run())


@counts(3)
def test_arguments_by_name(connection_with_procedure):
    cursor = connection_with_procedure.cursor()
    cursor.execute(query="select %s", args=(1,))
    cursor.executemany(query="select %s", args=[(1,)])
    cursor.callproc(procname="one", args=(1, 2))
