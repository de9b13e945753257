"""
Tests that are measured again: nobody sees it, and only what is comparable counts.
"""

import signal
import time
from pathlib import Path

import pytest

from paceline.accounts import NotMeasured
from paceline.history.results_folder import read_run
from support.neighbours import Beside

_NAME = "test_shop.py::test_slow"
_SECONDS = 60


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    """
    A suite without other plugins.
    """
    return Beside(tmp_path / "shop")


def test_a_repeat_has_the_tracer_of_the_first_run(tmp_path: Path) -> None:
    """
    Under pytest-cov each run of a test is traced, so that their times are alike.
    """
    suite = Beside(tmp_path / "shop", "pytest_cov")
    suite.write("shop.py", "def price(count):\n    return 2 * count\n")
    suite.write(
        "test_shop.py",
        """
        import sys
        import time

        import shop

        def test_slow():
            time.sleep(0.05)
            assert shop.price(1) == 2
            with open("tracers", "a") as file:
                print(type(sys.gettrace()).__name__, file=file)
        """,
    )
    suite.remember((), {_NAME: 0.005})
    result = suite.run("--cov=shop", environ={"COVERAGE_CORE": "ctrace"})
    tracers = (suite.folder / "tracers").read_text("utf-8").split()

    assert result.code == 0
    assert (len(tracers) > 1, set(tracers)) == (True, {"CTracer"})


def test_a_test_in_a_debugger_is_not_judged(beside: Beside) -> None:
    """
    Its seconds are those of a person: no verdict, no figure, and the breakpoint is met once.
    """
    beside.write("test_shop.py", "def test_slow():\n    breakpoint()\n\ndef test_other(): pass\n")
    beside.remember((), {_NAME: 0.0001})
    process = beside.start_with_input()
    output, _ = process.communicate("\n".join(["import time; time.sleep(0.2)", *["c"] * 9]), timeout=_SECONDS)
    run = read_run(beside.results / "latest_report.json")
    (case,) = (case for case in run.cases if case.id == _NAME)

    assert process.returncode == 0
    assert output.count("PDB set_trace") == 1
    assert (case.not_measured, case.duration_seconds) == (NotMeasured.DEBUGGER, None)
    assert [verdict.case for verdict in run.verdicts if verdict.case == _NAME] == []


def test_ctrl_c_gives_up_the_repeats_alone(beside: Beside) -> None:
    """
    All tests have passed by then: the session ends as they did, and the run is whole.
    """
    beside.write(
        "test_shop.py",
        """
        import pathlib
        import time

        RUNS = []

        def test_slow():
            RUNS.append(1)
            time.sleep(0.3)
            if len(RUNS) == 2:
                pathlib.Path("again").touch()
                time.sleep(60)
        """,
    )
    beside.remember((), {_NAME: 0.03})
    process = beside.start()
    deadline = time.monotonic() + _SECONDS
    while not (beside.folder / "again").exists():
        assert time.monotonic() < deadline, "no test was measured again"
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=_SECONDS)
    run = read_run(beside.results / "latest_report.json")

    assert (process.returncode, run.outcome.value, run.is_partial) == (0, "passed", False)
    assert "measuring again was interrupted" in output
