"""
Counted calls of real suites: are they the same in each run, are planted changes found, and what does counting cost?

The suites are source distributions from the package index, run by the interpreter of this program (Python 3.12 or later
counts by `sys.monitoring`) as they are: all of their tests that run here, with whatever these do.

- `equal`: the share of tests whose calls of every function are the same in two runs: in order, in an order of chance,
  with two workers of pytest-xdist; each run has hashes of its own. `total` is the share of tests whose calls in all
  differ by at most 5%.
- `unchanged`: runs of the same code one after the other, in each mode, with `--paceline-fail-on work` and busy
  processes beside them.
- `planted`: a change in the code after two runs. Of the tests that it makes a tenth longer, by their calls, the share
  that is in a finding of the first run with it; and the function that the widest finding names.
- `cost`: CPU seconds of the suite as it is, with Paceline, and with other tools that watch calls.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from busy import busy_processes
from suites import (
    CACHETOOLS,
    DJANGO_REST,
    JINJA,
    MARSHMALLOW,
    MPMATH,
    QUIET,
    SQLPARSE,
    STARLETTE,
    TENACITY,
    TOOLZ,
    WERKZEUG,
    Suite,
)

from paceline.history.results_folder import read_run
from paceline.model import Run
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

_SHUFFLE = """
import os, random

def pytest_collection_modifyitems(items):
    random.Random(os.environ["SHUFFLE_SEED"]).shuffle(items)
"""
_CLOSE, _A_TENTH = 1.05, 1.1
# Exit codes of pytest after it ran tests: all passed, some failed, or Paceline's gate failed.
_RAN = frozenset({0, 1, 10})


class Change(NamedTuple):
    """
    A change of code: what it is like, the suite, the file, what is replaced in it, by what, and arguments of pytest.
    """

    name: str
    project: str
    file: str
    old: str
    new: str
    arguments: tuple[str, ...] = ()


SUITES = (
    MARSHMALLOW,
    TOOLZ,
    SQLPARSE,
    JINJA,
    STARLETTE,
    DJANGO_REST,
    CACHETOOLS,
    TENACITY,
    MPMATH,
    WERKZEUG,
)
_MODES = ("all", "rotate", "suspects")
_LOAD = (
    "        return self._do_load(\n            data, many=many, partial=partial, unknown=unknown, postprocess=True\n"
)
_AGAIN = """        for _ in range(2):
            try:
                self._do_load(data, many=many, partial=partial, unknown=unknown, postprocess=True)
            except Exception:
                pass
