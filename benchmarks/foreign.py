"""
The test suites of real packages, without Paceline and with it: is anything different for them?

Each suite is run as it is, and with `--paceline`: alone, with two workers of pytest-xdist, and alone with a past that
makes tests look slower, so that they are measured again. A plugin beside them notes all that pytest reports.

- `tests`: the tests that were collected.
- `reports equal`: each phase of each test has the same outcome, as often, and warnings and exit code are the same.
- `account balanced`: each collected test is in one account of the run document, and the outcomes that it has are those
  that pytest reported.
- `again`: how often tests were measured again, which nobody else may notice.
- `stumbles`: failures inside Paceline, and messages about what it could not do.
- `added CPU`: CPU seconds with Paceline less those without, of the session and all that it starts.

What differs is printed below the table. A suite that differs from itself is run without Paceline once more, and what
differs there as well does not count.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace
from suites import (
    CACHETOOLS,
    DJANGO_REST,
    FLASK,
    ITSDANGEROUS,
    JINJA,
    MARSHMALLOW,
    MORE_ITERTOOLS,
    PLUGGY,
    QUIET,
    SQLPARSE,
    STARLETTE,
    TENACITY,
    TOOLZ,
    WERKZEUG,
    Suite,
)
from tabulate import tabulate

from paceline.errors import PacelineError
from paceline.history.results_folder import read_run
from paceline.history.sqlite.ledger import Ledger
from paceline.model import Case, Run
from paceline.translated_names import RunCount

# One of its ids has the present second, so that two workers may collect different tests.
_OF_THIS_SECOND = "tests/test_deserialization.py::TestFieldDeserialization::test_invalid_datetime_deserialization"
SUITES = (
    MARSHMALLOW._replace(arguments=(*MARSHMALLOW.arguments, "--deselect", _OF_THIS_SECOND)),
    WERKZEUG._replace(arguments=("-p", "no:asyncio")),
    TOOLZ._replace(arguments=("-p", "no:asyncio", "--doctest-modules", "toolz"), kind="doctests"),
    SQLPARSE,
    JINJA,
    ITSDANGEROUS,
    FLASK,
    PLUGGY,
    MORE_ITERTOOLS,
    STARLETTE,
    TENACITY,
    CACHETOOLS,
    DJANGO_REST,
)
_RUNS_BEFORE, _EACH, _FASTER = 10, 3, 8.0
# Lines of Paceline in a session that went well.
_USUAL = ("paceline: suite ", "paceline: measuring ", "paceline: measured again ")
_MEASURED_AGAIN = re.compile(r"measured again ([\d,]+) time")
_OBSERVER = """
import json, os

NOTES, WRITE, DUMPS = os.open(os.environ["NOTES"], os.O_CREAT | os.O_APPEND | os.O_WRONLY), os.write, json.dumps

def note(*words):
    if "PYTEST_XDIST_WORKER" not in os.environ:
        WRITE(NOTES, (DUMPS(words) + "\\n").encode())

def pytest_runtest_logreport(report):
    note("report", report.nodeid, report.when, report.outcome, hasattr(report, "wasxfail"))

def pytest_warning_recorded(warning_message, when, nodeid):
    note("warning", nodeid, when, warning_message.category.__name__)

def pytest_deselected(items):
    note("deselected", len(items))

def pytest_sessionfinish(exitstatus):
    note("exit", int(exitstatus))
"""


class Seen(NamedTuple):
    """
    A session: how often each thing was reported, what it printed, and the CPU seconds that it took.
    """

    reports: Counter[str]
    output: str
    seconds: float


class Bench:
    """
    Runs one suite in a folder of its own.
    """

    def __init__(self, suite: Suite, archives: Path, folder: Path) -> None:
        self.results = folder / "results"
        self._suite = suite
        self._notes = folder / "notes.jsonl"
        self._root = suite.unpacked(archives, folder)
        (folder / "observer.py").write_text(_OBSERVER, "utf-8")
        self._path = os.pathsep.join(map(str, (self._root / suite.packages, folder)))

    def seen(self, *arguments: str) -> Seen:
        """
        Run the suite once.
        """
        self._notes.unlink(missing_ok=True)
        needs = [part for plugin in (*self._suite.needs, "xdist", "observer") for part in ("-p", plugin)]
        command = [sys.executable, "-m", "pytest", *needs, *QUIET, *self._suite.arguments, *arguments]
        before = _cpu_seconds()
        output = subprocess.run(
            command,
            cwd=self._root,
            env=self._environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        ).stdout.decode("utf-8", "replace")
        seconds = _cpu_seconds() - before
        lines = self._notes.read_text("utf-8").splitlines() if self._notes.exists() else [f"no report: {output[-500:]}"]
        return Seen(Counter(lines), output, seconds)

    def measured(self, *arguments: str) -> tuple[Seen, Run | None]:
        """
        Run the suite once with Paceline.
        """
        report = self.results / "latest_report.json"
        report.unlink(missing_ok=True)
        seen = self.seen("-p", "paceline", "--paceline", f"--paceline-results={self.results}", *arguments)
        with suppress(PacelineError):
            return seen, read_run(report)
        return seen, None

    def remember(self, run: Run) -> None:
        """
        Keep earlier runs in which one of three tests was much faster.
        """
        cases = tuple(_faster(case) if number % _EACH == 0 else case for number, case in enumerate(run.cases))
        ledger = Ledger(self.results / "history.sqlite")
        for number in range(_RUNS_BEFORE):
            ago = 60.0 * (number + 1)
            times = {"started": run.started - ago, "ended": run.started - ago + 1}
            ledger.add(replace(run, run_id=f"before-{number}", cases=cases, verdicts=(), **times))

    def _environ(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PACELINE", "CI"))}
        own = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONHASHSEED": "0", "PACELINE_BRANCH": "main"}
        return {**kept, **own, "PYTHONPATH": self._path, "NOTES": str(self._notes)}


def main() -> None:
    """
    Print the table, and what differs.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", help="Suites to run (default: all).")
    parser.add_argument("--archives", type=Path, default=Path("build/suites"), help="Folder of source distributions.")
    asked = parser.parse_args()
    asked.archives.mkdir(parents=True, exist_ok=True)
    rows, differences = [], list[str]()
    for suite in SUITES:
        if suite.project in (asked.suites or [suite.project]):
            print(f"... {suite}", file=sys.stderr)
            with tempfile.TemporaryDirectory() as folder:
                found = _compared(suite, Bench(suite, asked.archives, Path(folder).resolve()))
            rows.append(found[0])
            differences += found[1]
    print(tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True))
    print("\n" + "\n".join(differences or ["No difference."]))


