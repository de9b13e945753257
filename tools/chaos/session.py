"""
Real sessions of pytest with a fault: killed, interrupted, without disk, descriptors, clock, locks or servers.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil

from paceline.documents import decode_run
from paceline.history.sqlite.ledger import Ledger
from paceline.model import Run
from support.answering import answering, silence
from support.receiving import receiving
from support.suite import QUIET
from tools.chaos.row import Fault, Row

_LONGEST = 60
# This plugin starts a thread, which needs descriptors and a stack of its own.
_NO_THREAD = ("-p", "no:rerunfailures")
_PROJECT = '[project]\nname = "shop"\n'
_TESTS = "import time\n" + "".join(f"def test_{number}(): time.sleep(0.01)\n" for number in range(20))
# Loaded by `-p fault`, before any conftest: at the first call of a function, something happens.
AT = """
import importlib, os, signal
MODULE, CLASS, NAME = os.environ["AT"].split()
NUMBER = {"ctrl-c": signal.SIGINT, "kill": signal.SIGKILL}[os.environ["HAPPENS"]]
def pytest_collection_finish():
    owner = importlib.import_module(MODULE)
    owner = getattr(owner, CLASS) if CLASS != "-" else owner
    real = getattr(owner, NAME)
    def wrapped(*args, **kwargs):
        setattr(owner, NAME, real)
        if os.environ.get("AFTER"):
            real(*args, **kwargs)
        signal.raise_signal(NUMBER) if NUMBER == signal.SIGINT else os.kill(os.getpid(), NUMBER)
        return real(*args, **kwargs)
    setattr(owner, NAME, wrapped)
