"""
Budgets of markers in a real session: a test fails where it is over its budget each time.
"""

import pytest

from support.suite import Suite

_WORK = """
    import os, time
    import pytest

    SECONDS = [float(text) for text in os.environ["SECONDS"].split()]
    CALLS = []

    @pytest.fixture
    def made():
        yield len(CALLS)
        print("undone")

    @pytest.mark.performance(budget_ms=100{more})
    def test_own(made):
        print("working")
        CALLS.append(time.sleep(SECONDS.pop(0) if len(SECONDS) > 1 else SECONDS[0]))

    def test_calls():
        with open("calls", "w") as file: file.write(str(len(CALLS)))
"""
_REPORTS = """
    import json

    def pytest_runtest_logreport(report):
        with open("reports.txt", "a") as file:
            print(report.nodeid.partition("::")[2], report.when, report.outcome, file=file)

    def pytest_runtest_logfinish(nodeid):
        with open("reports.txt", "a") as file:
            print(nodeid.partition("::")[2], "finished", file=file)
"""


def _write(suite: Suite, more: str = "") -> None:
    suite.write("conftest.py", _REPORTS)
    suite.write("test_work.py", _WORK.replace("{more}", more))


def _reports(suite: Suite) -> list[str]:
    return (suite.folder / "reports.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("arguments", [(), ("-n", "1")])
def test_a_test_that_is_over_its_budget_once_passes(suite: Suite, arguments: tuple[str, ...]) -> None:
    """
    In one process and in a worker; the time by the clock stays, and what the test needed is that of its repeat.
    """
    _write(suite)
    result = suite.run(*arguments, "--paceline-fail-on", "budget", environ={"SECONDS": "0.15 0.01"})
    case = result.case("test_own")

    assert (result.code, result.outcomes["test_own"]) == (0, "passed")
    assert result.run.verdicts == ()
    assert (case.duration_seconds or 0.0) > 0.15
    assert (case.needed_seconds or 1.0) < 0.1
    assert (suite.folder / "calls").read_text("utf-8") == "2"


def test_other_plugins_see_one_report_of_each_phase(suite: Suite) -> None:
    """
    In the usual order, the failure in the place of the call, with what the test printed; the file of JUnit is right.
    """
    _write(suite)
    result = suite.run("--junitxml=junit.xml", environ={"SECONDS": "0.15"})

    assert result.code == 1
    assert _reports(suite)[:4] == [
        "test_own setup passed",
        "test_own call failed",
        "test_own teardown passed",
        "test_own finished",
    ]
    assert "1 failed, 1 passed" in result.output
    assert result.output.count("working") == 1
    assert 'errors="0" failures="1" skipped="0" tests="2"' in (suite.folder / "junit.xml").read_text("utf-8")


@pytest.mark.parametrize(
    ("more", "arguments"), [(", confirm=False", ()), ("", ("--paceline-no-confirm",))], ids=["marker", "option"]
)
def test_a_test_that_must_not_run_twice_fails_at_once(suite: Suite, more: str, arguments: tuple[str, ...]) -> None:
    """
    What was measured once is believed.
    """
    _write(suite, more)
    result = suite.run(*arguments, environ={"SECONDS": "0.15 0.01"})

    assert result.outcomes["test_own"] == "failed"
    assert (suite.folder / "calls").read_text("utf-8") == "1"


def test_a_failure_is_reported_as_it_happens(suite: Suite) -> None:
    """
    A test that fails by itself is reported before its teardown, so that -x ends fixtures when it does without Paceline.
    """
    suite.write("conftest.py", _REPORTS)
    suite.write(
        "test_work.py",
        """
        import pytest

        @pytest.fixture(scope="session")
        def made():
            yield
            with open("reports.txt", "a") as file: print("session fixture undone", file=file)

        @pytest.mark.performance(budget_ms=100)
        def test_fails(made): assert False

        def test_next(made): pass
        """,
    )
    result = suite.run("-x")
    reports = _reports(suite)
    (suite.folder / "reports.txt").unlink()
    suite.run("-x", on=False)

    assert result.code == 1
    assert reports[:2] == ["test_fails setup passed", "test_fails call failed"]
    assert reports == _reports(suite)


def test_an_expected_failure_may_be_the_budgets(suite: Suite) -> None:
    """
    A test marked xfail whose budget is broken is xfailed.
    """
    suite.write(
        "test_work.py",
        """
        import time, pytest

        @pytest.mark.xfail(strict=True)
        @pytest.mark.performance(budget_ms=1)
        def test_own(): time.sleep(0.02)
        """,
    )

    assert suite.run().outcomes == {"test_own": "xfailed"}


def test_repeats_do_not_count_for_a_time_limit(suite: Suite) -> None:
    """
    A test that may take 0.5 s, and takes 0.2 s four times.
    """
    _write(suite)
    result = suite.run("--timeout=0.5", "--timeout-method=thread", environ={"SECONDS": "0.2"})

    assert result.outcomes == {"test_own": "failed", "test_calls": "passed"}
    assert (suite.folder / "calls").read_text("utf-8") == "4"
