import asyncio
import sqlite3
import unittest
from concurrent.futures import ThreadPoolExecutor

import aiosqlite
import anyio
import pytest
import pytest_asyncio

counts = pytest.mark.counts


def ask(times=1):
    connection = sqlite3.connect(":memory:")
    for _ in range(times):
        connection.execute("select 1")
    connection.close()


async def ask_async(times=1):
    async with aiosqlite.connect(":memory:") as connection:
        for _ in range(times):
            await connection.execute("select 1")


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def of_the_module(anyio_backend):
    ask(7)
    await ask_async(2)
    yield
    ask(5)


@pytest.fixture
async def of_the_test(anyio_backend):
    await ask_async(2)
    yield
    ask(4)


@counts(3)
@pytest.mark.anyio
async def test_anyio(anyio_backend):
    ask()
    await ask_async(2)


@counts(2)
@pytest.mark.anyio
async def test_anyio_with_a_fixture_of_the_module(of_the_module):
    await ask_async(2)


@counts(1, setup=2)
@pytest.mark.anyio
async def test_anyio_with_a_fixture_of_the_test(of_the_module, of_the_test):
    ask()


@counts(6)
@pytest.mark.anyio
async def test_anyio_tasks_and_threads(anyio_backend):
    async with anyio.create_task_group() as group:
        group.start_soon(ask_async, 3)
        group.start_soon(anyio.to_thread.run_sync, ask, 3)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def of_asyncio():
    await ask_async(9)
    yield
    await ask_async(3)


@pytest_asyncio.fixture
async def of_one_asyncio():
    await ask_async(3)
    yield


@counts(2)
@pytest.mark.asyncio(loop_scope="module")
async def test_asyncio_with_a_fixture_of_the_module(of_asyncio):
    await ask_async(2)


@counts(4, setup=3)
@pytest.mark.asyncio
async def test_asyncio_gather(of_one_asyncio):
    await asyncio.gather(*(ask_async() for _ in range(4)))


@counts(6)
@pytest.mark.asyncio
async def test_executors():
    await asyncio.to_thread(ask, 2)
    await asyncio.get_running_loop().run_in_executor(None, ask, 2)
    with ThreadPoolExecutor(1) as pool:
        await asyncio.get_running_loop().run_in_executor(pool, ask, 2)


@counts(2)
def test_asyncio_run_in_a_thread():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(ask_async(2))).result()


class Old(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        await ask_async(1)

    @counts(3)
    async def test_old(self):
        await ask_async(2)