"""
PLACES = (
    "paceline.plugin.session - judged_cases",
    "paceline.companion.session_side Companion finish",
    "paceline.plugin.conclude - confirmed",
    "paceline.plugin.session - conclude",
    "paceline.history.past_judge - find_verdicts",
    "paceline.history.results_folder ResultsFolder add_document",
    "paceline.history.results_folder ResultsFolder _keep_foreign_latest",
    "paceline.history.sqlite.ledger Ledger add",
    "paceline.history.archive - add_trends",
    "paceline.history.journal Journal close",
    "paceline.plugin.send_runs Sending put",
    "paceline.companion.session_side Companion close",
    "paceline.plugin.session - write_report",
)
_CLOCK = "from paceline.unpatched import UNPATCHED\ntype(UNPATCHED).wall_time = lambda self: {time}\n"
_NO_LOCKS = """
import errno
from paceline import files
def flock(*args): raise OSError(errno.ENOLCK, "no locks")
files.flock = flock
"""
_LIMIT = """
import resource, signal
def pytest_collection_finish():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, resource.RLIM_INFINITY))
"""


class Ended(NamedTuple):
    """
    How a session ended.
    """

    code: int
    output: str
    seconds: float
    memory: int


class Project:
    """
    A project with 20 short tests.
    """

    def __init__(self, folder: Path, tests: str = _TESTS, settings: str = "") -> None:
        self.folder = folder
        self.results = folder / "performance_results"
        (folder / "pyproject.toml").write_text(f"{_PROJECT}{settings}")
        (folder / "test_shop.py").write_text(tests)
        self._writer: subprocess.Popen[bytes] | None = None

    def start(
        self, *arguments: str, fault: str = "", environ: Mapping[str, str] | None = None, prefix: tuple[str, ...] = ()
    ) -> "subprocess.Popen[bytes]":
        """
        Start a session.
        """
        if fault:
            (self.folder / "fault.py").write_text(fault)
            arguments = ("-p", "fault", *arguments)
        command = [*prefix, sys.executable, "-m", "pytest", *QUIET, "-q", "--paceline", "--junitxml=junit.xml"]
        known = {"PYTHONPATH": str(self.folder), "NO_PROXY": "127.0.0.1"}
        (self.folder / "junit.xml").unlink(missing_ok=True)
        # Through a program that has no limits, as what is limited are the files of the session.
        with (self.folder / "output.txt").open("wb") as output:
            self._writer = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=output)
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=self.folder,
            env={**os.environ, **known, **(environ or {})},
            stdout=self._writer.stdin,
            stderr=subprocess.STDOUT,
        )
        if self._writer.stdin is not None:
            self._writer.stdin.close()
        return process

    def run(self, *arguments: str, **options: object) -> Ended:
        """
        Run a session to its end.
        """
        started = time.monotonic()
        return self.wait(self.start(*arguments, **options), started)  # type: ignore[arg-type]

    def wait(self, process: "subprocess.Popen[bytes]", started: float) -> Ended:
        """
        Wait for the end of a session; one that does not end is killed.
        """
        end, memory = started + _LONGEST, 0
        # The peak that the system counts for a child has that of its parent before `exec`, so it is not used.
        with suppress(psutil.Error):
            session = psutil.Process(process.pid)
            while process.poll() is None:
                memory = max(memory, session.memory_info().rss)
                if time.monotonic() > end:
                    process.kill()
                time.sleep(0.01)
        code = process.wait()
        if self._writer is not None:
            self._writer.wait(_LONGEST)
        output = (self.folder / "output.txt").read_text("utf-8", "replace")
        return Ended(code, output, time.monotonic() - started, memory)

    def documents(self) -> list[Run]:
        """
        The documents of runs, all of which can be read.
        """
        return [decode_run(path.read_bytes(), path.name) for path in sorted(self.results.glob("performance_*.json"))]

    def rows(self) -> dict[str, str]:
        """
        The outcomes of the runs in the ledger, by id.
        """
        return {run.run_id: outcome for _, outcome, run in Ledger(self.results / "history.sqlite").summaries()}


def _passes(row: Row, project: Project, *arguments: str, kept: int = 1, **options: object) -> Ended:
    """
    A session that has to end as without a fault, and to keep its run.
    """
    before = len(project.documents())
    ended = project.run(*arguments, **options)
    row.took(ended.seconds, ended.memory)
    row.wrong += ended.code != 0 or not (project.folder / "junit.xml").exists()
    row.lost += max(before + kept - len(project.documents()), 0)
    return ended


def _agree(row: Row, project: Project) -> None:
    """
    Documents and ledger have the same runs with the same outcomes, each once.
    """
    documents = project.documents()
    row.counted([*project.rows()], [run.run_id for run in documents])
    row.wrong += {run.run_id: run.outcome.value for run in documents} != project.rows()


def _ctrl_c(place: str, row: Row, folder: Path) -> None:
    project = Project(folder)
    with receiving() as exporter:
        environ = {"PACELINE_PUSH": exporter.url, "AT": place, "HAPPENS": "ctrl-c"}
        ended = project.run(fault=AT, environ=environ)
    row.took(ended.seconds, ended.memory)
    row.wrong += ended.code != 2 or "20 passed" not in ended.output or not (folder / "junit.xml").exists()
    row.lost += len(project.documents()) != 1


def _kill(place: str, row: Row, folder: Path) -> None:
    project = Project(folder)
    with receiving() as exporter:
        push = {"PACELINE_PUSH": exporter.url}
        for after in ("", "yes"):
            project.run(fault=AT, environ={**push, "AT": place, "HAPPENS": "kill", "AFTER": after})
            ended = project.run(environ=push)
            row.took(ended.seconds, ended.memory)
            row.wrong += ended.code != 0
        sent = {request.run.run_id: request.run.outcome.value for request in exporter.requests}
    _agree(row, project)
    row.wrong += sent != project.rows()
    row.lost += max(4 - len(project.rows()), 0)


def _kill_at_random(arguments: tuple[str, ...], row: Row, folder: Path) -> None:
    project = Project(folder)
    for number in range(8):
        process = project.start(*arguments)
        time.sleep(0.3 + 0.13 * number)
        process.send_signal(signal.SIGKILL)
        project.wait(process, time.monotonic())
        row.times += 1
    ended = project.run()
    row.took(ended.seconds, ended.memory)
    row.wrong += ended.code != 0
    _agree(row, project)


def _full_disk(size: int, row: Row, folder: Path) -> None:
    """
    A run that fits nowhere is not kept, and the session says so; the runs before and after it are.
    """
    project = Project(folder)
    _passes(row, project)
    ended = project.run("--junitxml=/dev/null", fault=_LIMIT.format(size=size))
    row.took(ended.seconds, ended.memory)
    row.wrong += ended.code != 0
    is_kept = len(project.documents()) > 1
    row.lost += not is_kept and "was not written" not in ended.output
    (folder / "fault.py").unlink()
    _passes(row, project)
    _agree(row, project)
    row.lost += max(2 + is_kept - len(project.rows()), 0)


def _on_disk(size: str, fault: Callable[[Row, Project], None], row: Row, folder: Path) -> None:
    """
    Make a fault whose results are on a disk of their own.
    """
    project = Project(folder)
    project.results.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", project.results], check=False).returncode:
        row.fault += " (not mounted here)"
        return
    try:
        fault(row, project)
    finally:
        subprocess.run(["umount", "-l", project.results], check=False)


def _fills(row: Row, project: Project) -> None:
    for _ in range(12):
        ended = project.run()
        row.took(ended.seconds, ended.memory)
        row.wrong += ended.code != 0
    (project.results / "history.sqlite").unlink(missing_ok=True)
    ended = project.run()
    row.took(ended.seconds, ended.memory)
    row.wrong += ended.code != 0


def _full_as_pruned(row: Row, project: Project) -> None:
    """
    A disk without a free byte: `history prune` removes what it can, and keeps each of the runs that it is to keep.
    """
    for _ in range(6):
        _passes(row, project)
    expected = [run.run_id for run in project.documents()][-2:]
    _fill(project.results / "other")
    command = [sys.executable, "-m", "paceline", "history", "prune", "--keep", "2"]
    for _ in range(2):
        started = time.monotonic()
        subprocess.run(command, cwd=project.folder, check=False, timeout=_LONGEST, capture_output=True)
        row.took(time.monotonic() - started)
    (project.results / "other").unlink()
    row.lost += len({*expected} - {run.run_id for run in project.documents()})
    _passes(row, project)
    _agree(row, project)
    row.lost += len({*expected} - {*project.rows()})


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 12))


def _little_memory(row: Row, folder: Path) -> None:
    """
    Where the memory is enough for pytest, the tests pass, whether or not it is enough to measure them.
    """
    project = Project(folder)
    bare = [sys.executable, "-m", "pytest", *QUIET, "-q", "-p", "no:paceline", *_NO_THREAD]
    for mebibytes in range(48, 97, 4):
        shell = ("sh", "-c", f'ulimit -v {mebibytes << 10}; exec "$@"', "sh")
        if subprocess.run([*shell, *bare], cwd=folder, check=False, capture_output=True).returncode == 0:
            ended = project.run(*_NO_THREAD, prefix=shell)
            row.took(ended.seconds, ended.memory)
            row.wrong += ended.code != 0


def _without_rights(row: Row, folder: Path) -> None:
    """
    A user who may read the project, and write nowhere in it.
    """
    project = Project(folder)
    folder.chmod(0o755)
    prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    if subprocess.run([*prefix, sys.executable, "-c", ""], check=False, stderr=subprocess.DEVNULL).returncode:
        row.fault += " (not allowed here)"
        return
    ended = project.run("-o", "junit_logging=no", "--junitxml=/dev/null", prefix=prefix)
    row.took(ended.seconds, ended.memory)
    row.wrong += ended.code != 0


def _descriptors(number: int, row: Row, folder: Path) -> None:
    shell = ("sh", "-c", f'ulimit -n {number}; exec "$@"', "sh")
    _passes(row, Project(folder), *_NO_THREAD, kept=0, prefix=shell)


def _no_proc(row: Row, folder: Path) -> None:
    prefix = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh")
    if subprocess.run([*prefix, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        row.fault += " (not allowed here)"
        return
    _passes(row, Project(folder), prefix=prefix)


def _clock(moment: str, row: Row, folder: Path) -> None:
    project = Project(folder)
    _passes(row, project, kept=0, fault=_CLOCK.format(time=moment))
    (folder / "fault.py").unlink()
    _passes(row, project)


def _locked(row: Row, folder: Path) -> None:
    project = Project(folder)
    _passes(row, project)
    database = sqlite3.connect(project.results / "history.sqlite", isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    for _ in range(2):
        _passes(row, project)
    database.close()
    _passes(row, project)
    _agree(row, project)


def _no_locks(row: Row, folder: Path) -> None:
    _passes(row, Project(folder), fault=_NO_LOCKS)


def _folder_is_a_file(row: Row, folder: Path) -> None:
    project = Project(folder, settings="[tool.paceline]\nenabled = true\n")
    project.results.touch()
    ended = project.run()
    row.took(ended.seconds, ended.memory)
    row.wrong += ended.code != 0


def _removed(row: Row, folder: Path) -> None:
    tests = "import shutil\ndef test_gone(): shutil.rmtree('performance_results')\n"
    _passes(row, Project(folder, tests))


def _silent_server(option: str, row: Row, folder: Path) -> None:
    with answering(silence) as server:
        _passes(row, Project(folder), f"--paceline-{option}={server.url}")


def _no_server(option: str, row: Row, folder: Path) -> None:
    _passes(row, Project(folder), f"--paceline-{option}=http://127.0.0.1:9")


def _answers(status: int, row: Row, folder: Path) -> None:
    with receiving(status=status, body=b"<html>a proxy</html>", content_type="text/html") as proxy:
        project = Project(folder)
        _passes(row, project, f"--paceline-push={proxy.url}")
        proxy.status, proxy.body = 201, None
        _passes(row, project, f"--paceline-push={proxy.url}")
        sent = [request.run.run_id for request in proxy.requests]
        row.lost += len({*project.rows()} - {*sent})


_REPEAT = """
import os, queue, time
JOBS = queue.SimpleQueue()
JOBS.put(1)
def test_job():
    time.sleep(float(os.environ.get("SECONDS_", "0.02")))
    {again}
