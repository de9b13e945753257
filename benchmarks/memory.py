"""
Peak and retained memory of four tests whose truth is known.

Paceline's figures are read from the report of a real session. Beside them stands the high-water mark that
pytest-memray gives for each test of a session of its own; it knows no retained memory.

How to read it: sizes are in MiB. `right` says whether Paceline's peak and retained memory are both within half a
MiB of the truth. The fourth test takes nothing, and runs after one that keeps 32 MiB: a tool that looks at the
process as a whole gives those to it.
"""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from msgspec import json
from peers import HOW_TO_INSTALL, clean_environ, is_installed, pytest_command, versions
from tabulate import tabulate

_MEBIBYTE = 1 << 20
_TOLERANCE_MB = 0.5
_SUITE = """
import time

MEBIBYTE = 1 << 20
kept = []


def touched(mebibytes):
    return b"x" * (mebibytes * MEBIBYTE)  # written to, page by page, so that the kernel has to give it


def test_frees():
    taken = touched(64)
    time.sleep(0.3)
    del taken


def test_frees_at_once():
    touched(64)


def test_keeps():
    kept.append(touched(32))


def test_nothing():
    pass
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """
    What a test of the suite really does, in MiB.
    """

    test: str
    words: str
    peak: float
    retained: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    What a tool says of a test, in MiB; None is what it does not say.
    """

    peak: float | None = None
    retained: float | None = None


TRUTHS = (
    Truth(test="test_frees", words="takes 64 MiB, touches, frees", peak=64, retained=0),
    Truth(test="test_frees_at_once", words="the same, quicker", peak=64, retained=0),
    Truth(test="test_keeps", words="keeps 32 MiB", peak=32, retained=32),
    Truth(test="test_nothing", words="nothing, after that one", peak=0, retained=0),
)


def make_suite(folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    (folder / "test_memory.py").write_text(_SUITE, "utf-8")


def run_session(folder: Path, *arguments: str) -> str:
    """
    The output of a session in a suite's folder.
    """
    command = pytest_command(*arguments)
    done = subprocess.run(command, cwd=folder, env=clean_environ(), stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout


def ask_paceline(folder: Path) -> dict[str, Found]:
    run_session(folder, "-p", "paceline.plugin", "--paceline")
    report = json.decode((folder / "performance_results" / "latest_report.json").read_bytes())
    return {case["id"].partition("::")[2]: _found(case["usage"]) for case in report["cases"]}


def ask_memray(folder: Path) -> dict[str, Found]:
    if not is_installed("pytest_memray"):
        return {}
    output = run_session(folder, "-p", "pytest_memray.plugin", "--memray", "--most-allocations=0")
    # Its figures are for people, with a unit each; a test that allocates nothing is left out.
    pattern = r"Allocation results for \S+::(\w+) at the high watermark\s+\S+ Total memory allocated: ([\d.]+)(\w+)"
    units = {"B": 1 / _MEBIBYTE, "KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}
    return {test: Found(peak=float(figure) * units[unit]) for test, figure, unit in re.findall(pattern, output)}


def table(paceline: dict[str, Found], memray: dict[str, Found]) -> str:
    rows = []
    for truth in TRUTHS:
        ours, theirs = paceline.get(truth.test, Found()), memray.get(truth.test, Found())
        right = "yes" if is_right(truth, ours) else "NO"
        rows.append((truth.words, truth.peak, truth.retained, ours.peak, ours.retained, right, theirs.peak))
    headers = ("test", "peak", "kept", "paceline: peak", "kept", "right", "pytest-memray: peak")
    return tabulate(rows, headers=headers, floatfmt=".2f", missingval="-")


def is_right(truth: Truth, found: Found) -> bool:
    """
    Whether both figures are there and within the tolerance.
    """
    if found.peak is None or found.retained is None:
        return False
    return max(abs(found.peak - truth.peak), abs(found.retained - truth.retained)) <= _TOLERANCE_MB


def _found(usage: dict[str, float]) -> Found:
    peak, retained = usage.get("memory_peak_bytes"), usage.get("memory_retained_bytes")
    return Found(
        peak=peak / _MEBIBYTE if peak is not None else None,
        retained=retained / _MEBIBYTE if retained is not None else None,
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="paceline-memory-") as folder:
        make_suite(Path(folder))
        paceline, memray = ask_paceline(Path(folder)), ask_memray(Path(folder))
    print(f"{versions('pytest')}\n")
    print(table(paceline, memray))
    if not memray:
        print(f"\npytest-memray: not installed, {HOW_TO_INSTALL}")


if __name__ == "__main__":
    main()
