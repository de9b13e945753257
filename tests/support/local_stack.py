"""
A real stack on this machine, by the command.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from paceline.stack.programs import ALERTMANAGER, PROMETHEUS
from paceline.stack.stack_settings import PORTS
from paceline.stack.state_file import Started, StateFile
from support.installed import installed
from support.servers import free_port

_SECONDS = 120


def real_programs() -> Mapping[str, Path]:
    """
    Prometheus and Alertmanager.
    """
    return {program.name: installed(program) for program in (PROMETHEUS, ALERTMANAGER)}


class LocalStack:
    """
    Calls `paceline stack` for one folder, on free ports.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "stack"
        self.programs = folder / "programs"
        self.ports = {name: free_port() for name in PORTS}
        self._cwd = folder
        self.programs.mkdir()
        for name, path in real_programs().items():
            (self.programs / name).symlink_to(path)

    def call(self, verb: str, *options: str) -> "subprocess.CompletedProcess[str]":
        """
        Call it to its end, with the folder of programs as PATH.
        """
        ports = [f"--port-{name}={port}" for name, port in self.ports.items()] if verb == "up" else []
        return paceline(
            "stack", verb, "--folder", self.folder.name, *ports, *options, cwd=self._cwd, PATH=str(self.programs)
        )

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def started(self) -> Mapping[str, Started]:
        return {one.name: one for one in StateFile(self.folder / "state.json").read()}


def paceline(*arguments: str, cwd: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """
    Call the command in a process of its own.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PACELINE_")}
    return subprocess.run(
        [sys.executable, "-m", "paceline", *arguments],
        cwd=cwd,
        env={**clean, "XDG_CACHE_HOME": str(cwd / "cache"), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_SECONDS,
    )


@contextmanager
def stack_in(folder: Path, *options: str) -> Iterator[LocalStack]:
    """
    A stack that is up, and ended afterwards.
    """
    stack = LocalStack(folder)
    try:
        done = stack.call("up", *options)
        assert done.returncode == 0, done.stdout
        yield stack
    finally:
        stack.call("down")


def without_new_groups(output: str) -> str:
    """
    The output of `paceline gate` without the lines on groups of rules that were not evaluated yet, by chance.
    """
    return re.sub(r"paceline: rule group .*\n", "", output)
