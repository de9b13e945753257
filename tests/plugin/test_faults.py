"""
Whatever goes wrong around Paceline, a session ends as it would without, in time, and loses nothing that was measured.
"""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from paceline.history.results_folder import read_run
from paceline.history.sqlite.ledger import Ledger
from paceline.model import Run
from support.receiving import receiving
from support.suite import COMPUTE, QUIET, Suite
from support.values import with_seconds
from tools.chaos.session import AT, PLACES

_TWO = "def test_one(): pass\ndef test_two(): pass\n"


def _runs_of(results: Path) -> list[Run]:
    return [read_run(path) for path in sorted(results.glob("performance_*.json"))]


@pytest.mark.parametrize("place", PLACES)
def test_ctrl_c_after_the_last_test_leaves_all_that_pytest_writes(suite: Suite, place: str) -> None:
    """
    The summary, junit.xml and the exit code of an interruption; and the run, which Paceline keeps.
    """
    suite.write("fault.py", AT)
    suite.write("test_two.py", _TWO)
    with receiving() as exporter:
        environ = {"AT": place, "HAPPENS": "ctrl-c", "PACELINE_PUSH": exporter.url, "NO_PROXY": "127.0.0.1"}
        result = suite.run("-p", "fault", "--junitxml=junit.xml", environ=environ)

    assert "Traceback" not in result.output
    assert (result.code, "2 passed" in result.output) == (2, True)
    assert (suite.folder / "junit.xml").exists()
    assert [len(run.cases) for run in _runs_of(suite.results)] == [2]


# Where something was written, the moment after that is another one.
_WRITES = ("add_document", "Ledger add", "Journal close", "Sending put")


@pytest.mark.parametrize(
    ("place", "after"),
    [*((place, "") for place in PLACES), *((place, "yes") for place in PLACES if place.endswith(_WRITES))],
)
def test_a_kill_after_the_last_test_leaves_one_truth(suite: Suite, place: str, after: str) -> None:
    """
    The next session keeps the run once: as a document, in the ledger and at the exporter, with one outcome.
    """
    suite.write("fault.py", AT)
    suite.write("test_two.py", _TWO)
    with receiving() as exporter:
        environ = {"PACELINE_PUSH": exporter.url, "NO_PROXY": "127.0.0.1"}
        killed = suite.run("-p", "fault", environ={**environ, "AT": place, "HAPPENS": "kill", "AFTER": after})
        second = suite.run(environ=environ)
        sent = {request.run.run_id: request.run.outcome for request in exporter.requests}

    documents = {run.run_id: run.outcome for run in _runs_of(suite.results)}
    rows = {run.run_id: outcome for _, outcome, run in Ledger(suite.results / "history.sqlite").summaries()}
    assert killed.code == -9
    assert "give each session an id of its own" not in second.output
    assert (len(documents), len(_runs_of(suite.results))) == (2, 2)
    assert documents == rows == sent
    assert not list((suite.results / ".running").iterdir())


@pytest.mark.parametrize("number", [16, 20, 28, 64])
def test_few_descriptors_stop_no_session(suite: Suite, number: int) -> None:
    """
    Where too few are left to measure, one line says so, and the tests run as without Paceline.
    """
    suite.write("test_two.py", _TWO)
    code = f"import resource, pytest, sys; resource.setrlimit(resource.RLIMIT_NOFILE, ({number}, {number}));"
    command = [sys.executable, "-c", f"{code} sys.exit(pytest.main(sys.argv[1:]))", *QUIET, "-p", "no:rerunfailures"]
    done = subprocess.run(
        [*command, "--paceline"], cwd=suite.folder, env=suite.environ, capture_output=True, text=True, check=False
    )

    assert (done.returncode, "2 passed" in done.stdout) == (0, True)


_NO_PROC = """
import psutil
from paceline.unpatched import UNPATCHED

real = UNPATCHED.open

def opened(path, *args):
    if str(path).startswith("/proc"):
        raise FileNotFoundError(2, "none here", path)
    return real(path, *args)

def missing(self, pid=None):
    raise psutil.NoSuchProcess(1)

UNPATCHED.open = opened
psutil.Process.__init__ = missing
psutil.cpu_times = missing
"""
_ODD_PROC = """
from paceline.probes.own_overhead import ProcFile

ProcFile.read = lambda self, size=512: b"odd"
"""
_NO_START = """
import paceline.plugin.session as session

def broken(*args): raise RuntimeError("boom")

session.RunMetadata.__init__ = broken
"""


@pytest.mark.parametrize("fault", [_NO_PROC, _ODD_PROC, _NO_START])
def test_what_fails_at_the_start_stops_no_session(suite: Suite, fault: str) -> None:
    """
    A system that shows no /proc or an odd one, and an error of Paceline itself: the tests run, and one line says so.
    """
    suite.write("fault.py", fault)
    suite.write("test_two.py", _TWO)
    result = suite.run("-p", "fault")

    assert (result.code, "2 passed" in result.output) == (0, True)
    assert "paceline: " in result.output


