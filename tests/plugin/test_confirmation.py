"""
Tests that look slower are measured again before anyone is told.
"""

import re

import pytest

from paceline.model import Run
from paceline.verdict_kinds import VerdictKind
from support.suite import COMPUTE, Result, Suite
from support.values import with_seconds

_WORK = """
    import os, warnings
    import pytest
    from compute import compute

    SECONDS = [float(text) for text in os.environ["SECONDS"].split()]

    @pytest.fixture(scope="module")
    def made():
        print("module made")
        yield
        print("module gone")

    def test_changed(made):
        print("test runs")
        warnings.warn("told once")
        compute(SECONDS.pop(0) if len(SECONDS) > 1 else SECONDS[0])

    def test_steady(made): pass
"""


@pytest.fixture(autouse=True)
def _compute(suite: Suite) -> None:
    suite.write("compute.py", COMPUTE)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """
    A run in which the test took a hundredth of a second, however busy the machine is.
    """
    suite = Suite(tmp_path_factory.mktemp("usual"))
    suite.write("compute.py", COMPUTE)
    suite.write("test_work.py", _WORK)
    return with_seconds(suite.run(environ={"SECONDS": "0.01"}).run, 0.0101, "::test_changed")


@pytest.fixture
def known(suite: Suite, usual: Run) -> Suite:
    """
    The suite with ten such runs before.
    """
    suite.write("test_work.py", _WORK)
    suite.keep_before(usual, 10)
    return suite


def _runs_before(suite: Suite, source: str) -> None:
    """
    Ten such runs of other tests.
    """
    suite.write("test_work.py", source)
    first = suite.run(environ={"SECONDS": "0.01"}).run
    suite.keep_before(with_seconds(first, 0.0101, "::test_changed"), 9)


_COUNTS = """
    import json, pathlib

    def pytest_terminal_summary(terminalreporter):
        counts = {kind: len(reports) for kind, reports in terminalreporter.stats.items()}
        pathlib.Path("counts.json").write_text(json.dumps(counts, sort_keys=True))
"""


def _counts_of_pytest(suite: Suite, *arguments: str, on: bool) -> tuple[Result, str]:
    """
    Run the suite, and read which reports and warnings pytest counted.
    """
    suite.write("conftest.py", _COUNTS)
    result = suite.run(*arguments, environ={"SECONDS": "0.08"}, on=on)
    return result, (suite.folder / "counts.json").read_text("utf-8")


def _told(result: Result) -> dict[str, str]:
    """
    The reasons of all verdicts but of budgets, which a busy machine breaks.
    """
    kinds = {verdict.kind: verdict.reason for verdict in result.run.verdicts}
    return {kind.value: reason for kind, reason in kinds.items() if kind is not VerdictKind.BUDGET}


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_what_was_slow_once_is_not_confirmed(known: Suite, arguments: tuple[str, ...]) -> None:
    """
    In one process or in a worker: the run passes, says so, and history keeps what the repeats took.
    """
    result = known.run(*arguments, "--paceline-fail-on", "regression", environ={"SECONDS": "0.08 0.01"})
    (case,) = (case for case in result.run.cases if case.id.endswith("test_changed"))

    assert result.code == 0
    assert list(_told(result)) == ["unconfirmed"]
    assert "s in 3 repeats" in _told(result)["unconfirmed"].partition("; not confirmed: only ")[2]
    assert "1 not confirmed" in result.section()
    assert case.duration_seconds is not None and case.duration_seconds > 0.08
    assert case.normalized_duration_seconds is not None and case.normalized_duration_seconds < 0.05


@pytest.mark.parametrize(("package", "is_repeated"), [("", True), ("def setup_module(): pass", False)])
def test_tests_of_a_package_are_measured_again(suite: Suite, package: str, *, is_repeated: bool) -> None:
    """
    Where the package has no setup of its own, which nobody may see twice.
    """
    suite.write("shop/__init__.py", package)
    suite.write("shop/test_work.py", _WORK.replace("(made)", "()"))
    suite.write("test_after.py", "def test_after(): pass")
    first = suite.run(environ={"SECONDS": "0.01"}).run
    suite.keep_before(with_seconds(first, 0.0101, "::test_changed"), 9)
    told = _told(suite.run(environ={"SECONDS": "0.08"}))

    assert "its Package was torn down" in told["regression"] or is_repeated
    assert (" ms in 3 repeats" in told["regression"]) is is_repeated


