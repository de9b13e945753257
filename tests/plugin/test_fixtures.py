"""
The time of fixtures in a session.
"""

import pytest

from paceline.model import FixtureTime
from paceline.verdict_kinds import VerdictKind
from support.suite import Result, Suite

_CLIENT = """
    import os, time, pytest

    @pytest.fixture(params=range(20))
    def client(request):
        time.sleep(0.2 if os.environ.get("SLOW") else 0.01)
        return object()

    def test_call(client): sum(range(100_000))
"""


def _fixture(result: Result, name: str) -> FixtureTime:
    return next(fixture for fixture in result.run.fixtures if fixture.name.endswith(f"::{name}"))


def test_a_fixture_that_every_test_waits_for_is_found(suite: Suite) -> None:
    """
    Twenty tests with a fixture that takes 200 ms instead of 10: a warning that names it, which fails the run if asked.
    """
    suite.write("test_shop.py", _CLIENT)
    suite.keep_before(suite.run().run, 9)
    result = suite.run("--paceline-fail-on", "fixture_regression", environ={"SLOW": "1"})
    (verdict,) = [one for one in result.run.verdicts if one.kind is VerdictKind.FIXTURE_REGRESSION]

    assert result.code == 10
    assert (verdict.severity, verdict.fixture, verdict.case) == ("warning", "test_shop.py::client", None)
    assert "fixture test_shop.py::client FIXTURE took " in result.told()
    assert "why: set-up: fixture test_shop.py::client " in result.told()
    assert "new in this run" in result.told()


def test_the_report_names_a_fixture_that_takes_much_of_the_session(suite: Suite) -> None:
    """
    Its scope, its time and that of the session.
    """
    suite.write(
        "test_shop.py",
        """
        import time, pytest

        @pytest.fixture(scope="session")
        def db(): time.sleep(1)

        def test_call(db): pass
        """,
    )
    result = suite.run()

    assert "fixtures session fixture test_shop.py::db 1" in result.told()
    assert " s of " in result.told().partition("::db")[2].partition("machine")[0]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_setups_of_repeats_are_not_counted(suite: Suite, workers: str) -> None:
    """
    A test that looks slower is measured again with its fixtures, which is no part of the run.
    """
    suite.write(
        "test_shop.py",
        """
        import os, time, pytest

        @pytest.fixture(scope="session")
        def db(): pass

        @pytest.fixture
        def client(db): pass

        def test_call(client): time.sleep(0.05 if os.environ.get("SLOW") else 0.001)
        """,
    )
    suite.keep_before(suite.run().run, 9)
    result = suite.run("-n", workers, environ={"SLOW": "1"})

    assert "measured again 3 times" in result.output or "in 3 repeats" in result.told()
    assert _fixture(result, "client").setups == _fixture(result, "db").setups == 1


def test_the_wait_of_a_fixture_is_its_own(suite: Suite) -> None:
    """
    A fixture of the session and one of each test wait for a CPU, without those that request them.
    """
    suite.write(
        "test_shop.py",
        """
        import os, pytest

        def wait_for_a_cpu():
            # Pinned to one CPU, a child that computes all the time takes half of it.
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            child = os.fork()
            while not child: pass
            for _ in range(3): sum(number * number for number in range(1_000_000))
            os.kill(child, 9)
            os.waitpid(child, 0)

        @pytest.fixture(scope="session")
        def disk(): wait_for_a_cpu()

        @pytest.fixture(scope="session")
        def db(disk): pass

        @pytest.fixture
        def table(db): wait_for_a_cpu()

        @pytest.fixture
        def client(table): pass

        def test_call(client): pass
        """,
    )
    result = suite.run()
    waits = {name: _fixture(result, name).cpu_wait_seconds for name in ("disk", "db", "table", "client")}

    for slow, quick in (("disk", "db"), ("table", "client")):
        waited, beside = waits[slow], waits[quick]
        assert waited is not None and waited > 0.05
        assert beside is not None and beside < waited / 2


def test_a_descriptor_that_a_test_closed_costs_no_wait(suite: Suite) -> None:
    """
    The wait is read from a new descriptor, though the number of the old one stands for another file.
    """
    suite.write(
        "test_shop.py",
        """
        import os, pytest

        @pytest.fixture
        def table(): sum(range(100_000))

        @pytest.mark.parametrize("number", range(2))
        def test_call(table, number):
            for entry in os.listdir("/proc/self/fd"):
                try: path = os.readlink(f"/proc/self/fd/{entry}")
                except OSError: continue
                if path.endswith("/schedstat"):
                    other = os.open(__file__, os.O_RDONLY)
                    os.dup2(other, int(entry))
                    os.close(other)
        """,
    )
    result = suite.run()

    assert result.code == 0
    assert _fixture(result, "table").setups == 2
    assert _fixture(result, "table").cpu_wait_seconds is not None