"""
CHANGES = (
    Change("a core function three times", "marshmallow", "src/marshmallow/schema.py", _LOAD, _AGAIN + _LOAD),
    Change("a cache removed", "jinja2", "src/jinja2/lexer.py", "lexer = _lexer_cache.get(key)", "lexer = None"),
    Change(
        "one more call in a loop",
        "sqlparse",
        "sqlparse/sql.py",
        "                if func(token):",
        "                if func(token) and func(token):",
    ),
    Change(
        "an accidental O(n²)",
        "sqlparse",
        "sqlparse/sql.py",
        "        start_idx = start\n",
        "        [imt(one, t=one.ttype) for one in self.tokens]\n        start_idx = start\n",
        # These have thousands of tokens, and would take long.
        ("--ignore=tests/test_dos_prevention.py",),
    ),
    Change(
        "children asked for twice at each node",
        "jinja2",
        "src/jinja2/nodes.py",
        "        for child in self.iter_child_nodes():\n            if isinstance(child, node_type):",
        "        list(self.iter_child_nodes())\n"
        "        for child in self.iter_child_nodes():\n            if isinstance(child, node_type):",
    ),
)
# Ways to run a suite, with the module that each needs.
_COSTS: Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]] = {
    "as it is": (("-m", "pytest"), {}),
    "Paceline, off": (("-m", "pytest", "--paceline", "--paceline-no-save", "--paceline-work=off"), {}),
    "Paceline, suspects": (("-m", "pytest", "--paceline", "--paceline-no-save", "--paceline-work=suspects"), {}),
    "Paceline, rotate": (("-m", "pytest", "--paceline", "--paceline-no-save", "--paceline-work=rotate"), {}),
    "Paceline, all": (("-m", "pytest", "--paceline", "--paceline-no-save", "--paceline-work=all"), {}),
    "coverage, C tracer": (
        ("-m", "coverage", "run", "--data-file=../cost.data", "-m", "pytest"),
        {"COVERAGE_CORE": "ctrace"},
    ),
    "coverage, sysmon": (
        ("-m", "coverage", "run", "--data-file=../cost.data", "-m", "pytest"),
        {"COVERAGE_CORE": "sysmon"},
    ),
    "cProfile": (("-m", "cProfile", "-o", "../cost.data", "-m", "pytest"), {}),
    "pyinstrument": (("-m", "pyinstrument", "-o", "../cost.data", "-m", "pytest"), {}),
}


class Bench:
    """
    Runs one suite in a folder of its own.
    """

    def __init__(self, suite: Suite, archives: Path, folder: Path) -> None:
        self.suite = suite
        self._results = folder / "results"
        self.root = suite.unpacked(archives, folder)
        (folder / "shuffled.py").write_text(_SHUFFLE, "utf-8")
        self._path = os.pathsep.join(map(str, (self.root / suite.packages, folder)))

    def run(self, *arguments: str, shuffled: bool = False, mode: str = "all", **environ: str) -> tuple[Run, int]:
        """
        Run the suite and count calls: of all tests, or in another mode.
        """
        code = self.started(
            ("-m", "pytest", "--paceline", f"--paceline-work={mode}", f"--paceline-results={self._results}-{mode}"),
            (*(("-p", "shuffled") if shuffled else ()), *arguments),
            {"SHUFFLE_SEED": str(os.urandom(4).hex()), **environ},
        )
        return read_run(Path(f"{self._results}-{mode}") / "latest_report.json"), code

    def started(
        self, command: Sequence[str], arguments: Sequence[str] = (), environ: Mapping[str, str] | None = None
    ) -> int:
        """
        Run the suite in some way.

        Returns:
            The exit code: 0, 1 where tests fail, or 10 where Paceline's gate fails.
        """
        done = subprocess.run(
            [sys.executable, *command, *QUIET, *self.suite.arguments, *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": self._path, "PYTHONWARNINGS": "ignore", **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode not in _RAN:
            raise SystemExit(f"{self.suite}: exit code {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
        return done.returncode

    def seconds(self, name: str) -> float:
        """
        CPU seconds of the suite and all that it starts.
        """
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command, environ = _COSTS[name]
        self.started(command, (), environ)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    @contextmanager
    def changed(self, change: Change) -> Iterator[None]:
        """
        The suite with a change in its code.
        """
        file = self.root / change.file
        text = file.read_text("utf-8")
        if change.old not in text:
            raise SystemExit(f"{file}: the code to change is not there: {change.old!r}")
        file.write_text(text.replace(change.old, change.new, 1), "utf-8")
        try:
            yield
        finally:
            file.write_text(text, "utf-8")


def main() -> None:
    """
    Print the tables that are asked for.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*_PARTS, []], help="Tables (default: all).")
    parser.add_argument("--archives", type=Path, default=Path("build/suites"), help="Folder of source distributions.")
    parser.add_argument("--suites", nargs="*", default=[suite.project for suite in SUITES], help="Suites to run.")
    parser.add_argument("--runs", type=int, default=12, help="Unchanged runs (default: 12).")
    parser.add_argument("--busy", type=int, default=os.cpu_count(), help="Busy processes (default: one a CPU).")
    parser.add_argument("--rounds", type=int, default=3, help="Rounds of each cost (default: 3).")
    parser.add_argument("--modes", nargs="*", choices=_MODES, default=_MODES, help="Modes of unchanged runs.")
    asked = parser.parse_args()
    asked.archives.mkdir(parents=True, exist_ok=True)
    for part in asked.parts or _PARTS:
        print(f"\n{part}\n", flush=True)
        _print_table(row for suite in SUITES if suite.project in asked.suites for row in _rows(part, suite, asked))


def _rows(part: str, suite: Suite, asked: argparse.Namespace) -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        yield from _PARTS[part](Bench(suite, asked.archives, Path(folder).resolve()), asked)


def _print_table(rows: Iterable[dict[str, str]]) -> None:
    """
    Print each row as soon as it is known: all of them take hours.
    """
    for place, row in enumerate(rows):
        if place == 0:
            print(f"| {' | '.join(row)} |\n|{'---|' * len(row)}", flush=True)
        print(f"| {' | '.join(row.values())} |", flush=True)


