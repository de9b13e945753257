"""
Start the companion.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import json
from msgspec.structs import asdict

from paceline.companion.folder import Answers, CompanionFiles
from paceline.companion.order import Order
from paceline.companion.session_side import Companion
from paceline.errors import CompanionError, ConfigError
from paceline.unpatched import UNPATCHED

# The shell ends at once, so that the companion is no child of this process, and keeps none of its output open.
_DETACHED: Final = '"$@" </dev/null >/dev/null 2>&1 &'
# Blocked in the companion, which ends with its session: until it has a group of its own, it is in that of pytest.
_GROUP_SIGNALS: Final = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGTSTP") if hasattr(signal, name)
]
_SHELL: Final = "/bin/sh"
_PROGRAM: Final = str(Path(__file__).with_name("__main__.py"))

# Enough for the imports of the live endpoint, on a busy machine.
_READY_SECONDS: Final = 10.0


def start(order: Order) -> Companion:
    """
    Start the companion, in a few milliseconds. It is waited for only where something live is asked for.

    Call in the process that reports, before the first test. Whoever calls has to call `Companion.close` at last, also
    where the session fails.

    Raises:
        CompanionError: no companion can run here; the message is the reason.
        ConfigError: the port of the live endpoint cannot be used, or the address for live reports is not valid.
    """
    if UNPATCHED.mkfifo is None or UNPATCHED.posix_spawn is None or not sys.executable:
        raise CompanionError("this system has no FIFOs, or the path of the interpreter is unknown")
    if UNPATCHED.getpid() == 1:
        raise CompanionError("pytest is process 1 here, so tests would see the companion as a child process")
    try:
        files = CompanionFiles(tempfile.mkdtemp(prefix="paceline-"))
        companion = _prepare(files, order)
        try:
            _run(files, companion, is_live=order.live is not None)
        except BaseException:
            companion.close()
            raise
    except OSError as error:
        raise CompanionError(f"starting the companion failed: {error}") from error
    return companion


def _prepare(files: CompanionFiles, order: Order) -> Companion:
    told = asdict(order) | {"session_process": UNPATCHED.getpid(), "import_path": import_path(sys.path)}
    try:
        for name in (files.messages, files.requests, files.answers):
            UNPATCHED.mkfifo(name, 0o600)
        Path(files.order).write_bytes(json.encode(told))
        return Companion(files)
    except OSError:
        files.remove()
        raise


def _run(files: CompanionFiles, companion: Companion, *, is_live: bool) -> None:
    quiet = ["-B"] if sys.dont_write_bytecode else []
    command = [sys.executable, "-I", "-S", *quiet, _PROGRAM, files.folder]
    if not is_live:
        _spawn_detached(command)
        return
    with closing(Answers(files)) as answers:
        _spawn_detached(command)
        answer = answers.wait(_READY_SECONDS)
    if answer is None:
        raise CompanionError(f"the companion {files.silence(_READY_SECONDS)}")
    if "error" in answer:
        raise ConfigError(answer["error"])
    companion.go_live(answer["url"])


def import_path(path: Sequence[str]) -> list[str]:
    """
    This very package, then installed ones: a project may have a module that is called like one of them.
    """
    own = str(Path(__file__).parents[2])
    absolute = dict.fromkeys(str(Path(entry).absolute()) for entry in path)
    return [own, *sorted(absolute, key=lambda entry: "-packages" not in entry)]


def _spawn_detached(command: Sequence[str]) -> None:
    shell = UNPATCHED.posix_spawn(
        _SHELL, ["sh", "-c", _DETACHED, "sh", *command], os.environ, setsigmask=_GROUP_SIGNALS
    )
    _, status = UNPATCHED.waitpid(shell, 0)
    if status:
        raise OSError(f"{_SHELL} ended with status {status}")
