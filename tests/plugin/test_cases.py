"""
Every kind of test becomes a case, and keeps the outcome that pytest gives it.
"""

from support.suite import Suite

_KINDS = """
    import unittest, pytest

    @pytest.mark.parametrize("n", [1, 2])
    def test_parametrized(n): pass

    class TestClass:
        def test_method(self): pass

    class TestUnittest(unittest.TestCase):
        def test_old(self): self.assertTrue(True)
        def test_old_fails(self): self.assertTrue(False)

    def test_fails(): assert False

    @pytest.mark.skip
    def test_skipped(): pass

    def test_skips_itself(): pytest.skip("no")

    @pytest.mark.xfail
    def test_xfails(): assert False

    @pytest.mark.xfail(strict=False)
    def test_xpasses(): pass

    @pytest.mark.xfail(run=False)
    def test_not_run(): pass

    @pytest.fixture
    def broken(): raise ValueError

    @pytest.fixture
    def broken_late():
        yield
        raise ValueError

    def test_error_in_setup(broken): pass
    def test_error_in_teardown(broken_late): pass
"""
_OUTCOMES = {
    "test_parametrized[1]": "passed",
    "test_parametrized[2]": "passed",
    "TestClass::test_method": "passed",
    "TestUnittest::test_old": "passed",
    "TestUnittest::test_old_fails": "failed",
    "test_fails": "failed",
    "test_skipped": "skipped",
    "test_skips_itself": "skipped",
    "test_xfails": "xfailed",
    "test_xpasses": "xpassed",
    "test_not_run": "xfailed",
    "test_error_in_setup": "error",
    "test_error_in_teardown": "error",
}


def test_outcomes_are_pytests(suite: Suite) -> None:
    """
    Each test is one case with pytest's own outcome.
    """
    suite.write("test_kinds.py", _KINDS)

    assert suite.run().outcomes == _OUTCOMES


def test_outcomes_are_the_same_under_xdist(suite: Suite) -> None:
    """
    Two workers make the same cases as one process, in one run.
    """
    suite.write("test_kinds.py", _KINDS)
    result = suite.run("-n", "2")

    assert result.outcomes == _OUTCOMES
    assert result.kept_runs() == 1
    assert result.case("test_parametrized[1]").duration_seconds is not None


def test_a_family_is_the_test_without_its_parameters(suite: Suite) -> None:
    """
    Parameters are part of the id and not of the family, whatever characters they have.
    """
    suite.write(
        "test_family.py",
        """
        import pytest

        @pytest.mark.parametrize("text", ["a[0]", "b]", "::"])
        def test_text(text): pass
        """,
    )
    cases = suite.run().run.cases

    assert [case.id for case in cases] == [f"test_family.py::test_text[{text}]" for text in ("a[0]", "b]", "::")]
    assert {case.family for case in cases} == {"test_family.py::test_text"}


def test_async_tests_are_timed_to_their_end(suite: Suite) -> None:
    """
    With pytest-asyncio and with anyio the awaited time is the test's time, and a failure is a failure.
    """
    suite.write(
        "test_async.py",
        """
        import asyncio, anyio, pytest

        @pytest.mark.asyncio
        async def test_asyncio(): await asyncio.sleep(0.05)

        @pytest.mark.asyncio
        async def test_asyncio_fails():
            await asyncio.sleep(0)
            assert False

        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio"])
        async def test_anyio(anyio_backend): await anyio.sleep(0.05)
        """,
    )
    result = suite.run("-p", "anyio")

    assert result.outcomes == {
        "test_asyncio": "passed",
        "test_asyncio_fails": "failed",
        "test_anyio[asyncio]": "passed",
    }
    assert (result.case("test_asyncio").duration_seconds or 0) >= 0.05
    assert (result.case("test_anyio[asyncio]").duration_seconds or 0) >= 0.05


def test_an_async_test_without_a_plugin_is_not_called_passed(suite: Suite) -> None:
    """
    Where nothing can run a coroutine, the case has the outcome that pytest gives: before 8.4 it skips the test.
    """
    suite.write("test_async.py", "async def test_lonely(): pass\n")
    result = suite.run("-p", "no:asyncio", "-p", "no:anyio", "-o", "asyncio_default_fixture_loop_scope=")

    assert result.outcomes == {"test_lonely": "failed" if "1 failed" in result.output else "skipped"}
    assert "passed" not in result.output


def test_doctests_are_cases(suite: Suite) -> None:
    """
    Doctests in modules and in text files are measured like tests.
    """
    suite.write("cart.py", '"""\n>>> 1 + 1\n2\n"""\n')
    suite.write("guide.txt", ">>> 1 + 1\n3\n")
    result = suite.run("--doctest-modules", "--doctest-glob=*.txt")

    assert {case.id: case.outcome.value for case in result.run.cases} == {
        "cart.py::cart": "passed",
        "guide.txt::guide.txt": "failed",
    }


def test_retries_are_attempts_of_one_case(suite: Suite) -> None:
    """
    pytest-rerunfailures makes one case with its attempts, in one process and under xdist.
    """
    suite.write(
        "test_retry.py",
        """
        tries = []

        def test_third_time():
            tries.append(1)
            assert len(tries) == 3

        def test_never(): assert False
        def test_at_once(): pass
        """,
    )
    for arguments in ((), ("-n", "2")):
        run = suite.run("--reruns", "3", *arguments).run

        assert {(case.id.partition("::")[2], case.outcome.value, case.attempts) for case in run.cases} == {
            ("test_third_time", "passed", 3),
            ("test_never", "failed", 4),
            ("test_at_once", "passed", 1),
        }
        assert [verdict.case for verdict in run.verdicts if verdict.kind == "flaky"] == [
            "test_retry.py::test_third_time"
        ]


def test_subtests_are_one_case(suite: Suite) -> None:
    """
    A test with subtests is one case, failed where one of them failed.
    """
    suite.write(
        "test_sub.py",
        """
        import unittest

        class TestSub(unittest.TestCase):
            def test_parts(self):
                for n in range(3):
                    with self.subTest(n=n):
                        self.assertNotEqual(n, 1)
        """,
    )

    assert suite.run().outcomes == {"TestSub::test_parts": "failed"}


def test_test_types(suite: Suite) -> None:
    """
    A marker decides, else the folder, else it is a unit test; patterns and types can be added.
    """
    suite.write("pyproject.toml", "[tool.paceline.test_types]\napi = ['web/*']\ncontract = ['pacts/*']\n")
    body = "def test_one(): pass\n"
    for path in ("test_a.py", "integration/test_b.py", "tests/e2e/test_c.py", "web/test_d.py", "pacts/test_e.py"):
        suite.write(path, body)
    suite.write("web/test_f.py", "import pytest\npytestmark = pytest.mark.e2e\n" + body)
    types = {case.id.partition("::")[0]: case.test_type for case in suite.run().run.cases}

    assert types == {
        "test_a.py": "unit",
        "integration/test_b.py": "integration",
        "tests/e2e/test_c.py": "e2e",
        "web/test_d.py": "api",
        "pacts/test_e.py": "contract",
        "web/test_f.py": "e2e",
    }
