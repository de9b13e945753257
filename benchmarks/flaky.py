"""
How a pair of tests that depend on their order is found: `paceline flaky`, detect-test-pollution, pytest-randomly.

The suite has 20 files of 10 tests; one test leaves a state behind that makes a test in another file fail. Each tool is
asked for the test that fails and for the test that makes it fail, and its pytest sessions are counted.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from peers import clean_environ, interpreter, is_installed, pytest_command

_FILES, _TESTS, _POLLUTER, _VICTIM = 20, 10, "test_06.py::test_3", "test_13.py::test_5"
_CONFTEST = """
def pytest_sessionstart():
    with open("sessions", "a") as lines:
        lines.write("1\\n")
"""


def make_suite(folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n", "utf-8")
    (folder / "conftest.py").write_text(_CONFTEST, "utf-8")
    (folder / "state.py").write_text("is_clean = True\n", "utf-8")
    bodies = {_POLLUTER: "state.is_clean = False", _VICTIM: "assert state.is_clean"}
    for number in range(_FILES):
        name = f"test_{number:02}.py"
        tests = (f"def test_{n}():\n    {bodies.get(f'{name}::test_{n}', 'pass')}\n\n\n" for n in range(_TESTS))
        (folder / name).write_text("import state\n\n\n" + "".join(tests), "utf-8")


def _output(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, env=clean_environ(), capture_output=True, check=False, text=True)
    return done.stdout + done.stderr


def ask_paceline(folder: Path) -> str:
    return _output(folder, str(interpreter()), "-m", "paceline", "flaky", "--until-failure")


def ask_detect_test_pollution(folder: Path) -> str:
    command = [str(interpreter().with_name("detect-test-pollution")), "--tests", "."]
    found = _output(folder, *command, "--fuzz")
    if _VICTIM not in found:
        return found
    return found + _output(folder, *command, "--failing-test", _VICTIM)


def ask_randomly(folder: Path) -> str:
    for seed in range(1, 51):
        found = _output(folder, *pytest_command("-p", "pytest_randomly", f"--randomly-seed={seed}"))
        if "failed" in found:
            return found
    return ""


def _rows() -> Iterator[str]:
    tools: dict[str, tuple[str, Callable[[Path], str]]] = {
        "paceline flaky --until-failure": ("paceline", ask_paceline),
        "detect-test-pollution --fuzz, then --failing-test": ("detect_test_pollution", ask_detect_test_pollution),
        "pytest-randomly, again and again": ("pytest_randomly", ask_randomly),
    }
    for name, (module, ask) in tools.items():
        if not is_installed(module):
            print(f"{module} is not installed", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            make_suite(folder)
            started = time.monotonic()
            output = ask(folder)
            seconds = time.monotonic() - started
            sessions = len((folder / "sessions").read_text("utf-8").splitlines())
            named = " | ".join("yes" if test in output else "no" for test in (_VICTIM, _POLLUTER))
            yield f"| {name} | {named} | {sessions} | {seconds:.0f} |"


if __name__ == "__main__":
    print("| tool | victim named | polluter named | sessions | seconds |\n|---|---|---|---|---|")
    for row in _rows():
        print(row, flush=True)
