"""
Budgets, verdicts and exit codes of a session.
"""

import pytest
from msgspec.structs import replace

from paceline.translated_names import BudgetSource
from paceline.verdict_kinds import VerdictKind
from support.suite import Suite
from support.values import with_seconds

_SLOW = """
    import time
    def test_slow(): time.sleep({seconds})
"""


def test_a_marker_budget_fails_the_test(suite: Suite) -> None:
    """
    The failure states the measured time, the limit, and where it came from; a test within its budget passes.
    """
    suite.write(
        "test_budget.py",
        """
        import time, pytest

        @pytest.mark.performance(budget_ms=10)
        def test_over(): time.sleep(0.03)

        @pytest.mark.performance(budget_ms=5000)
        def test_within(): time.sleep(0.15)
        """,
    )
    result = suite.run()

    assert result.code == 1
    assert result.outcomes == {"test_over": "failed", "test_within": "passed"}
    lines = [line for line in result.output.splitlines() if line.startswith("The test took")]
    assert len(lines) == 1
    assert ", budget 10 ms (its performance marker); again " in lines[0]
    assert lines[0].endswith(" or more in 3 repeats.")
    assert [verdict.case for verdict in result.run.verdicts] == ["test_budget.py::test_over"]


def test_a_test_that_only_breaks_its_own_budget_is_not_broken(suite: Suite) -> None:
    """
    However often: the failure is the budget's, and has a verdict of its own.
    """
    suite.write(
        "test_budget.py",
        """
        import time, pytest

        @pytest.mark.performance(budget_ms=1)
        def test_over(): time.sleep(0.01)
        """,
    )
    kinds = [{verdict.kind for verdict in suite.run().run.verdicts} for _ in range(4)]

    assert kinds == [{VerdictKind.BUDGET}] * 4


def test_a_test_that_had_no_cpu_breaks_no_budget(suite: Suite) -> None:
    """
    A test of some milliseconds that eight busy processes kept from its CPU for 0.2 s, with a budget of 0.1 s.
    """
    suite.write(
        "test_busy.py",
        """
        import os, pytest, subprocess, sys

        def waited():
            with open("/proc/thread-self/schedstat") as file:
                return int(file.read().split()[1]) / 1e9

        @pytest.fixture
        def neighbours():
            cpus = os.sched_getaffinity(0)
            os.sched_setaffinity(0, {min(cpus)})
            busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(8)]
            yield
            for one in busy:
                one.kill()
                one.wait()
            os.sched_setaffinity(0, cpus)

        @pytest.mark.performance(budget_ms=100)
        def test_waits(neighbours):
            end = waited() + 0.2
            while waited() < end: pass
        """,
    )
    result = suite.run()

    assert result.outcomes == {"test_waits": "passed"}
    assert (result.case("test_waits").duration_seconds or 0.0) > 0.2
    assert result.run.verdicts == ()


def test_a_failing_test_keeps_its_own_failure(suite: Suite) -> None:
    """
    A test that fails and is over its budget says why it failed.
    """
    suite.write(
        "test_budget.py",
        """
        import time, pytest

        @pytest.mark.performance(budget_ms=1)
        def test_over():
            time.sleep(0.02)
            raise ValueError("pots are no pans")
        """,
    )
    output = suite.run().output

    assert "pots are no pans" in output
    assert "The test took" not in output


def test_the_budget_of_a_type_is_reported_and_fails_nothing(suite: Suite) -> None:
    """
    A unit test of more than 100 ms is a verdict, and the run passes.
    """
    suite.write("test_slow.py", _SLOW.format(seconds=0.15))
    result = suite.run()

    assert result.code == 0
    assert [(verdict.kind, verdict.limit) for verdict in result.run.verdicts] == [(VerdictKind.BUDGET, 0.1)]
    assert "budget 100 ms (test type unit)" in result.told()


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [("budget", 10), ("regression,budget", 10), ("regression,leak,flaky", 0), ("", 0)],
)
def test_chosen_verdicts_fail_the_run(suite: Suite, fail_on: str, code: int) -> None:
    """
    The exit code 10 says that tests passed and a chosen verdict was found.
    """
    suite.write("test_slow.py", _SLOW.format(seconds=0.15))

    assert suite.run("--paceline-fail-on", fail_on).code == code