def _equal(bench: Bench, _asked: argparse.Namespace) -> Iterator[dict[str, str]]:
    first = bench.run()[0]
    others = {
        "in order": bench.run()[0],
        "shuffled": bench.run(shuffled=True)[0],
        "-n 2": bench.run("-n", "2")[0],
    }
    calls = sum(case.usage.get(UsageKey.CALLS, 0.0) for case in first.cases)
    row = {"suite": str(bench.suite), "tests": f"{len(_calls(first)):,}", "calls": f"{calls:,.0f}"}
    for name, other in others.items():
        row[name] = _share(first, other, UsageKey.CALLS_FINGERPRINT, 1.0)
    row["total, shuffled"] = _share(first, others["shuffled"], UsageKey.CALLS, _CLOSE)
    yield row


def _unchanged(bench: Bench, asked: argparse.Namespace) -> Iterator[dict[str, str]]:
    for mode in asked.modes:
        found: list[Run] = []
        loads: list[float] = []
        with busy_processes(asked.busy):
            for _ in range(asked.runs):
                found.append(bench.run("--paceline-fail-on=work", mode=mode)[0])
                _print_findings(found[-1])
                loads.append(os.getloadavg()[0])
        verdicts = [sum(verdict.kind is VerdictKind.WORK for verdict in run.verdicts) for run in found]
        compared = sum(run.work.compared for run in found if run.work is not None)
        tests = sum(len(run.cases) for run in found)
        yield {
            "suite": str(bench.suite),
            "mode": mode,
            "load": f"{min(loads):.0f} to {max(loads):.0f}",
            "runs": f"{len(found)}",
            "red": f"{sum(map(bool, verdicts))}",
            "test-runs": f"{tests:,}",
            "compared by calls": f"{compared:,}",
            "findings": f"{sum(verdicts)}",
            "per 100,000 test-runs": f"{1e5 * sum(verdicts) / tests:.1f}",
            "vary": f"{found[-1].work.varying if found[-1].work else 0}",
        }


def _print_findings(run: Run) -> None:
    for verdict in run.verdicts:
        if verdict.kind is VerdictKind.WORK:
            print(f"{verdict.subject}: {verdict.reason}", file=sys.stderr, flush=True)


def _planted(bench: Bench, _asked: argparse.Namespace) -> Iterator[dict[str, str]]:
    for change in (one for one in CHANGES if one.project == bench.suite.project):
        before = [bench.run(*change.arguments)[0] for _ in range(2)][-1]
        with bench.changed(change):
            after, _ = bench.run("--paceline-fail-on=work", *change.arguments)
        for _ in range(2):
            bench.run(*change.arguments)
        known, calls = _calls(before), _calls(after)
        longer = {test for test, count in calls.items() if test in known and count > _A_TENTH * max(known[test], 1)}
        findings = [verdict for verdict in after.verdicts if verdict.kind is VerdictKind.WORK]
        found = {test for verdict in findings for test in verdict.tests or (verdict.case,)}
        widest = max(findings, key=lambda verdict: len(verdict.tests), default=None)
        yield {
            "change": change.name,
            "suite": change.project,
            "tests with 10% more calls": f"{len(longer)}",
            "in a finding": f"{len(longer & found) / len(longer):.0%}" if longer else "-",
            "findings": f"{len(findings)}",
            "the widest names": widest.function if widest is not None else "-",
        }


def _cost(bench: Bench, asked: argparse.Namespace) -> Iterator[dict[str, str]]:
    bench.seconds("as it is")
    seconds = {name: median(bench.seconds(name) for _ in range(asked.rounds)) for name in _COSTS}
    yield {"suite": str(bench.suite), **{name: f"{one:.2f}" for name, one in seconds.items()}}


_PARTS = {"equal": _equal, "unchanged": _unchanged, "planted": _planted, "cost": _cost}


def _calls(run: Run, key: str = UsageKey.CALLS) -> dict[str, float]:
    return {case.id: case.usage[key] for case in run.cases if key in case.usage}


def _share(one: Run, other: Run, key: str, factor: float) -> str:
    mine, others = _calls(one, key), _calls(other, key)
    both = mine.keys() & others.keys()
    alike = sum(max(mine[test], others[test]) <= factor * min(mine[test], others[test]) for test in both)
    return f"{alike / len(both):.2%}" if both else "-"


if __name__ == "__main__":
    main()
