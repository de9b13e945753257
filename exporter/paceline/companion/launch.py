"""
Start the companion.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct, json
from msgspec.structs import asdict

from paceline.companion.boundaries import Boundaries
from paceline.companion.session_side import Companion, Files
from paceline.errors import CompanionError
from paceline.unpatched import UNPATCHED

# The shell ends at once, so that the companion is no child of this process, and keeps none of its output open.
_DETACHED: Final = '"$@" </dev/null >/dev/null 2>&1 &'
# Blocked in the companion: they reach it until it has a session of its own.
_TERMINAL_SIGNALS: Final = [
    getattr(signal, name) for name in ("SIGINT", "SIGQUIT", "SIGHUP", "SIGTSTP") if hasattr(signal, name)
]
_SHELL: Final = "/bin/sh"
_PROGRAM: Final = str(Path(__file__).with_name("__main__.py"))


class Order(Struct, frozen=True, kw_only=True):
    """
    What the companion does. `project` is the folder whose disk is looked at.
    """

    sample_seconds: float
    project: str


def start(order: Order) -> Companion:
    """
    Start the companion and do not wait for it; this takes a few milliseconds.

    Call in the process that reports, before the first test. Whoever calls has to call `Companion.close` at last, also
    where the session fails.

    Raises:
        CompanionError: there can be no companion here; the message is the reason.
    """
    if UNPATCHED.mkfifo is None or UNPATCHED.posix_spawn is None or not sys.executable:
        raise CompanionError("this system has no FIFOs, or the path of the interpreter is unknown")
    if UNPATCHED.getpid() == 1:
        raise CompanionError("pytest is process 1 here, so that tests would find the companion among their children")
    try:
        files = Files(tempfile.mkdtemp(prefix="paceline-"))
        try:
            return _start(files, order)
        except OSError:
            files.remove()
            raise
    except OSError as error:
        raise CompanionError(f"starting the companion failed: {error}") from error


def _start(files: Files, order: Order) -> Companion:
    for name in (files.messages, files.requests, files.answers):
        UNPATCHED.mkfifo(name, 0o600)
    told = asdict(order) | {"session_process": UNPATCHED.getpid(), "import_path": _import_path(sys.path)}
    Path(files.order).write_bytes(json.encode(told))
    boundaries = Boundaries.open(files.messages)
    if boundaries is None:
        raise OSError(f"{files.messages} cannot be opened")
    _spawn_detached([sys.executable, "-I", "-S", _PROGRAM, files.folder])
    return Companion(files, boundaries)


def _import_path(path: Sequence[str]) -> list[str]:
    """
    Installed packages first: a project may have a module that is called like one of them.
    """
    own = str(Path(__file__).parents[2])
    absolute = dict.fromkeys(str(Path(entry).absolute()) for entry in path)
    return [*sorted(absolute, key=lambda entry: "-packages" not in entry), own]


def _spawn_detached(command: Sequence[str]) -> None:
    shell = UNPATCHED.posix_spawn(
        _SHELL, ["sh", "-c", _DETACHED, "sh", *command], os.environ, setsigmask=_TERMINAL_SIGNALS
    )
    _, status = UNPATCHED.waitpid(shell, 0)
    if status:
        raise OSError(f"{_SHELL} ended with status {status}")
