"""
Run pytest, and run once more, alone, the few tests that failed: `python -m tools.run_tests [ARGUMENTS]`.

Thousands of tests start servers and measure time, three at once on two CPUs. Each has its margin, and a machine that
stands still for seconds takes it from one of them. A test that fails alone too is broken.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

_FOLDER = Path(__file__).parents[1]
_FAILED = Path(".pytest_cache", "v", "cache", "lastfailed")
_TESTS_FAILED = 1
# Tests of one file stay together, so that the servers of a file start once and not in each worker.
_SCHEDULE = ("--dist", "worksteal")
# More failures than these are not the machine's.
_FEW = 10


def run_tests(pytest: Sequence[str], arguments: Sequence[str], folder: Path = _FOLDER) -> int:
    """
    Run the tests of this project, or of another folder.

    Args:
        pytest: the command that starts pytest: a Python and its arguments.
        arguments: for pytest; the tests that failed are run again without them.
        folder: the root folder of the tests.

    Returns:
        The exit code of pytest.
    """
    command = [*pytest, "--cache-clear", "-n", "auto", *_SCHEDULE, *arguments]
    code = subprocess.run(command, cwd=folder, check=False).returncode
    failed = sorted(json.loads((folder / _FAILED).read_text("utf-8"))) if code == _TESTS_FAILED else []
    if not 0 < len(failed) <= _FEW:
        return code
    click.echo("\n".join(("\nThese tests failed, and are run again alone:", *failed, "")))
    return subprocess.run([pytest[0], "-m", "pytest", "-q", *failed], cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(run_tests((sys.executable, "-m", "coverage", "run", "-m", "pytest"), sys.argv[1:]))