"""


def _repeat(again: str, row: Row, folder: Path) -> None:
    project = Project(folder, _REPEAT.format(again=again))
    for _ in range(9):
        project.run()
    _passes(row, project, environ={"SECONDS_": "0.3"})


def faults() -> list[tuple[str, Fault]]:
    """
    The rows of sessions.
    """
    named = [(".".join(place.split()[1:]).removeprefix("-."), place) for place in PLACES]
    return [
        *((f"Ctrl-C at {name}", partial(_ctrl_c, place)) for name, place in named),
        *((f"kill -9 before and after {name}", partial(_kill, place)) for name, place in named),
        ("kill -9 of pytest at any moment", partial(_kill_at_random, ())),
        ("kill -9 of pytest with two workers", partial(_kill_at_random, ("-n", "2"))),
        *((f"disk full after {size} bytes a file", partial(_full_disk, size)) for size in (0, 600, 5000, 40_000)),
        ("results on a disk of 256 KiB", partial(_on_disk, "256k", _fills)),
        ("a disk that is full as `history prune` runs", partial(_on_disk, "2m", _full_as_pruned)),
        ("48 to 96 MiB of address space", _little_memory),
        ("a user who may only read the project", _without_rights),
        *((f"{number} descriptors", partial(_descriptors, number)) for number in (16, 20, 28, 64)),
        ("no /proc", _no_proc),
        ("clock before 1970", partial(_clock, "-86400.0")),
        ("clock at 1e300", partial(_clock, "1e300")),
        ("ledger locked by another process", _locked),
        ("no locks on files", _no_locks),
        ("results folder is a file", _folder_is_a_file),
        ("results folder removed by a test", _removed),
        *((f"a server that never answers ({kind})", partial(_silent_server, kind)) for kind in ("push", "history")),
        *((f"no server ({kind})", partial(_no_server, kind)) for kind in ("push", "history", "live")),
        *((f"a proxy that answers {status}", partial(_answers, status)) for status in (200, 400, 413, 502)),
        ("a repeat that blocks", partial(_repeat, "JOBS.get()")),
        ("a repeat that ends the process", partial(_repeat, "JOBS.empty() and os._exit(3); JOBS.get(timeout=5)")),
    ]
