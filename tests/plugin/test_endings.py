"""
However a session ends, what was measured until then is kept.
"""

import signal
import time

import pytest

from paceline.model import RunOutcome
from support.suite import Suite

_WAITS = """
    import pathlib, time

    def test_first(): pass
    def test_waits():
        pathlib.Path("started").touch()
        time.sleep(60)
"""


def _wait_for_start(suite: Suite) -> None:
    deadline = time.monotonic() + 60
    while not (suite.folder / "started").exists():
        assert time.monotonic() < deadline, "the suite did not start"
        time.sleep(0.02)


def test_ctrl_c_keeps_what_had_ended(suite: Suite) -> None:
    """
    An interrupted run has the tests that ended, and says that it was interrupted.
    """
    suite.write("test_waits.py", _WAITS)
    process = suite.start()
    _wait_for_start(suite)
    result = suite.interrupt(process)

    assert result.code == 2
    assert result.outcomes == {"test_first": "passed"}
    assert (result.run.outcome, result.run.is_partial) == (RunOutcome.INTERRUPTED, True)


def test_a_killed_session_is_kept_by_the_next(suite: Suite) -> None:
    """
    After kill -9 the next session keeps what the journal holds as a run of its own, once.
    """
    suite.write("test_waits.py", _WAITS)
    process = suite.start()
    _wait_for_start(suite)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    for _ in range(2):
        result = suite.run("-k", "first")

    assert result.kept_runs() == 3
    assert not list((suite.results / ".running").iterdir())


def test_exit_inside_a_test_loses_nothing(suite: Suite) -> None:
    """
    `os._exit` ends pytest without a word; the next session says so and keeps the tests that had ended.
    """
    suite.write("test_exit.py", "import os\ndef test_a(): pass\ndef test_b(): pass\ndef test_c(): os._exit(0)\n")
    suite.run()
    result = suite.run("-k", "test_a")

    assert "a session that died left 2 tests, kept as run 01" in result.output
    assert result.kept_runs() == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-x",), {"test_1": "passed", "test_2": "failed"}),
        (("-k", "test_3"), {"test_3": "passed"}),
        (("--deselect", "test_three.py::test_2"), {"test_1": "passed", "test_3": "passed"}),
    ],
)
def test_a_part_of_a_suite_is_marked_as_a_part(
    suite: Suite, arguments: tuple[str, ...], expected: dict[str, str]
) -> None:
    """
    -x, -k and --deselect make a partial run, so that its length is not taken for the suite's.
    """
    suite.write("test_three.py", "def test_1(): pass\ndef test_2(): assert False\ndef test_3(): pass\n")
    result = suite.run(*arguments)

    assert result.outcomes == expected
    assert result.run.is_partial


def test_last_failed_runs_the_failed(suite: Suite) -> None:
    """
    --lf runs and keeps only what failed last.
    """
    suite.write("test_two.py", "def test_1(): pass\ndef test_2(): assert False\n")
    suite.run("-p", "cacheprovider")
    result = suite.run("-p", "cacheprovider", "--lf")

    assert result.outcomes == {"test_2": "failed"}
    assert result.run.is_partial


def test_a_session_without_tests_is_no_run(suite: Suite) -> None:
    """
    Nothing collected, or collection failed: pytest's exit code, and no run.
    """
    assert suite.run().code == 5
    suite.write("test_broken.py", "import nothing_of_that_name\n")
    result = suite.run()

    assert result.code == 2
    assert not suite.results.joinpath("latest_report.json").exists()
