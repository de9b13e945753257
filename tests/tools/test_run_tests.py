"""
Failed tests are run once more, and a sample is one test of each file.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from support.suite import QUIET
from tools.run_tests import run_tests

_ROOT = Path(__file__).parents[2]
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


def test_a_sample_is_the_first_test_of_each_file() -> None:
    """
    What other Pythons run in `.ci/run` comes from every file.
    """
    first: dict[str, str] = {}
    for name in _collected():
        first.setdefault(name.partition("::")[0], name)

    assert len(first) > 1
    assert _collected("--sample") == [*first.values()]


def _collected(*options: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", *QUIET, "--collect-only", "-q", *options, "tests/http"]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "::" in line]
