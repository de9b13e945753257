"""
`paceline flaky` on suites with a known pair.
"""

import pytest

from paceline.flaky.trial import run_trial
from support.command import run_command
from support.suite import QUIET, Suite

_PAIR = """
STATE = {"is_clean": True}

def test_one(): pass
def test_victim(): assert STATE["is_clean"]
def test_two(): pass
def test_polluter(): STATE["is_clean"] = False
def test_three(): pass
"""


def test_victim_and_polluter_are_named(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    With the share of runs, the seeds, and the command that shows it.
    """
    monkeypatch.chdir(suite.folder)
    suite.write("test_pair.py", _PAIR)
    result = run_command(["flaky", *QUIET, "--runs", "6"])

    assert result.exit_code == 1
    assert "test_pair.py::test_victim fails after test_pair.py::test_polluter:" in result.stdout
    assert "pytest -p no:randomly 'test_pair.py::test_polluter' 'test_pair.py::test_victim'" in result.stdout
    assert "run 6 of 6" in result.stderr


def test_a_suite_that_never_fails_is_well(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Arguments go to pytest.
    """
    monkeypatch.chdir(suite.folder)
    suite.write("test_pair.py", _PAIR)
    result = run_command(["flaky", *QUIET, "-k", "one or two", "--runs", "2"])

    assert (result.exit_code, result.stdout) == (0, "no test failed in 2 runs\n")


def test_a_given_order_is_run_in_one_process(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where the suite runs in workers, which would share the files out.
    """
    monkeypatch.chdir(suite.folder)
    suite.write("pytest.ini", "[pytest]\npythonpath = .\n")
    suite.write("state.py", "is_clean = True")
    suite.write("test_a.py", "import state\ndef test_polluter(): state.is_clean = False")
    suite.write("test_b.py", "import state\ndef test_victim(): assert state.is_clean")
    order = ["test_a.py::test_polluter", "test_b.py::test_victim"]
    trial = run_trial([*QUIET, "-n", "2", "--dist", "loadfile"], order=order)

    assert trial.order == tuple(order)
    assert trial.failed == {order[1]}


def test_a_single_run_is_enough(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    To name both tests, also where pytest loads no plugins by itself.
    """
    monkeypatch.chdir(suite.folder)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    suite.write("test_pair.py", _PAIR)
    result = run_command(["flaky", "-p", "no:cacheprovider", "--until-failure"])

    assert "1 of 1" in result.stdout
    assert "test_pair.py::test_victim fails after test_pair.py::test_polluter:" in result.stdout


def test_the_first_failure_can_be_the_last_run(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A test that always fails fails alone as well and blames no other.
    """
    monkeypatch.chdir(suite.folder)
    suite.write("test_a.py", "def test_a(): assert False\n")
    result = run_command(["flaky", *QUIET, "--until-failure"])

    assert "test_a.py::test_a: it also fails alone" in result.stdout
    assert "1 of 1" in result.stdout
    assert "run 2" not in result.stderr


def test_a_time_bounds_the_runs(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Whose number is not known before.
    """
    monkeypatch.chdir(suite.folder)
    suite.write("test_a.py", "def test_a(): pass\n")
    result = run_command(["flaky", *QUIET, "--seconds", "0.001"])

    assert result.stderr == "run 1, seed 1: 0 runs failed so far\n"


def test_no_tests_are_an_error(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    With the end of what pytest said.
    """
    monkeypatch.chdir(suite.folder)
    result = run_command(["flaky", *QUIET, "--runs", "2"])

    assert result.exit_code == 1
    assert "pytest ended with exit code 5" in result.stderr