def _compared(suite: Suite, bench: Bench) -> tuple[dict[str, str], list[str]]:
    plain, workers = bench.seen(), bench.seen("-n", "2")
    alone, run = bench.measured()
    if run is None:
        raise SystemExit(f"{suite}: Paceline kept no run\n{alone.output[-3000:]}")
    beside, run_of_workers = bench.measured("-n", "2")
    bench.remember(run)
    again, repeated = bench.measured()
    pairs = {"alone": (plain, alone, run), "-n 2": (workers, beside, run_of_workers), "again": (plain, again, repeated)}
    differences = {way: [*_reports(bench, way, *pair[:2])] for way, pair in pairs.items()}
    accounts = {way: [*_accounts(pair[1], pair[2])] for way, pair in pairs.items()}
    stumbles = [line for _, seen, kept in pairs.values() for line in _stumbles(seen, kept)]
    times = _MEASURED_AGAIN.search(again.output)
    row = {
        "suite": str(suite),
        "tests": f"{run.collected or 0:,}",
        "reports equal": _ways(differences),
        "account balanced": _ways(accounts),
        "again": times[1] if times else "0",
        "stumbles": f"{len(stumbles)}",
        "CPU": f"{plain.seconds:.2f} s",
        "added CPU": f"{alone.seconds - plain.seconds:.2f} s",
        "added, `-n 2`": f"{beside.seconds - workers.seconds:.2f} s",
    }
    said = [f"{way}: {line}" for found in (differences, accounts) for way, lines in found.items() for line in lines]
    return row, [f"{suite}: {line}" for line in (*said, *stumbles)]


def _ways(found: Mapping[str, list[str]]) -> str:
    wrong = [way for way, lines in found.items() if lines]
    return f"no: {', '.join(wrong)}" if wrong else "yes"


def _reports(bench: Bench, way: str, plain: Seen, seen: Seen) -> Iterator[str]:
    """
    What was reported more or less often than without Paceline, and than in one more run without Paceline.
    """
    if plain.reports == seen.reports:
        return
    second = bench.seen(*(("-n", "2") if way == "-n 2" else ()))
    for line in sorted(plain.reports.keys() | seen.reports.keys()):
        usual = {plain.reports[line], second.reports[line]}
        if seen.reports[line] not in usual and len(usual) == 1:
            yield f"{seen.reports[line]} times, without Paceline {plain.reports[line]} times: {line}"


def _accounts(seen: Seen, run: Run | None) -> Iterator[str]:
    """
    What the run document has otherwise than pytest reported it.
    """
    if run is None:
        yield "no run document"
        return
    if sum(run.accounts.values()) != run.collected:
        yield f"{run.collected} tests collected, {sum(run.accounts.values())} in accounts"
    notes = [json.loads(line) for line in seen.reports if line.startswith("[")]
    reports = [note[1:] for note in notes if note[0] == "report"]
    tests = {node_id for node_id, *_ in reports}
    if len(run.cases) != len(tests):
        yield f"{len(tests)} tests reported, {len(run.cases)} cases"
    failed = {node_id for node_id, _, outcome, _ in reports if outcome == "failed"}
    kept = [case for case in run.cases if case.outcome.value in {"failed", "error"}]
    if len(failed) != len(kept):
        yield f"{len(failed)} tests failed, {len(kept)} cases did"
    called = sum(when == "call" for _, when, *_ in reports)
    timed = sum(case.duration_seconds is not None for case in run.cases)
    if called != timed:
        yield f"{called} tests were called, {timed} have a time"


def _stumbles(seen: Seen, run: Run | None) -> Iterator[str]:
    if run is not None and run.counts.get(RunCount.INTERNAL_FAILURES):
        yield f"{run.counts[RunCount.INTERNAL_FAILURES]} failures inside Paceline"
    for line in seen.output.splitlines():
        if line.startswith("paceline: ") and not line.startswith(_USUAL):
            yield line


def _faster(case: Case) -> Case:
    if case.duration_seconds is None:
        return case
    seconds = case.duration_seconds / _FASTER
    return replace(case, duration_seconds=seconds, normalized_duration_seconds=seconds)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
