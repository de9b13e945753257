"""
A suite in a folder of its own, run by a real pytest in a process of its own.
"""

import os
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
_SLOW = ("-p", "no:hypothesispytest", "-p", "no:anyio")
QUIET = ("-p", "no:cacheprovider", *_SLOW, "-o", "asyncio_default_fixture_loop_scope=function")
_SECONDS = 120
# A session that finds the last of these is one that a test started.
_OF_THIS_SESSION = {"CI", "GITHUB_ACTIONS", "PYTEST_CURRENT_TEST"}


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
        self.environ = {key: value for key, value in os.environ.items() if key not in _OF_THIS_SESSION}
        self.environ |= {"PACELINE_SUITE": "shop", "PYTHONPATH": ""}

    def write(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(content), "utf-8")
        return path

    def keep_before(self, run: Run, times: int) -> None:
        """
        Keep copies of a run as earlier runs, each a second before the one after it.
        """
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
        switch = ["--paceline"] if on else []
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *QUIET, *switch, *arguments],
            cwd=self.folder,
            env={**self.environ, **(environ or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def interrupt(self, process: "subprocess.Popen[str]") -> Result:
        """
        Press Ctrl-C.
        """
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=_SECONDS)
        return Result(process.returncode, output, self.results)