_SETUP_OF_CLASS = "@classmethod\n        def setUpClass(cls): pass"


@pytest.mark.parametrize(("setup", "is_repeated"), [("number = 1", True), (_SETUP_OF_CLASS, False)])
def test_tests_of_unittest_are_measured_again(suite: Suite, setup: str, *, is_repeated: bool) -> None:
    """
    Though their class has ended, unless it has a setup of its own.
    """
    source = f"""
    import os, unittest
    from compute import compute

    class Common(unittest.TestCase):
        {setup}

    class TestShop(Common):
        def test_changed(self):
            with self.subTest(number=1):
                compute(float(os.environ["SECONDS"]))

    class TestTill(unittest.IsolatedAsyncioTestCase):
        async def test_after(self): pass
    """
    suite.write("test_work.py", source)
    first = suite.run(environ={"SECONDS": "0.01"}).run
    suite.keep_before(with_seconds(first, 0.0101, "::test_changed"), 9)
    told = _told(suite.run(environ={"SECONDS": "0.08"}))

    assert "its class fixture unittest_setUpClass was torn down" in told["regression"] or is_repeated
    assert (" ms in 3 repeats" in told["regression"]) is is_repeated


@pytest.mark.parametrize("arguments", [(), ("-n", "2"), ("-p", "no:setuponly", "-p", "no:junitxml")])
def test_what_is_slow_again_is_a_regression(known: Suite, arguments: tuple[str, ...]) -> None:
    """
    The reason says how often it was measured again, and what that took.
    """
    result = known.run(*arguments, "--paceline-fail-on", "regression", environ={"SECONDS": "0.08"})

    assert result.code == 10
    assert list(_told(result)) == ["regression"]
    # On a machine that stands still for seconds, a repeat does not end in time.
    assert re.search(r" ms in [23] repeats", _told(result)["regression"].partition("; again ")[2])


def test_pytest_sees_each_test_once(known: Suite) -> None:
    """
    Neither its counts nor its warnings, its reports and its output tell of a repeat; no wider fixture is made again.
    """
    _, plain = _counts_of_pytest(known, on=False)
    result, counts = _counts_of_pytest(known, "-s", "-rA", "--junitxml=junit.xml", on=True)

    assert result.output.count("test runs") == 1
    assert result.output.count("module made") == result.output.count("module gone") == 1
    assert counts == plain
    assert (known.folder / "junit.xml").read_text("utf-8").count("<testcase") == 2
    assert "paceline: measuring 1 test again, for at most 30 s" in result.output
    assert "paceline: measured again 3 times in " in result.output


def test_setup_is_shown_once(known: Suite) -> None:
    """
    What --setup-show tells of a test is told of its first run.
    """
    result = known.run("--setup-show", environ={"SECONDS": "0.08"})

    assert "regression" in _told(result)
    assert result.output.count("SETUP    M made") == 1
    assert result.output.count("TEARDOWN M made") == 1


def test_what_a_test_writes_into_the_junit_file_is_written_once(known: Suite) -> None:
    """
    Two fixtures of pytest write there without a report, and so would those of a repeat.
    """
    source = """
        import os
        from compute import compute

        def test_changed(record_xml_attribute, record_testsuite_property):
            record_xml_attribute("priority", "high")
            record_testsuite_property("shop", "open")
            compute(float(os.environ["SECONDS"]))

        def test_steady(): pass
    """
    known.write("test_work.py", source)
    result = known.run("--junitxml=junit.xml", environ={"SECONDS": "0.08"})
    written = (known.folder / "junit.xml").read_text("utf-8")

    assert "regression" in _told(result)
    assert written.count("<testcase") == 2
    assert written.count('name="shop"') == 1


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_subtests_are_told_once(suite: Suite, arguments: tuple[str, ...]) -> None:
    """
    A test reports its subtests by itself, and would do so for each repeat.
    """
    source = """
        import os, unittest
        from compute import compute

        class TestShop(unittest.TestCase):
            def test_changed(self):
                with self.subTest("one"):
                    compute(float(os.environ["SECONDS"]))

            def test_steady(self): pass
    """
    _runs_before(suite, source)
    _, plain = _counts_of_pytest(suite, *arguments, "-v", on=False)
    result, counts = _counts_of_pytest(suite, *arguments, "-v", on=True)

    assert " in 3 repeats" in _told(result)["regression"]
    assert counts == plain


