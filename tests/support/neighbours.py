"""
A suite beside other plugins of pytest: run by a Python of its own, in which each plugin is loaded by name.
"""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from paceline.history.sqlite.ledger import Ledger
from paceline.model import Run
from paceline.verdict_kinds import VerdictKind
from support.suite import Result, Suite
from support.values import make_case, make_run

_REPOSITORY = Path(__file__).parents[2]
_REQUIREMENTS = _REPOSITORY / "tests/neighbours"
_RUNS_BEFORE = 10
USUAL, SLOW = 0.01, 0.08
_SLOWER = {VerdictKind.REGRESSION, VerdictKind.UNCONFIRMED}
# What a shell, a CI or the session around may set, and what another plugin would go by.
_FOREIGN = ("COVERAGE", "COV_CORE", "PYTEST", "PACELINE", "PERFORMANCE", "CI", "GITHUB")

OBSERVER = '''
    """
    Notes what hooks see, and what is in the process while a test runs. All of it is bound before a test patches it.
    """

    import json
    import os
    import threading
    from types import SimpleNamespace

    import pytest

    # In an object, as pyfakefs replaces functions that are globals of a module.
    REAL = SimpleNamespace(
        open=os.open, read=os.read, write=os.write, close=os.close, list=os.listdir, link=os.readlink,
        threads=threading.enumerate, dumps=json.dumps, error=OSError, own=f"/proc/{os.getpid()}",
    )
    NOTES = REAL.open(os.environ["NOTES"], os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ


    def note(*words):
        REAL.write(NOTES, (REAL.dumps(words) + "\\n").encode())


    def noted_report(report):
        known = report.nodeid, report.when, report.outcome, hasattr(report, "wasxfail")
        return [*known, report.capstdout, report.caplog]


    def children():
        file = REAL.open(f"{REAL.own}/task/{REAL.own.rpartition('/')[2]}/children", os.O_RDONLY)
        try:
            return len(REAL.read(file, 65536).split())
        finally:
            REAL.close(file)


    def link_of(descriptor):
        try:
            return REAL.link(f"{REAL.own}/fd/{descriptor}")
        except REAL.error:
            return ""


    def sockets():
        return sum(link_of(descriptor).startswith("socket:") for descriptor in REAL.list(f"{REAL.own}/fd"))


    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(item):
        try:
            return (yield)
        finally:
            note("process", item.nodeid, sorted(one.name for one in REAL.threads()), children(), sockets())


    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        note("makereport", *noted_report(report)[:4])
        return report


    def pytest_runtest_logreport(report):
        if not IS_WORKER:
            note("logreport", *noted_report(report))


    def pytest_runtest_logstart(nodeid):
        if not IS_WORKER:
            note("logstart", nodeid)


    def pytest_runtest_logfinish(nodeid):
        if not IS_WORKER:
            note("logfinish", nodeid)


    def pytest_exception_interact(node, call):
        if not IS_WORKER:
            note("exception_interact", node.nodeid)


    def pytest_warning_recorded(warning_message, nodeid):
        if not IS_WORKER:
            note("warning", nodeid, str(warning_message.message))


    def pytest_deselected(items):
        note("deselected", *(item.nodeid for item in items))
'''

SHOP = """
    import logging
    import os
    import time

    import pytest
    from conftest import note

    @pytest.fixture(scope="session")
    def shop():
        note("fixture", "shop made")
        yield "shop"
        note("fixture", "shop gone")

    @pytest.fixture(scope="module")
    def cart(shop):
        note("fixture", "cart made")
        yield []
        note("fixture", "cart gone")

    @pytest.fixture
    def broken():
        raise ValueError("broken")

    @pytest.fixture
    def late():
        yield
        raise ValueError("late")

    def test_passes(cart):
        print("sold")
        logging.getLogger("shop").warning("sold out")

    def test_fails(cart):
        assert cart is None

    def test_errors(broken): pass

    def test_ends_badly(late): pass

    def test_skips():
        pytest.skip("closed")

    @pytest.mark.skip(reason="closed")
    def test_is_skipped(): pass

    @pytest.mark.xfail(reason="known", strict=True)
    def test_xfails():
        assert False

    @pytest.mark.xfail(reason="known", strict=False)
    def test_xpasses(): pass

    @pytest.mark.parametrize("n", [1, 2])
    def test_each(cart, n):
        print("each", n)

    class TestTill:
        def setup_method(self):
            self.money = 1

        def test_opens(self, shop):
            assert self.money

    def test_changes(cart, record_property):
        print("changing")
        record_property("colour", "green")
        time.sleep(float(os.environ["SECONDS"]))

    def test_steady(shop): pass
"""
CHANGED = "test_shop.py::test_changes"