def test_failing_tests_are_not_hidden_by_a_verdict(suite: Suite) -> None:
    """
    Where tests fail too, the exit code is pytest's.
    """
    suite.write("test_slow.py", _SLOW.format(seconds=0.15) + "    def test_fails(): assert False\n")

    assert suite.run("--paceline-fail-on", "budget").code == 1


@pytest.mark.parametrize(
    ("settings", "arguments", "source", "words"),
    [
        ("", ("--paceline-budget", "1"), BudgetSource.OPTION, "the budget of every test"),
        ("[tool.paceline.budgets_ms]\nunit = 2\n", (), BudgetSource.TYPE_BUDGETS, "test type unit"),
        ("[tool.paceline.path_budgets_ms]\n'test_s*' = 3\n", (), BudgetSource.PATH_BUDGETS, "the setting for test_s*"),
        (
            "[tool.paceline.test_budgets_ms]\n'test_slow.py::test_slow' = 4\n",
            (),
            BudgetSource.TEST_BUDGETS,
            "the setting for test_slow.py::test_slow",
        ),
        (
            "[tool.paceline.test_budgets_ms]\n'test_slow.py::test_slow' = 4\n",
            ("--paceline-budget", "1"),
            BudgetSource.TEST_BUDGETS,
            "the setting for test_slow.py::test_slow",
        ),
    ],
)
def test_where_a_budget_comes_from(
    suite: Suite, settings: str, arguments: tuple[str, ...], source: BudgetSource, words: str
) -> None:
    """
    A test's own budget goes before the budget of every test, that before a path's, and that before a type's.
    """
    suite.write("pyproject.toml", settings)
    suite.write("test_slow.py", _SLOW.format(seconds=0.02))
    result = suite.run(*arguments)

    assert [verdict.kind for verdict in result.run.verdicts] == [VerdictKind.BUDGET]
    assert result.run.verdicts[0].reason.endswith(f" ({words})")
    assert result.run.cases[0].budget_source is source


def test_a_marker_without_a_budget_is_a_label(suite: Suite) -> None:
    """
    A project that has a marker `performance` of its own goes on as before.
    """
    suite.write("test_label.py", "import pytest\n@pytest.mark.performance\ndef test_label(): pass\n")
    result = suite.run()

    assert result.code == 0
    assert result.run.cases[0].budget_source is BudgetSource.TYPE_BUDGETS


def test_stress_tests_run_where_they_are_named(suite: Suite) -> None:
    """
    `-m stress` asks for them as `--paceline-stress` does.
    """
    suite.write("test_load.py", "import pytest\n@pytest.mark.stress\ndef test_load(): pass\ndef test_one(): pass\n")

    assert suite.run().outcomes == {"test_one": "passed"}
    assert suite.run("-m", "stress").outcomes == {"test_load": "passed"}
    assert suite.run("--paceline-stress").outcomes == {"test_load": "passed", "test_one": "passed"}


def test_code_can_set_the_budget_of_a_type(suite: Suite) -> None:
    """
    `set_performance_budget` in conftest.py holds for the session.
    """
    suite.write("conftest.py", "import paceline\npaceline.set_performance_budget('unit', 5)\n")
    suite.write("test_slow.py", _SLOW.format(seconds=0.02))

    assert [verdict.limit for verdict in suite.run().run.verdicts] == [0.005]


