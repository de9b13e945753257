"""
Commands in a process group of their own: what ends one ends all that it started, xdist's workers too.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_GRACE_SECONDS = 5.0
_SHOWN_LINES = 20


def run_in_group(
    command: str | Sequence[str],
    environ: Mapping[str, str],
    folder: Path | None = None,
    seconds: float | None = None,
) -> tuple[int, str]:
    """
    Run a command to its end.

    Args:
        command: a text is for a shell.
        environ: its environment variables.
        folder: where it runs; None for here.
        seconds: how long it may take; None for as long as it wants.

    Returns:
        Its exit code, and what it wrote.

    Raises:
        TimeoutError: it took longer than `seconds` and was ended.
    """
    process = subprocess.Popen(  # noqa: S603 - what the user asked for
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    finally:
        _end(process)
    return process.returncode, output


def last_lines(output: str) -> str:
    """
    The end of what a command wrote, for an error.
    """
    return "\n".join(output.strip().splitlines()[-_SHOWN_LINES:])


def _end(process: "subprocess.Popen[str]") -> None:
    for asked in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, asked)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_GRACE_SECONDS)