@dataclass(frozen=True)
class Neighbour:
    """
    A plugin, how it is used, and how to read what it writes.
    """

    name: str
    plugins: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    written: Callable[[Path], Any] = lambda _: None
    is_clean: bool = True
    environ: Mapping[str, str] = field(default_factory=dict)
    changed: str = CHANGED
    is_repeated: bool = True
    requirements: str = "requirements"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Seen:
    """
    What one run of a suite showed to everybody but Paceline.
    """

    result: Result
    notes: list[list[Any]]
    written: Any

    def of(self, *kinds: str) -> list[list[Any]]:
        """
        The notes of some kinds, in order.
        """
        return [note for note in self.notes if note[0] in kinds]

    def counted(self) -> Counter[str]:
        """
        How often each thing was noted but the processes; workers may note them in any order.
        """
        return Counter(json.dumps(note) for note in self.notes if note[0] != "process")

    @property
    def processes(self) -> set[str]:
        """
        The threads, children and sockets beside each test.
        """
        return {json.dumps(note) for note in self.of("process")}

    @property
    def ids(self) -> list[str]:
        return list(dict.fromkeys(note[1] for note in self.of("logreport")))

    @property
    def outcomes(self) -> dict[str, str]:
        """
        How each test ended, as Paceline is to keep it.
        """
        ended: dict[str, str] = {}
        for _, node_id, when, outcome, is_expected, *_ in self.of("logreport"):
            known = ended.get(node_id)
            if known not in {"failed", "error"}:
                ended[node_id] = _outcome(when, outcome, is_expected=is_expected) or known or ""
        return ended


def _outcome(when: str, outcome: str, *, is_expected: bool) -> str:
    if outcome == "failed":
        return "failed" if when == "call" else "error"
    if outcome == "skipped":
        return "xfailed" if is_expected else "skipped"
    return ("xpassed" if is_expected else "passed") if when == "call" else ""


@cache
def neighbours_python(requirements: str = "requirements") -> str:
    """
    The Python that has all plugins of a file; its environment is made when it is first asked for.
    """
    folder = _REPOSITORY / f".venv-neighbours-{requirements}"
    marker, wanted = folder / ".installed", (_REQUIREMENTS / f"{requirements}.txt").read_text("utf-8")
    python = str(folder / "bin" / "python")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not marker.exists() or marker.read_text("utf-8") != wanted:
            _uv("venv", "--clear", "--python", sys.executable, str(folder))
            _uv("pip", "install", "--python", python, "--requirement", str(_REQUIREMENTS / f"{requirements}.txt"))
            _uv("pip", "install", "--python", python, "--editable", str(_REPOSITORY))
            marker.write_text(wanted, "utf-8")
    return python


