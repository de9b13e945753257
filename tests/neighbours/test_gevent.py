"""
Queries of greenlets of gevent, which patches threads, sockets and locks.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from paceline.usage import UsageKey
from support.asking_server import ASKING_SERVER
from support.neighbours import Beside

pytestmark = pytest.mark.stack
# Locust needs gevent.
_REQUIREMENTS = "requirements-locust"
_CONFTEST = """
    from gevent import monkey

    monkey.patch_all()
"""
_TESTS = """
    import sqlite3
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor
    from urllib.request import urlopen

    import gevent
    import pytest

    def ask(times=1):
        connection = sqlite3.connect(":memory:")
        for _ in range(times):
            connection.execute("select 1").fetchone()
            time.sleep(0.001)
        connection.close()

    @pytest.fixture(scope="module")
    def server():
        from asking_server import asking_server

        with asking_server(ask) as url:
            yield url

    def test_greenlets(): gevent.joinall([gevent.spawn(ask, 20) for _ in range(3)])

    def test_threads():
        threads = [threading.Thread(target=ask, args=(5,)) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()

    def test_pool():
        with ThreadPoolExecutor(3) as pool: list(pool.map(ask, [2, 2]))

    def test_server(server): assert urlopen(server).status == 204

    def test_nothing(): pass
"""
_QUERIES: Mapping[str, int | None] = {
    "test_greenlets": 60,
    "test_threads": 20,
    "test_pool": 4,
    "test_server": 3,
    "test_nothing": None,
}


def test_queries_of_greenlets_are_those_of_the_test(tmp_path: Path) -> None:
    """
    As long as no greenlet outlives its test.
    """
    suite = Beside(tmp_path, requirements=_REQUIREMENTS)
    suite.write("asking_server.py", ASKING_SERVER)
    suite.write("conftest.py", _CONFTEST)
    suite.write("test_suite.py", _TESTS)
    result = suite.run()

    assert set(result.outcomes.values()) == {"passed"}, result.output
    assert {case.id.partition("::")[2]: case.usage.get(UsageKey.DB_QUERIES) for case in result.run.cases} == _QUERIES