def test_an_error_that_pytest_has_still_to_tell_is_told(known: Suite) -> None:
    """
    What the garbage of a test does wrong is told by pytest when all tests have ended, and repeats do not take it.
    """
    source = (
        _WORK
        + """
    class Rude:
        def __init__(self):
            self.itself = self
        def __del__(self):
            raise ValueError("rude")

    def test_rude():
        Rude()
    """
    )
    known.write("test_work.py", source)
    plain = known.run("-W", "error", "--deselect", "test_work.py::test_changed", on=False, environ={"SECONDS": "0.08"})
    result = known.run(
        "-W", "error:rude", "-W", "error::pytest.PytestUnraisableExceptionWarning", environ={"SECONDS": "0.08"}
    )

    assert _told(result)["regression"].partition("; again ")[2]
    # Before 8.4 pytest ended before it looked for the garbage of the last test.
    assert (plain.code, result.code) == (int(pytest.version_tuple >= (8, 4)), 1)
    assert "ValueError: rude" in result.output


@pytest.mark.parametrize("arguments", [("-q",), ("--setup-show",)])
def test_what_is_measured_again_is_said_on_a_line_of_its_own(known: Suite, arguments: tuple[str, ...]) -> None:
    """
    Also where pytest has left a line open.
    """
    result = known.run(*arguments, environ={"SECONDS": "0.08"})

    assert "paceline: measuring 1 test again, for at most 30 s" in result.output.splitlines()


@pytest.mark.parametrize(
    ("source", "settings", "arguments"),
    [
        (
            _WORK.replace("    def test_changed", "    @pytest.mark.performance(confirm=False)\n    def test_changed"),
            "",
            (),
        ),
        (_WORK, "[tool.paceline.confirmation]\nenabled = false\n", ()),
        (_WORK, "", ("--paceline-no-confirm",)),
    ],
)
def test_what_is_not_measured_again_is_believed(
    known: Suite, source: str, settings: str, arguments: tuple[str, ...]
) -> None:
    """
    A test, a project or a session may opt out.
    """
    known.write("test_work.py", source)
    known.write("pyproject.toml", settings)
    result = known.run("-s", *arguments, environ={"SECONDS": "0.08 0.01"})

    assert list(_told(result)) == ["regression"]
    assert "; again " not in _told(result)["regression"]
    assert "paceline: measur" not in result.output


def test_no_repeat_is_begun_when_time_is_up(known: Suite) -> None:
    """
    What was measured until then decides.
    """
    known.write("pyproject.toml", "[tool.paceline.confirmation]\nseconds = 0.001\n")
    result = known.run("-s", environ={"SECONDS": "0.08"})

    assert "paceline: measured again 1 time in " in result.output
    assert re.search(r" ms in 1 repeat\b", _told(result)["regression"])


def test_a_repeat_that_fails_says_nothing(known: Suite) -> None:
    """
    A test that passes only the first time in a process is no failure, and its first time counts.
    """
    known.write(
        "test_work.py",
        """
        from compute import compute
        ran = []
        def test_changed():
            assert not ran
            ran.append(True)
            compute(0.08)
        def test_steady(): pass
        """,
    )
    result = known.run()

    assert result.code == 0
    assert list(_told(result)) == ["regression"]


def test_an_expected_failure_is_measured_again(suite: Suite) -> None:
    """
    It fails again as it did first, and that is no reason to believe its first time.
    """
    source = """
        import os
        from compute import compute
        import pytest

        SECONDS = [float(text) for text in os.environ["SECONDS"].split()]

        @pytest.mark.xfail
        def test_changed():
            compute(SECONDS.pop(0) if len(SECONDS) > 1 else SECONDS[0])
            raise AssertionError

        def test_steady(): pass
    """
    _runs_before(suite, source)
    result = suite.run(environ={"SECONDS": "0.08 0.01"})

    assert list(_told(result)) == ["unconfirmed"]


def test_garbage_that_is_not_collected_yet_is_no_leak(suite: Suite) -> None:
    """
    Objects that hold each other are taken away some time after their test: nobody keeps them.
    """
    suite.write(
        "test_memory.py",
        """
        import gc
        gc.disable()  # else the collector may come before the memory is read

        class Node:
            def __init__(self):
                self.itself, self.content = self, bytearray(2 << 20)
        def test_makes_garbage(): Node()
        """,
    )
    for _ in range(3):
        result = suite.run()

    assert [verdict.kind.value for verdict in result.run.verdicts] == ["unconfirmed"]