def _uv(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", "--quiet", *arguments], check=True)


class Beside(Suite):
    """
    A suite whose pytest has the plugins that are named, and no other.
    """

    def __init__(self, folder: Path, *plugins: str, own_last: bool = False, requirements: str = "requirements") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder)
        self.plugins = plugins
        self.own_last = own_last
        self.requirements = requirements
        self.command: tuple[str, ...] = ()  # what comes before each, such as that of a `Host`
        self.environ = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
        self.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": "", "NO_PROXY": "127.0.0.1"}
        self.environ |= {"PACELINE_SUITE": "shop", "PACELINE_BRANCH": "main", "PACELINE_DEFAULT_BRANCH": "main"}

    @property
    def python(self) -> str:
        return neighbours_python(self.requirements)

    def start(
        self, *arguments: str, environ: Mapping[str, str] | None = None, on: bool = True
    ) -> "subprocess.Popen[str]":
        """
        Start pytest and leave it running.
        """
        return self._start(arguments, environ, subprocess.DEVNULL, on=on)

    def start_with_input(self, *arguments: str, environ: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """
        Start pytest with a pipe for what a person types.
        """
        return self._start(arguments, environ, subprocess.PIPE, on=True)

    def start_program(self, *arguments: str, environ: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """
        Start Python and leave it running.
        """
        return self._start_python(arguments, environ, subprocess.DEVNULL)

    def _start(
        self, arguments: Sequence[str], environ: Mapping[str, str] | None, typed: int, *, on: bool
    ) -> "subprocess.Popen[str]":
        own, beside = ["-p", "paceline", "--paceline"] if on else [], _named(self.plugins)
        plugins = [*beside, *own] if self.own_last else [*own, *beside]
        return self._start_python(["-m", "pytest", "-p", "no:cacheprovider", *plugins, *arguments], environ, typed)

    def _start_python(
        self, arguments: Sequence[str], environ: Mapping[str, str] | None, typed: int
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*self.command, self.python, *arguments],
            cwd=self.folder,
            env={**self.environ, **(environ or {})},
            stdin=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def remember(self, ids: Iterable[str], seconds: Mapping[str, float] | None = None) -> None:
        """
        Keep ten earlier runs in which each test passed and took a millisecond, or what is said of it.
        """
        ended = time.time() - 60
        cases = [make_case(one, 0.001, normalized_duration_seconds=0.001) for one in ids]
        cases += [make_case(one, usual, normalized_duration_seconds=usual) for one, usual in (seconds or {}).items()]
        self.results.mkdir(exist_ok=True)
        for number in range(_RUNS_BEFORE):
            start = ended - 60 * number
            run = make_run(number, cases, run_id=f"before-{number}", started=start, ended=start + 1)
            Ledger(self.results / "history.sqlite").add(run)


def _named(plugins: Iterable[str]) -> list[str]:
    return [part for plugin in plugins for part in ("-p", plugin)]


def observe(neighbour: Neighbour, folder: Path, *, on: bool, slow_after: Seen | None = None) -> Seen:
    """
    Run the suite of a neighbour once.

    Args:
        neighbour: the plugin.
        folder: is made, and has the suite.
        on: whether with Paceline.
        slow_after: what the suite showed before. Its tests get a past, and one of them takes longer than it had.
    """
    is_slow = slow_after is not None
    suite = Beside(folder, *neighbour.plugins, own_last=is_slow, requirements=neighbour.requirements)
    suite.write("pytest.ini", "[pytest]\n")
    suite.write("conftest.py", OBSERVER)
    suite.write("test_shop.py", SHOP)
    for name, content in neighbour.files.items():
        suite.write(name, content)
    if slow_after is not None:
        suite.remember([one for one in slow_after.ids if one != neighbour.changed], {neighbour.changed: USUAL})
    notes = folder / "notes.jsonl"
    environ = {"NOTES": str(notes), "SECONDS": str(SLOW if slow_after else USUAL), **neighbour.environ}
    strict = ("-W", "error") if neighbour.is_clean else ()
    result = suite.run(*strict, *neighbour.arguments, environ=environ, on=on)
    lines = notes.read_text("utf-8").splitlines()
    return Seen(result, [json.loads(line) for line in lines], neighbour.written(folder))


def differences(seen: Seen, plain: Seen) -> dict[str, Any]:
    """
    What a run showed that a run without Paceline did not, and the other way round.
    """
    more, less = seen.counted() - plain.counted(), plain.counted() - seen.counted()
    found = {
        "more": dict(more),
        "less": dict(less),
        "exit code": None if seen.result.code == plain.result.code else (seen.result.code, plain.result.code),
        "written": None if seen.written == plain.written else (seen.written, plain.written),
    }
    return {name: difference for name, difference in found.items() if difference}


def misjudged(run: Run, plain: Seen) -> dict[str, Any]:
    """
    The tests whose outcome or time Paceline did not keep as pytest reported them.
    """
    reported, kept = plain.outcomes, {case.id: case.outcome.value for case in run.cases}
    called = {note[1] for note in plain.of("logreport") if note[2] == "call"}
    pairs = {one: (reported.get(one), kept.get(one)) for one in reported.keys() | kept.keys()}
    wrong: dict[str, Any] = {one: pair for one, pair in pairs.items() if pair[0] != pair[1]}
    return wrong | {case.id: "no duration" for case in run.cases if case.id in called and not case.duration_seconds}


def slower(result: Result) -> dict[str, bool]:
    """
    The tests that took longer than they did, and whether they were measured again.
    """
    verdicts = [one for one in result.run.verdicts if one.kind in _SLOWER]
    return {one.case: "not measured again" not in one.reason for one in verdicts if one.case is not None}