def test_a_slowdown_in_a_real_suite_is_a_regression_with_its_cause(suite: Suite) -> None:
    """
    A steady run nine times, then a run in which one test works six times as long: a regression, by its CPU time.
    """
    suite.write(
        "test_work.py",
        """
        import os, time

        def work(seconds):
            end = time.thread_time() + seconds
            while time.thread_time() < end: pass

        def test_changed(): work(float(os.environ["SECONDS"]))
        def test_steady(): work(0.01)
        """,
    )
    suite.keep_before(suite.run(environ={"SECONDS": "0.01"}).run, 8)
    result = suite.run("--paceline-fail-on", "regression", environ={"SECONDS": "0.06"})
    (verdict,) = (one for one in result.run.verdicts if one.kind is VerdictKind.REGRESSION)

    assert result.code == 10
    assert verdict.case == "test_work.py::test_changed"
    assert verdict.causes[0].measure == "cpu_seconds"
    assert "why: CPU 10" in result.section()


def test_a_leak_is_found_after_three_runs(suite: Suite) -> None:
    """
    A test that keeps 2 MiB in each of three runs leaks; one that imports a large module, or frees, does not.
    """
    suite.write("large.py", "kept = bytearray(4 << 20)\n")
    suite.write(
        "test_leak.py",
        """
        kept = []
        def test_leaks(): kept.append(bytearray(2 << 20))
        def test_frees(): bytearray(2 << 20)
        def test_imports(): import large
        """,
    )
    kinds = [[(verdict.kind.value, verdict.case) for verdict in suite.run().run.verdicts] for _ in range(3)]

    assert kinds == [[], [], [("leak", "test_leak.py::test_leaks")]]


def test_flaky_and_broken_outlive_a_restart(suite: Suite) -> None:
    """
    Twenty failures of forty are flaky, forty of forty are broken: in forty runs of the history.
    """
    suite.write(
        "test_chance.py",
        """
        import os
        def test_flaky(): assert os.environ["IS_GOOD"] == "yes"
        def test_broken(): assert False
        def test_fine(): pass
        """,
    )
    good, bad = (suite.run(environ={"IS_GOOD": word}).run for word in ("yes", "no"))
    suite.keep_before(good, 19)
    suite.keep_before(replace(bad, started=good.started + 0.5, ended=good.ended + 0.5), 18)
    result = suite.run("-v", environ={"IS_GOOD": "no"})
    verdicts = {verdict.case: verdict.kind.value for verdict in result.run.verdicts}

    assert verdicts == {"test_chance.py::test_flaky": "flaky", "test_chance.py::test_broken": "broken"}
    assert "fails 50% of the time (95%: 35% to 65%): 20 of 40 attempts in 40 runs" in result.told()
    assert "failed in each of the last 40 runs" in result.told()


def test_a_test_that_broke_says_since_when(suite: Suite) -> None:
    """
    It passed in two sessions and failed in three, each of a commit of its own.
    """
    suite.write("test_broken.py", "import os\ndef test_broken(): assert os.environ['GOOD']\ndef test_fine(): pass\n")
    for number, good in enumerate(["yes", "yes", "", "", ""]):
        result = suite.run(environ={"GOOD": good, "PACELINE_COMMIT": f"{number}" * 40})
    (verdict,) = result.run.verdicts

    assert verdict.kind is VerdictKind.BROKEN
    assert verdict.reason == "failed in each of the last 3 runs, passed in the 2 before"
    assert verdict.since is not None
    assert (verdict.since.commit, verdict.since.runs_ago) == ("2" * 40, 2)


def test_more_queries_are_a_count_that_fails_the_run(suite: Suite) -> None:
    """
    The fourth session asks 101 times, where three asked once.
    """
    suite.write(
        "test_queries.py",
        """
        import os
        def test_asks(paceline): paceline.record("db_queries", int(os.environ["QUERIES"]))
        """,
    )
    for _ in range(3):
        suite.run(environ={"QUERIES": "1"})
    result = suite.run("--paceline-fail-on", "count", environ={"QUERIES": "101"})

    assert result.code == 10
    assert "\ntest_queries.py::test_asks\nCOUNT       101 db queries" in result.section()
    assert "101 db queries, was 1 in each of the last 3 runs" in result.told()