@pytest.mark.parametrize("module", ["sqlite3", "psutil", "paceline.plugin.session"])
def test_an_installation_that_is_broken_stops_no_session(suite: Suite, module: str) -> None:
    """
    Where a module cannot be imported, the tests run, and one line says that nothing is measured, and why.
    """
    suite.write("fault.py", f"import sys; sys.modules[{module!r}] = None")
    suite.write("test_two.py", _TWO)
    result = suite.run("-p", "fault")

    assert (result.code, "2 passed" in result.output) == (0, True)
    assert re.search(rf"^paceline: nothing is measured: .*{module}", result.output, re.MULTILINE)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    yield
    database.close()


def test_a_ledger_that_stays_locked_costs_seconds_and_no_run(suite: Suite) -> None:
    """
    The run is a document, and the next session adds it to the ledger. A lock is waited for 3 s in all.
    """
    suite.write("test_two.py", _TWO)
    suite.run()
    with _locked(suite.results / "history.sqlite"):
        result = suite.run()
    after = suite.run()

    assert result.code == 0
    assert result.run.ended - result.run.started < 30
    assert (after.kept_runs(), len(_runs_of(suite.results))) == (3, 3)
    assert "lacked runs: 1 run was read back from documents" in after.output


def test_a_folder_that_a_test_removed_is_made_again(suite: Suite) -> None:
    """
    The run is kept, with all that belongs to it.
    """
    suite.write("test_gone.py", "import shutil\ndef test_gone(): shutil.rmtree('performance_results')\n")
    result = suite.run()

    assert (result.code, result.kept_runs(), len(result.run.cases)) == (0, 1, 1)


def test_a_clock_before_1970_writes_no_document_that_cannot_be_read(suite: Suite) -> None:
    """
    One line names the clock, and the session passes.
    """
    suite.write(
        "fault.py", "from paceline.unpatched import UNPATCHED\ntype(UNPATCHED).wall_time = lambda self: -86400.0\n"
    )
    suite.write("test_two.py", _TWO)
    result = suite.run("-p", "fault")

    assert (result.code, _runs_of(suite.results)) == (0, [])
    assert "by the clock of this machine" in result.output


_SECOND_TIME = f"""
import os, queue
{COMPUTE}
JOBS = queue.SimpleQueue()
JOBS.put(1)

def test_job():
    compute(float(os.environ.get("SECONDS_", "0.02")))
    """


_AGAIN = {
    "blocks": "JOBS.get()",
    "ends the process": "JOBS.empty() and os._exit(3); JOBS.get(timeout=5)",
    "ignores the signal": "import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN); JOBS.get()",
    "blocks the signal": "import signal as s; s.pthread_sigmask(s.SIG_BLOCK, {s.SIGALRM}); JOBS.get()",
    "stops an alarm": "import signal; signal.alarm(9); signal.alarm(0); JOBS.get()",
    "stops the timer": "import signal; signal.setitimer(signal.ITIMER_REAL, 0); JOBS.get()",
}


@pytest.mark.parametrize("again", _AGAIN.values(), ids=_AGAIN)
def test_a_repeat_that_blocks_or_ends_the_process_is_given_up(suite: Suite, again: str) -> None:
    """
    The summary and junit.xml are there, and the verdict says that the test was not measured again.
    """
    suite.write("test_job.py", _SECOND_TIME + again)
    suite.write("pyproject.toml", "[tool.paceline]\nlongest_seconds = 2\n")
    suite.keep_before(with_seconds(suite.run().run, 0.0201, "::test_job"), 10)
    result = suite.run("--junitxml=junit.xml", environ={"SECONDS_": "0.2"})

    assert (result.code, "1 passed" in result.output) == (0, True)
    assert (suite.folder / "junit.xml").exists()
    assert "not measured again" in result.told()


@pytest.mark.parametrize(
    "table",
    ['[tool."paceline"]\nenabled = true', '["tool".paceline]\nenabled = true', "[tool]\npaceline.enabled = true"],
)
def test_the_table_is_read_however_its_name_is_written(suite: Suite, table: str) -> None:
    """
    TOML has several ways to write a key.
    """
    suite.write("pyproject.toml", table)
    suite.write("test_two.py", _TWO)

    assert len(suite.run(on=False).run.cases) == 2


def test_what_killed_processes_left_is_swept(suite: Suite) -> None:
    """
    Files that were being written and empty journals are removed once they are old.
    """
    suite.write("test_two.py", _TWO)
    suite.run()
    left = [suite.results / ".new-1234", suite.results / ".running" / "01.jsonl"]
    for path in left:
        path.touch()
        os.utime(path, (1e9, 1e9))
    suite.run()

    assert [path for path in left if path.exists()] == []