@pytest.mark.parametrize("arguments", [(), ("-n", "1")])
@pytest.mark.parametrize(("seconds", "kind", "code"), [("0.15 0.01", "unconfirmed", 0), ("0.15", "budget", 10)])
def test_a_broken_budget_that_fails_the_run_is_measured_again(
    suite: Suite, arguments: tuple[str, ...], seconds: str, kind: str, code: int
) -> None:
    """
    In one process and in a worker; what was over its budget once fails nothing.
    """
    suite.write("test_work.py", _WORK)
    result = suite.run(*arguments, "--paceline-fail-on", "budget", environ={"SECONDS": seconds})
    (verdict,) = result.run.verdicts

    assert (verdict.kind, result.code) == (kind, code)
    assert verdict.reason.endswith(" in 3 repeats")


@pytest.mark.parametrize("method", ["thread", "signal"])
def test_repeats_do_not_count_for_the_time_limit_of_the_last_test(suite: Suite, method: str) -> None:
    """
    They are in its teardown, as its session fixture is alive. A busy machine has two seconds.
    """
    source = _WORK.replace('scope="module"', 'scope="session"').replace("def test_steady(made): pass", "")
    suite.write("test_work.py", source.replace("import os", "import os, time").replace("compute(", "time.sleep("))
    limit = ("--timeout=3", f"--timeout-method={method}")
    result = suite.run(*limit, "--paceline-fail-on", "budget", environ={"SECONDS": "1"})

    assert result.code == 10
    assert result.run.verdicts[0].reason.endswith(" in 3 repeats")


def test_a_broken_budget_that_fails_nothing_is_measured_once(suite: Suite) -> None:
    """
    A suite with many of them would pay for it in each run.
    """
    suite.write("test_work.py", _WORK)
    result = suite.run(environ={"SECONDS": "0.15 0.01"})

    assert [verdict.kind for verdict in result.run.verdicts] == [VerdictKind.BUDGET]
    assert "measured again" not in result.output


@pytest.mark.parametrize(
    "source",
    [
        """
        def test_memory():
            nodes = []
            for _ in range(5_000):
                node = {}
                node["self"] = node
                node["data"] = [object() for _ in range(50)]
                nodes.append(node)
        """,
        """
        STEPS, CACHE = iter([8, 6, 4, 2, 0, 0]), []
        def test_memory(): CACHE.append(bytearray(next(STEPS) << 20))
        """,
    ],
    ids=["cycles", "warming up"],
)
def test_a_leak_that_is_none_is_told_once(suite: Suite, source: str) -> None:
    """
    In the third run, as not confirmed; the sixth run measures it again, and says nothing.
    """
    suite.write("test_memory.py", source)
    runs = [suite.run("--paceline-budget", "60000").run for _ in range(6)]
    kept = [run.cases[0].usage["memory_retained_bytes"] for run in runs]

    assert [[verdict.kind.value for verdict in run.verdicts] for run in runs] == [[], [], ["unconfirmed"], [], [], []]
    assert [bool(memory) for memory in kept] == [True, True, False] * 2


def test_a_leak_that_cannot_be_measured_again_is_told_once(suite: Suite) -> None:
    """
    The fixture of its module is torn down before the repeats: the third run says so, and no run after it.
    """
    suite.write(
        "test_memory.py",
        """
        import pytest

        KEPT = []

        @pytest.fixture(scope="module")
        def made(): yield

        def test_keeps(made): KEPT.append(bytearray(2 << 20))
        """,
    )
    suite.write("test_next.py", "def test_after(): pass")
    told = [_told(suite.run()) for _ in range(5)]

    assert told[:2] == told[3:] == [{}, {}]
    assert "not confirmed: not measured again (its module fixture made was torn down)" in told[2]["unconfirmed"]


def test_a_leak_that_takes_memory_which_others_left_is_one(suite: Suite) -> None:
    """
    The process does not grow when the test is measured again, and its objects do; a test beside it that replaces what
    it keeps is none, though the process grows with it. The figures are those of one call, about 2.8 MiB.
    """
    suite.write(
        "test_memory.py",
        """
        KEPT, CACHE = [], {}
        def test_leaks(): KEPT.append([object() for _ in range(120_000)])
        def test_replaces(): CACHE["page"] = [object() for _ in range(120_000)]
        def test_leaves(): assert sorted(str(n) for n in range(500_000))
        """,
    )
    for _ in range(3):
        result = suite.run("--paceline-budget", "60000")
    leaks = {verdict.case: verdict.reason for verdict in result.run.verdicts if verdict.kind is VerdictKind.LEAK}

    assert list(leaks) == ["test_memory.py::test_leaks"]
    assert re.search(r"; again [23](\.\d+)? MiB or more in 3 repeats", leaks["test_memory.py::test_leaks"])


