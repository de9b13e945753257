"""
Failed tests are run once more.
"""

import sys
from pathlib import Path

import pytest

from tools.run_tests import run_tests

_TESTS = """
import pathlib
import pytest

@pytest.mark.parametrize("number", range(12))
def test_shop(number):
    runs = pathlib.Path(f"runs-{number}")
    runs.write_text(runs.read_text() + "." if runs.exists() else ".")
    assert number >= FAILING or len(runs.read_text()) > TIMES
"""


@pytest.mark.parametrize(
    ("failing", "times", "code", "runs"),
    [(0, 0, 0, 1), (2, 1, 0, 2), (2, 2, 1, 2), (11, 1, 1, 1)],
    ids=["all pass", "two fail once", "two fail twice", "eleven fail"],
)
def test_a_test_that_passes_alone_passes(tmp_path: Path, failing: int, times: int, code: int, runs: int) -> None:
    """
    A test that fails twice fails the command, and so do more than ten that fail once.
    """
    tests = _TESTS.replace("FAILING", str(failing)).replace("TIMES", str(times))
    (tmp_path / "test_shop.py").write_text(tests, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", "utf-8")

    assert run_tests((sys.executable, "-m", "pytest"), ("-q", "-n1"), tmp_path) == code
    assert len((tmp_path / "runs-0").read_text("utf-8")) == runs
