"""
A suite in a folder of its own, run by a real pytest in a process of its own.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from paceline.history.results_folder import read_run
from paceline.history.sqlite.ledger import Ledger
from paceline.model import Case, Run

# The plugins of hypothesis and anyio import hypothesis and trio in each session, which take as long as the rest of it.
_FEW = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:anyio")
_ASYNCIO = ("-o", "asyncio_default_fixture_loop_scope=function")
QUIET = (*_FEW, *_ASYNCIO)
# For tests that have to be slower: on a machine that others keep busy, a test that only sleeps longer is not believed.
COMPUTE = """
import time

def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end: pass
"""
# Other plugins of this environment take an eighth of a session. A suite needs one of them only where its files, the
# arguments or the environment have a word of it.
_WORDS = {
    "asyncio": "async",
    "rerunfailures": "rerun|flaky",
    "timeout": "timeout",
    "xdist": r"xdist|(^|[\s'\"])(-n|-d|--dist|--num|--tx)",
}
_READ = {".py", ".toml", ".ini", ".cfg"}
_SECONDS = 120
# A session that finds the last of these is one that a test started.
_OF_THIS_SESSION = ("CI", "GITHUB_", "GITLAB_", "BUILDKITE", "CIRCLE", "BITBUCKET_", "CHANGE_", "PYTEST_CURRENT_TEST")


@dataclass(frozen=True)
class Result:
    """
    What a pytest process left: exit code, output, and the results folder.
    """

    code: int
    output: str
    results: Path

    @property
    def run(self) -> Run:
        return read_run(self.results / "latest_report.json")

    @property
    def outcomes(self) -> dict[str, str]:
        return {case.id.partition("::")[2]: case.outcome.value for case in self.run.cases}

    def case(self, name: str) -> Case:
        return next(case for case in self.run.cases if case.id.endswith(f"::{name}"))

    def kept_runs(self) -> int:
        return len(Ledger(self.results / "history.sqlite").summaries())

    def section(self) -> str:
        """
        The report of Paceline in the output.
        """
        _, _, rest = self.output.partition(" paceline ==")
        return rest.partition("\n")[2]

    def told(self) -> str:
        """
        The same in one line, wherever it was wrapped.
        """
        return " ".join(self.section().split())


class Suite:
    """
    Writes files and runs pytest on them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = folder / "performance_results"
        self.environ = {key: value for key, value in os.environ.items() if not key.startswith(_OF_THIS_SESSION)}
        self.environ |= {"PACELINE_SUITE": "shop", "PYTHONPATH": ""}

    def write(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(content), "utf-8")
        return path

    def keep_before(self, run: Run, times: int) -> None:
        """
        Keep copies of a run as earlier runs, each a second before the one after it.

        They do not know how busy the machine was, so that no verdict depends on how busy it is now.
        """
        run = replace(run, machine=replace(run.machine, others_cpu_percent=None))
        ledger = Ledger(self.results / "history.sqlite")
        for number in range(1, times + 1):
            changes = {"started": run.started - number, "ended": run.ended - number}
            ledger.add(replace(run, run_id=f"{run.run_id}-{number}", **changes))

    def copied(self, folder: Path) -> "Suite":
        """
        The same suite with its results in another folder, for a test that changes them.
        """
        shutil.copytree(self.folder, folder)
        return Suite(folder)

    def run(self, *arguments: str, environ: Mapping[str, str] | None = None, on: bool = True) -> Result:
        """
        Run pytest to its end.
        """
        process = self.start(*arguments, environ=environ, on=on)
        output, _ = process.communicate(timeout=_SECONDS)
        return Result(process.returncode, output, self.results)

    def start(
        self, *arguments: str, environ: Mapping[str, str] | None = None, on: bool = True
    ) -> "subprocess.Popen[str]":
        """
        Start pytest and leave it running.
        """
        switch, given = ["--paceline"] if on else [], environ or {}
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *self._plugins(*arguments, *given.values()), *switch, *arguments],
            cwd=self.folder,
            env={**self.environ, **given},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _plugins(self, *words: str) -> list[str]:
        files = [path for path in self.folder.rglob("*") if path.suffix in _READ and path.is_file()]
        text = "\n".join((*words, *(path.read_text("utf-8", "replace") for path in files)))
        unneeded = [name for name, pattern in _WORDS.items() if not re.search(pattern, text, re.MULTILINE)]
        options = [option for name in unneeded for option in ("-p", f"no:{name}")]
        return [*_FEW, *options, *(() if "asyncio" in unneeded else _ASYNCIO)]

    def interrupt(self, process: "subprocess.Popen[str]") -> Result:
        """
        Press Ctrl-C.
        """
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=_SECONDS)
        return Result(process.returncode, output, self.results)