def test_memory_that_is_kept_once_is_no_leak(suite: Suite) -> None:
    """
    A cache that warms up in each process keeps memory once; a leak keeps more with each call.
    """
    suite.write(
        "test_memory.py",
        """
        kept, cache = [], {}
        def test_leaks(): kept.append(bytearray(2 << 20))
        def test_warms_up():
            if not cache: cache["page"] = bytearray(2 << 20)
        """,
    )
    for _ in range(3):
        result = suite.run()
    kinds = {verdict.case: verdict.kind.value for verdict in result.run.verdicts}

    assert kinds == {"test_memory.py::test_leaks": "leak", "test_memory.py::test_warms_up": "unconfirmed"}


def test_a_count_that_only_the_first_call_has_is_not_confirmed(suite: Suite) -> None:
    """
    Another test asked first in the runs before, so that the code is the same: nothing fails.
    """
    suite.write(
        "test_queries.py",
        """
        import os
        asked = []
        def ask(paceline):
            paceline.record("db_queries", 0 if asked else 5)
            asked.append(1)
        if not os.environ["ALONE"]:
            def test_first(paceline): ask(paceline)
        def test_second(paceline): ask(paceline)
        """,
    )
    for _ in range(3):
        suite.run(environ={"ALONE": ""})
    result = suite.run("--paceline-fail-on", "count", environ={"ALONE": "yes"})

    assert result.code == 0
    assert result.case("test_second").measures["db_queries"].value == 0
    assert "5 db queries, was 0 in each of the last 3 runs; not confirmed: only 0 in 3 repeats" in result.told()


def test_imports_of_the_first_test_are_no_regression_of_it(suite: Suite) -> None:
    """
    Alone it imports what another test imports before it; its module fixture is gone, so that it is not repeated.
    """
    suite.write("heavy/__init__.py", "".join(f"from heavy import part{number}\n" for number in range(9)))
    for number in range(9):
        suite.write(f"heavy/part{number}.py", "import time\ntime.sleep(0.02)\n")
    suite.write(
        "test_shop.py",
        """
        import pytest

        @pytest.fixture(scope="module")
        def db(): pass

        def test_first(): import heavy
        def test_second(db): import heavy
        """,
    )
    suite.write("test_other.py", "def test_other(): pass\n")
    suite.keep_before(suite.run("test_shop.py", "test_other.py").run, 9)
    result = suite.run("test_shop.py::test_second", "test_other.py")
    (verdict,) = [one for one in result.run.verdicts if "budget" not in one.reason]

    assert verdict.kind is VerdictKind.UNCONFIRMED
    assert "the test was the first to import 10 modules" in verdict.reason
    assert "normalized_duration_seconds" in result.case("test_second").lacking


def test_a_test_too_many_is_not_measured_again(suite: Suite) -> None:
    """
    Of two tests that share a fixture of the session one is measured again, and the reason of the other is the limit.
    """
    source = """
        import os
        import pytest
        from compute import compute

        @pytest.fixture(scope="session")
        def shop(): return 1

        @pytest.mark.parametrize("number", [1, 2])
        def test_changed(shop, number): compute(float(os.environ["SECONDS"]))

        @pytest.mark.parametrize("number", range(9))
        def test_steady(number): compute(0.01)
    """
    suite.write("test_work.py", source)
    suite.write("pyproject.toml", "[tool.paceline]\nconfirmation.tests = 1\n")
    first = suite.run(environ={"SECONDS": "0.01"}).run
    suite.keep_before(with_seconds(first, 0.0101, "::test_changed"), 9)
    verdicts = suite.run(environ={"SECONDS": "0.08"}).run.verdicts
    reasons = [verdict.reason.partition("; ")[2] for verdict in verdicts if verdict.kind is VerdictKind.REGRESSION]

    assert sorted(reason.partition(" ")[0] for reason in reasons) == ["again", "not"]
    assert "not measured again (at most 1 test is measured again)" in reasons
