"""
The user's git, asked in the background or waited for.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from paceline.errors import PacelineError


class GitError(PacelineError):
    """
    Git is not installed, failed, or took too long.
    """


class Git:
    """
    A git command that runs from now on.

    It runs in a session of its own: Ctrl-C ends the process that waits for git, and not git half way through its work.

    Args:
        folder: where git runs.
        arguments: the command and its arguments.
        environ: the environment of git.
    """

    def __init__(self, folder: Path, *arguments: str, environ: Mapping[str, str] = os.environ) -> None:
        self._command: Final = arguments[0]
        self._error: OSError | None = None
        self._process: subprocess.Popen[str] | None = None
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell
                ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's own git
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                env={**environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
                start_new_session=True,
            )
        except OSError as error:
            self._error = error

    def output(self, seconds: float | None = None) -> str:
        """
        Wait for git, and return its standard output. To be called once.

        Args:
            seconds: how long to wait (default: as long as it takes); then git is killed.

        Raises:
            GitError: git cannot be started, failed, or took too long.
        """
        if self._process is None:
            raise GitError(f"git cannot be started: {self._error}")
        try:
            output, said = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise GitError(f"git {self._command}: no answer within {seconds:g} s") from error
        finally:
            self.kill()
        if self._process.returncode:
            raise GitError(f"git {self._command}: {said.strip() or f'exit code {self._process.returncode}'}")
        return output

    def kill(self) -> None:
        """
        End git and the programs that it started if it still runs.
        """
        if self._process is None or self._process.returncode is not None:
            return
        if sys.platform == "win32":
            self._process.kill()
        else:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