def test_a_pass_on_rerun_is_flaky(suite: Suite) -> None:
    """
    pytest-rerunfailures runs it again, and a failure and a pass of one commit contradict each other.
    """
    suite.write("test_again.py", "tries = []\ndef test_again():\n    tries.append(1)\n    assert len(tries) > 1\n")
    result = suite.run("--reruns", "2")

    assert result.code == 0
    assert "fails 50% of the time (95%: 9% to 91%): 1 of 2 attempts in 1 run" in result.told()


@pytest.mark.parametrize(("arguments", "kinds"), [((), []), (("--paceline-budget", "5"), ["budget"])])
def test_the_budget_of_a_type_is_not_that_of_a_benchmark(
    suite: Suite, arguments: tuple[str, ...], kinds: list[str]
) -> None:
    """
    It repeats what it times; a budget of this run holds all the same.
    """
    suite.write("pyproject.toml", "[tool.paceline.budgets_ms]\nunit = 5\n")
    suite.write("test_speed.py", "import pytest, time\n@pytest.mark.benchmark\ndef test_speed(): time.sleep(0.02)\n")

    assert [verdict.kind.value for verdict in suite.run(*arguments).run.verdicts] == kinds


def test_tests_whose_wait_for_a_cpu_cannot_be_measured_are_not_slower(suite: Suite) -> None:
    """
    By the clock they take thrice what they needed before, the wait taken out; the report says that none was compared.
    """
    suite.write(
        "test_closing.py",
        """
        import os, pathlib, time, pytest

        def close_files_of_proc():
            for link in list(pathlib.Path("/proc/self/fd").iterdir()):
                if os.path.islink(link) and os.readlink(link).endswith("/schedstat"):
                    os.close(int(link.name))

        @pytest.mark.parametrize("n", range(4))
        def test_computes(n):
            end = time.perf_counter() + 0.03
            while time.perf_counter() < end:
                pass
            if "CLOSE" in os.environ:
                close_files_of_proc()
        """,
    )
    usual = suite.run().run
    cases = [replace(case, normalized_duration_seconds=0.01) for case in usual.cases]
    suite.keep_before(replace(usual, cases=tuple(cases)), 9)
    result = suite.run(environ={"CLOSE": "1"})
    # The clock's time may exceed a budget on a busy machine.
    kinds = {verdict.kind for verdict in result.run.verdicts} - {VerdictKind.BUDGET}

    assert kinds == set()
    assert {case.normalized_duration_seconds for case in result.run.cases} == {None}
    assert (
        "4 times were not compared with earlier runs, because the wait for a CPU could not be measured" in result.told()
    )


def test_a_core_function_of_short_tests_is_found(suite: Suite) -> None:
    """
    Forty tests of some microseconds call it. It takes longer, in each repeat too, and the report names their file.
    """
    suite.write(
        "test_cart.py",
        """
        import os
        import pytest

        @pytest.mark.parametrize("number", range(40))
        def test_total(number):
            sum(range(int(os.environ["WORK"])))
        """,
    )
    for name in ("shop", "till", "user"):
        suite.write(
            f"test_{name}.py",
            """
            import pytest

            @pytest.mark.parametrize("number", range(5))
            def test_steady(number):
                sum(range(300_000))
            """,
        )
    first = suite.run(environ={"WORK": "2000"}).run
    suite.keep_before(with_seconds(first, 20e-6, "::test_total"), 9)
    result = suite.run("--paceline-fail-on=file_regression", environ={"WORK": "15000"})
    found = [one for one in result.run.verdicts if one.kind is VerdictKind.FILE_REGRESSION]

    assert (result.code, [verdict.subject for verdict in found]) == (10, ["test_cart.py"]), result.section()
    (verdict,) = found
    assert " again " in verdict.reason
    assert "FILE" in result.section()
