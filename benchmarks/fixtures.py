"""
How often a fixture is said to be slower, where it is not and where it is: `python benchmarks/fixtures.py`.

A suite whose fixtures compute or sleep for a fixed while runs again and again beside a changing number of busy
processes. Each run from the ninth on is judged as it is. Then each fixture in turn is made slower, in a run that is
judged against the same past and not kept.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from busy import LOADS, busy_processes
from tabulate import tabulate

from paceline.analysis.judgement_rules import RegressionRule
from paceline.history.results_folder import read_run
from paceline.model import Run
from paceline.verdict_kinds import VerdictKind

_CONFTEST = """
import os, time
import pytest

def work(name, ms):
    ms *= float(os.environ.get("FACTOR", "1")) if os.environ.get("FIXTURE") == name else 1
    for _ in range(int(ms)):
        sum(range(40_000))

@pytest.fixture(scope="session")
def model_once():
    work("model_once", 300)

@pytest.fixture(scope="module")
def tables_of_module():
    work("tables_of_module", 50)

@pytest.fixture
def cart_of_test():
    work("cart_of_test", 3)

@pytest.fixture(scope="session")
def server_starts():
    time.sleep(0.3 * (float(os.environ.get("FACTOR", "1")) if os.environ.get("FIXTURE") == "server_starts" else 1))
"""
_TESTS = """
import pytest

@pytest.mark.parametrize("number", range(12))
def test_total(number, model_once, tables_of_module, cart_of_test, server_starts):
    assert sum(range(20_000)) == 199_990_000
"""
_FIXTURES = ("model_once", "tables_of_module", "cart_of_test", "server_starts")
_MODULES = 8
_FACTORS = (2.0, 3.0)
_FEWEST = RegressionRule().min_runs
_MISSED = "missed"
_KINDS = (VerdictKind.FIXTURE_REGRESSION, VerdictKind.UNCONFIRMED)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure verdicts on fixtures.")
    parser.add_argument("--runs", type=int, default=28, help="Runs that are kept (default: 28).")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder)
        _write(suite)
        false, found, judged = Counter[str](), Counter[tuple[str, float, str]](), 0
        loads = []
        for number in range(asked.runs):
            with busy_processes(LOADS[number % len(LOADS)], "nice", "-n", "10"):
                if number >= _FEWEST:
                    fixture = _FIXTURES[number % len(_FIXTURES)]
                    for factor in _FACTORS:
                        verdicts = _verdicts(_changed(suite, fixture, factor))
                        of_fixture = [str(kind) for kind, name in verdicts if name == fixture] or [_MISSED]
                        found.update((fixture, factor, kind) for kind in of_fixture)
                        false.update(str(kind) for kind, name in verdicts if name != fixture)
                        judged += len(_FIXTURES) - 1
                run = _run(suite, suite / "results")
            if number >= _FEWEST:
                loads.append(os.getloadavg()[0])
                false.update(str(kind) for kind, _ in _verdicts(run))
                judged += len(_FIXTURES)
            print(f"{number + 1} of {asked.runs}: {dict(false)}, {dict(found)}", file=sys.stderr, flush=True)
    print(
        f"load {min(loads, default=0):.0f} to {max(loads, default=0):.0f}, {judged} unchanged fixtures judged: ", end=""
    )
    print(", ".join(f"{false[kind]} {kind}" for kind in map(str, _KINDS)), end="\n\n")
    rows = [
        (name, *(f"{found[name, factor, kind]}" for factor in _FACTORS for kind in (*map(str, _KINDS), _MISSED)))
        for name in _FIXTURES
    ]
    kinds = ("found", "not confirmed", "missed")
    head = ("fixture", *(f"{factor:g}x {kind}" for factor in _FACTORS for kind in kinds))
    print(tabulate(rows, head, tablefmt="github", disable_numparse=True))


def _write(suite: Path) -> None:
    (suite / "conftest.py").write_text(_CONFTEST, "utf-8")
    for number in range(_MODULES):
        (suite / f"test_module_{number}.py").write_text(_TESTS, "utf-8")


def _changed(suite: Path, fixture: str, factor: float) -> Run:
    """
    A run with one fixture made slower, after the runs that were kept.
    """
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        shutil.copytree(suite / "results", results)
        return _run(suite, results, FIXTURE=fixture, FACTOR=f"{factor:g}")


def _run(suite: Path, results: Path, **environ: str) -> Run:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--paceline"]
    done = subprocess.run(
        [*command, f"--paceline-results={results}", "--rootdir", str(suite), str(suite)],
        cwd=suite,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"exit code {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return read_run(results / "latest_report.json")


def _verdicts(run: Run) -> set[tuple[VerdictKind, str]]:
    return {(verdict.kind, verdict.fixture) for verdict in run.verdicts if verdict.fixture}


if __name__ == "__main__":
    main()
