"""
Whose a query is: that of the test, of its fixtures, or of a thread in the background.
"""

from collections.abc import Mapping

import pytest

from paceline.model import Case
from paceline.usage import UsageKey
from support.asking_server import ASKING_SERVER
from support.suite import Suite

_CONFTEST = """
    import sqlite3
    import threading
    import time

    import pytest

    def ask(times=1, statement="select 1"):
        connection = sqlite3.connect(":memory:")
        for _ in range(times):
            connection.execute(statement).fetchone()
        connection.close()

    @pytest.fixture(autouse=True)
    def two_of_a_fixture():
        ask(2)

    @pytest.fixture(scope="session")
    def nine_of_the_session():
        ask(9)

    @pytest.fixture(scope="session")
    def poller():
        stop = threading.Event()

        def poll():
            while not stop.wait(0.005):
                ask()

        thread = threading.Thread(target=poll)
        thread.start()
        yield
        stop.set()
        thread.join()

    @pytest.fixture(scope="module")
    def server():
        from asking_server import asking_server

        with asking_server(ask) as url:
            yield url
"""
_TESTS = """
    import asyncio
    import multiprocessing
    import os
    import threading
    import time
    import unittest
    from concurrent.futures import ThreadPoolExecutor
    from urllib.request import urlopen

    import pytest
    from conftest import ask

    POOL = ThreadPoolExecutor(2)
    LEFT = threading.Event()

    def test_body(): ask(3)

    def test_session_fixture(nine_of_the_session): ask(3)

    def test_session_fixture_inside(request):
        ask()
        request.getfixturevalue("nine_of_the_session")
        ask()

    def test_thread():
        threads = [threading.Thread(target=ask, args=(2,)) for _ in range(2)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()

    def test_pool_is_made():
        list(POOL.map(ask, [1, 1]))

    def test_pool_of_the_module():
        list(POOL.map(ask, [2, 2]))

    def test_asyncio_run():
        async def main():
            await asyncio.gather(asyncio.to_thread(ask, 2), asyncio.to_thread(ask, 2))
            ask(2)
        asyncio.run(main())

    @pytest.mark.asyncio
    async def test_pytest_asyncio():
        ask()
        await asyncio.to_thread(ask)

    class TestOld(unittest.TestCase):
        def setUp(self): ask(2)
        def test_old(self): ask()

    def test_forked_child():
        ask()
        child = os.fork()
        if not child:
            try:
                ask(5)
            finally:
                os._exit(0)
        assert os.waitpid(child, 0)[1] == 0

    def test_child_of_multiprocessing():
        child = multiprocessing.get_context("fork").Process(target=ask, args=(5,))
        child.start()
        child.join()
        assert child.exitcode == 0

    def test_server(server):
        assert urlopen(server).status == 204

    def test_leaves_a_thread():
        def later():
            LEFT.wait(2)
            ask(6)
        threading.Thread(target=later, name="left").start()

    def test_after_that():
        LEFT.set()
        for thread in threading.enumerate():
            if thread.name == "left": thread.join()

    def test_poller(poller):
        ask()
        time.sleep(0.1)

    def test_eight_threads(poller):
        threads = [threading.Thread(target=ask, args=(1000,)) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()

    def test_control():
        ask(4, "pragma user_version")

    def test_failing():
        with pytest.raises(Exception): ask(1, "select nothing")

    def test_nothing(): pass
"""
# By the name of the test: its queries in the call.
_QUERIES = {
    "test_body": 3,
    "test_session_fixture": 3,
    "test_session_fixture_inside": 2,
    "test_thread": 4,
    "test_pool_is_made": 2,
    "test_pool_of_the_module": 4,
    "test_asyncio_run": 6,
    "test_pytest_asyncio": 2,
    "TestOld::test_old": 3,
    "test_forked_child": 1,
    "test_child_of_multiprocessing": None,
    "test_server": 3,
    "test_leaves_a_thread": None,
    "test_after_that": None,
    "test_poller": 1,
    "test_eight_threads": 8000,
    "test_control": None,
    "test_failing": 1,
    "test_nothing": None,
}


@pytest.fixture(scope="module", params=[(), ("-n", "2")], ids=["alone", "workers"])
def cases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Case]:
    """
    The cases of a suite that was run, by the name of the test.
    """
    suite = Suite(tmp_path_factory.mktemp("suite"))
    suite.write("asking_server.py", ASKING_SERVER)
    suite.write("conftest.py", _CONFTEST)
    suite.write("test_suite.py", _TESTS)
    result = suite.run("-p", "no:randomly", *request.param)

    assert set(result.outcomes.values()) == {"passed"}, result.output
    return {case.id.partition("::")[2]: case for case in result.run.cases}


def test_the_call_has_the_queries_of_the_test(cases: Mapping[str, Case]) -> None:
    """
    Also those of its threads, pools and tasks, and of a server that it asks; not those of other threads and of child
    processes.
    """
    assert {name: case.usage.get(UsageKey.DB_QUERIES) for name, case in cases.items()} == _QUERIES


def test_queries_of_fixtures_are_kept_apart(cases: Mapping[str, Case]) -> None:
    """
    The setup has those of its own fixtures; fixtures of a wider scope are nobody's.
    """
    assert {case.usage.get(UsageKey.SETUP_DB_QUERIES) for case in cases.values()} == {2}


def test_queries_of_other_threads_are_in_the_background(cases: Mapping[str, Case]) -> None:
    """
    A poller of the session asks while a test sleeps, and the test before left a thread.
    """
    assert (cases["test_poller"].usage.get(UsageKey.BACKGROUND_DB_QUERIES) or 0) >= 2
    assert cases["test_body"].usage.get(UsageKey.BACKGROUND_DB_QUERIES) is None
