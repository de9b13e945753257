"""
How often the gate of the README is red in live sessions, and whether it finds planted changes.

    nohup python benchmarks/live_gate.py FOLDER [SUITE ...] > live.log &

A small shop with a load test (`live_shop/`) and suites of real packages are cloned into FOLDER. Each session runs the
shell steps of `action.yml`, with the history of the sessions before, beside 0 to 20 processes that compute. First all
sessions are of the default branch with an unchanged suite, then each change of the shop is tried on branches of its
own. A line is printed for each session; a later call goes on where the earlier one stopped.
"""

import argparse
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import suites
from busy import LOADS, busy_processes
from msgspec import Struct, json
from tabulate import tabulate

from paceline.analysis.judgement_rules import RegressionRule
from support.ci_systems import ACTION, Done, GithubRunner

_HERE = Path(__file__).parent
_SHOP = "shop"
_SUITES = {one.project: one for one in (suites.PLUGGY, suites.MORE_ITERTOOLS, suites.TOOLZ)}
_RED, _FEWEST = 10, RegressionRule().min_runs
_MAIN = "main"


class Change(NamedTuple):
    """
    A planted change: in a file of the shop, a text that is replaced by another one.
    """

    file: str
    old: str
    new: str


_CHANGES: Mapping[str, Change] = {
    "one query more": Change(
        "corner/store.py",
        "-> int:\n    return int(db.execute(",
        '-> int:\n    db.execute("select 1").fetchall()\n    return int(db.execute(',
    ),
    "10 ms more wait": Change(
        "corner/store.py",
        '    query = "select customer',
        '    __import__("time").sleep(0.01)\n    query = "select customer',
    ),
    "shared function, 1.4 times": Change("corner/cart.py", "_ROUNDS = 2000", "_ROUNDS = 2800"),
    "one function, 3 times": Change("corner/cart.py", "range(1)", "range(3)"),
    "work of each request, 2 times": Change(
        "corner/web.py", "Cart([(path[6:], 1)]).total())", "Cart([(path[6:], 1), (path, 1)]).total())"
    ),
}


class Session(Struct):
    """
    How a session ended: `found` are the verdicts by kind, and `why` the reasons of those that failed it.
    """

    number: int
    suite: str
    change: str
    load: int
    others_cpu_percent: float | None
    code: int
    found: dict[str, int]
    why: list[str]


