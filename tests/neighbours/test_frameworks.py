"""
Beside plugins that run tests in their own way: event loops, databases, generated input, subtests, greenlets.
"""

from pathlib import Path

import pytest

from paceline.translated_names import RunCount
from support.neighbours import Neighbour, differences, misjudged, observe, slower

_ASYNCIO = """
    import asyncio

    import pytest
    import pytest_asyncio

    @pytest_asyncio.fixture(loop_scope="module", scope="module")
    async def till():
        await asyncio.sleep(0)
        yield 1

    @pytest.mark.asyncio(loop_scope="module")
    async def test_awaits(till):
        await asyncio.sleep(0.001)

    @pytest.mark.asyncio
    async def test_fails():
        await asyncio.sleep(0)
        assert False

    @pytest.mark.asyncio
    @pytest.mark.xfail
    async def test_xfails():
        assert False
"""
_ANYIO = """
    import anyio
    import pytest

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    async def till():
        await anyio.sleep(0)
        yield 1

    async def test_awaits(till):
        await anyio.sleep(0.001)

    async def test_fails(till):
        assert False
"""
_TRIO = """
    import pytest
    import trio

    @pytest.fixture
    async def till():
        await trio.sleep(0)
        yield 1

    @pytest.mark.trio
    async def test_awaits(till):
        await trio.sleep(0.001)

    @pytest.mark.trio
    async def test_fails(till):
        assert False
"""
_SETTINGS = """
    SECRET_KEY = "x"
    USE_TZ = True
    INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""
_DJANGO = """
    import os
    import time

    import pytest
    from django.contrib.auth.models import User
    from django.test import TestCase

    @pytest.mark.django_db
    def test_saves():
        User.objects.create_user("ann")
        assert User.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_commits():
        User.objects.create_user("ann")

    def test_may_not():
        User.objects.count()

    class TestShop(TestCase):
        @classmethod
        def setUpTestData(cls):
            User.objects.create_user("ann")

        def test_counts(self):
            with self.assertNumQueries(1):
                assert User.objects.count() == 1

        def test_changes(self):
            time.sleep(float(os.environ["SECONDS"]))
            assert User.objects.count() == 1
"""
_HYPOTHESIS = """
    from hypothesis import given, seed, settings, strategies

    @seed(1)
    @settings(database=None, max_examples=20, deadline=None)
    @given(strategies.integers())
    def test_holds(n):
        assert n + 0 == n

    @seed(1)
    @settings(database=None, max_examples=20, deadline=None)
    @given(strategies.integers())
    def test_does_not_hold(n):
        assert n == 0
"""
_SUBTESTS = """
    import os
    import time
    import unittest

    def test_changes(subtests):
        for n in range(3):
            with subtests.test(n=n):
                time.sleep(float(os.environ["SECONDS"]) / 3)

    def test_one_fails(subtests):
        for n in range(3):
            with subtests.test(n=n):
                assert n != 1

    class TestTill(unittest.TestCase):
        def test_opens(self):
            with self.subTest("one"):
                pass
            with self.subTest("two"):
                self.fail()
"""
_UNITTEST = """
    import os
    import time
    import unittest
    from conftest import note

    class TestTill(unittest.IsolatedAsyncioTestCase):
        async def test_awaits(self): pass

    class TestShop(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            note("fixture", "class made")

        @classmethod
        def tearDownClass(cls):
            note("fixture", "class gone")

        def test_changes(self):
            time.sleep(float(os.environ["SECONDS"]))

        def test_fails(self):
            self.fail()

        @unittest.expectedFailure
        def test_expected(self):
            self.fail()

        @unittest.skip("closed")
        def test_skipped(self): pass
"""
_DOCTESTS = '''
    def price(count):
        """
        >>> price(2)
        4
        """
        return 2 * count
'''
_GEVENT = """
    import socket
    import time

    import gevent
    from gevent import monkey

    def test_is_patched():
        assert monkey.is_module_patched("socket")

    def test_greenlets_wait_together():
        waits = [gevent.spawn(time.sleep, 0.01) for _ in range(20)]
        gevent.joinall(waits)
        assert all(wait.successful() for wait in waits)

    def test_answers():
        one, other = socket.socketpair()
        with one, other:
            reader = gevent.spawn(other.recv, 10)
            one.sendall(b"open")
            assert reader.get(timeout=10) == b"open"
"""
_TIMEOUTS = """
    import time

    import pytest

    @pytest.mark.timeout(0.2)
    def test_takes_too_long():
        time.sleep(20)

    @pytest.mark.timeout(20)
    def test_is_quick(): pass
"""

NEIGHBOURS = [
    Neighbour(
        "asyncio",
        ("asyncio",),
        ("-o", "asyncio_default_fixture_loop_scope=function"),
        files={"test_async.py": _ASYNCIO},
    ),
    Neighbour("anyio", ("anyio",), files={"test_async.py": _ANYIO}),
    Neighbour("trio", ("trio",), files={"test_async.py": _TRIO}, is_clean=False),
    Neighbour(
        "django",
        ("django",),
        files={"settings.py": _SETTINGS, "test_database.py": _DJANGO},
        changed="test_database.py::TestShop::test_changes",
        environ={"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": "."},
    ),
    Neighbour("hypothesis", ("hypothesispytest",), files={"test_given.py": _HYPOTHESIS}),
    Neighbour("subtests", files={"test_subtests.py": _SUBTESTS}, changed="test_subtests.py::test_changes"),
    Neighbour("unittest", files={"test_units.py": _UNITTEST}, changed="test_units.py::TestShop::test_changes"),
    Neighbour(
        "unittest, classes without a setup",
        files={"test_units.py": _UNITTEST.replace("setUpClass", "begin").replace("tearDownClass", "end")},
        changed="test_units.py::TestShop::test_changes",
    ),
    Neighbour(
        "gevent",
        arguments=("-p", "patched"),
        files={"patched.py": "from gevent import monkey\nmonkey.patch_all()\n", "test_greenlets.py": _GEVENT},
        environ={"PYTHONPATH": "."},
        is_clean=False,
    ),
    Neighbour("timeout", ("timeout",), ("--timeout=30",), {"test_limits.py": _TIMEOUTS}),
    Neighbour("doctest", arguments=("--doctest-modules",), files={"prices.py": _DOCTESTS}),
]


@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=str)
def test_a_framework_runs_the_same(neighbour: Neighbour, tmp_path: Path) -> None:
    """
    Reports and outcomes are those without Paceline, and Paceline has each test with its time; also where a test is
    slower than it was, so that Paceline measures it again.
    """
    plain = observe(neighbour, tmp_path / "plain", on=False)
    seen = observe(neighbour, tmp_path / "on", on=True)
    again = observe(neighbour, tmp_path / "again", on=True, slow_after=plain)

    assert differences(seen, plain) == {}
    assert misjudged(seen.result.run, plain) == {}
    assert seen.result.run.counts[RunCount.INTERNAL_FAILURES] == 0
    assert differences(again, plain) == {}
    assert misjudged(again.result.run, plain) == {}
    assert slower(again.result).get(neighbour.changed) is neighbour.is_repeated