class Project:
    """
    A suite in a repository of its own, as a CI system sees it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._folder = folder / name
        self._root = self._folder / "project"
        self._arguments, packages = "", "."
        if name in _SUITES:
            packages = _SUITES[name].packages
            self._arguments = " ".join((*suites.QUIET, *_SUITES[name].arguments))
        if not self._root.exists():
            self._make(folder)
        path = os.pathsep.join(map(str, (self._root / packages, _HERE.parent / "exporter")))
        self._environ = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "", "CI": "true", "GITHUB_ACTIONS": "true"}

    def _make(self, archives: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self.name == _SHOP:
            shutil.copytree(_HERE / "live_shop", self._root, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            _SUITES[self.name].unpacked(archives, self._folder).rename(self._root)
        self._git("init", "--quiet", "--initial-branch", _MAIN)
        self._commit("First")

    def session(self, number: int, change: str) -> Done:
        """
        One more commit, unchanged on the default branch or with a change on a branch of its own, and its session.
        """
        branch = f"change-{number}" if change else _MAIN
        self._git("checkout", "--quiet", "--force", _MAIN)
        if change:
            self._git("checkout", "--quiet", "-b", branch)
            planted = _CHANGES[change]
            path = self._root / planted.file
            text = path.read_text("utf-8")
            assert text.count(planted.old) == 1, planted
            path.write_text(text.replace(planted.old, planted.new), "utf-8")
        (self._root / "NOTES").write_text(f"{number}\n", "utf-8")
        self._commit(f"Note {number}")
        environ = {**self._environ, "GITHUB_SHA": self._git("rev-parse", "HEAD"), "GITHUB_REF_NAME": branch}
        return _Runner(self._root, self._folder / "caches", environ, branch).run(number, arguments=self._arguments)

    def report(self) -> dict[str, object]:
        """
        The document of the last session.
        """
        document: dict[str, object] = json.decode(
            (self._root / "performance_results" / "latest_report.json").read_bytes()
        )
        return document

    def _commit(self, subject: str) -> None:
        self._git("add", "--all", ":!performance_results")
        self._git("commit", "--quiet", "--allow-empty", "--message", subject)

    def _git(self, *arguments: str) -> str:
        who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
        done = subprocess.run(["git", *who, *arguments], cwd=self._root, check=True, capture_output=True, text=True)
        return done.stdout.strip()


class _Runner(GithubRunner):
    def __init__(self, folder: Path, caches: Path, environ: Mapping[str, str], branch: str) -> None:
        super().__init__(folder, caches, environ)
        self._branch = branch

    def _variables(self, temporary: Path) -> dict[str, str]:
        found = super()._variables(temporary)
        # Only a pull request has a head.
        return {**found, "GITHUB_HEAD_REF": "" if self._branch == _MAIN else self._branch}


def main() -> None:
    parser = argparse.ArgumentParser(description="Run live sessions under the gate of the README.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("suites", nargs="*", default=[_SHOP, *_SUITES])
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--tries", type=int, default=5)
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    sessions = [
        session for suite in arguments.suites for session in _sessions(folder, suite, arguments.runs, arguments.tries)
    ]
    print(_unchanged(sessions), _changed(sessions), sep="\n\n")


def _sessions(folder: Path, suite: str, runs: int, tries: int) -> Sequence[Session]:
    log = folder / f"{suite}.jsonl"
    found = [json.decode(line, type=Session) for line in log.read_bytes().splitlines()] if log.exists() else []
    wanted = [""] * runs + [change for _ in range(tries) for change in _CHANGES if suite == _SHOP]
    project = Project(folder, suite)
    for number, change in list(enumerate(wanted))[len(found) :]:
        load = LOADS[number % len(LOADS)]
        started = time.monotonic()
        with busy_processes(load, "nice", "-n", "10"):
            done = project.session(number, change)
        (folder / suite / "last_output.txt").write_text(done.output, "utf-8")
        session = _read(project, number, change, load, done)
        found.append(session)
        with log.open("ab") as file:
            file.write(json.encode(session) + b"\n")
        print(
            f"{suite} {number} {change or 'unchanged'}: exit {done.code} in {time.monotonic() - started:.0f} s, "
            f"load {load}, others {session.others_cpu_percent}%, {session.found}, {session.why}",
            flush=True,
        )
    return found


def _read(project: Project, number: int, change: str, load: int, done: Done) -> Session:
    document = project.report()
    verdicts: list[dict[str, str]] = document["verdicts"]  # type: ignore[assignment]
    gate = ACTION["inputs"]["fail-on"]["default"].split(",")
    machine: dict[str, float] = document["machine"]  # type: ignore[assignment]
    return Session(
        number=number,
        suite=project.name,
        change=change,
        load=load,
        others_cpu_percent=machine.get("others_cpu_percent"),
        code=done.code,
        found=Counter(verdict["kind"] for verdict in verdicts),
        why=[
            f"{verdict['kind']} {verdict.get('case') or ''}: {verdict['reason']}"
            for verdict in verdicts
            if verdict["kind"] in gate
        ],
    )


def _unchanged(sessions: Sequence[Session]) -> str:
    judged = [one for one in sessions if not one.change and one.number >= _FEWEST]
    rows = [_row(suite, [one for one in judged if one.suite == suite]) for suite in dict.fromkeys(_names(judged))]
    rows.append(_row("**all**", judged))
    return tabulate(rows, ("suite", "unchanged sessions", "red", "verdicts that failed them"), tablefmt="github")


def _names(sessions: Sequence[Session]) -> Sequence[str]:
    return [session.suite for session in sessions]


def _row(name: str, sessions: Sequence[Session]) -> tuple[str, int, int, str]:
    kinds = Counter(reason.partition(" ")[0] for one in sessions for reason in one.why)
    red = sum(one.code == _RED for one in sessions)
    return name, len(sessions), red, ", ".join(f"{count} {kind}" for kind, count in kinds.items())


def _changed(sessions: Sequence[Session]) -> str:
    rows = []
    for change in _CHANGES:
        tried = [one for one in sessions if one.change == change]
        kinds = Counter(kind for one in tried for kind in {reason.partition(" ")[0] for reason in one.why})
        found = sum(one.code == _RED for one in tried)
        rows.append((change, len(tried), found, ", ".join(f"{kind} in {count}" for kind, count in kinds.items())))
    return tabulate(rows, ("change of the shop", "tries", "red", "verdicts that failed them"), tablefmt="github")


if __name__ == "__main__":
    main()
