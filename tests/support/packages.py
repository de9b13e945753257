"""
Servers of Debian's packages, which are installed where they are missing.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from paceline.files import holding
from support.installed import CACHE, Permission
from support.servers import NoServerError

_START_SECONDS = 90
_PROBE_SECONDS = 0.1
# The servers are not started by their packages.
_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}


def program(name: str, package: str, folders: str) -> Path:
    """
    A program of a package, which is installed where it is missing.

    Raises:
        NoServerError: the package cannot be installed.
    """
    Permission.check()
    if found := _find(name, folders):
        return found
    CACHE.mkdir(parents=True, exist_ok=True)
    with holding(CACHE / ".lock"):
        for command in (["update"], ["install", "--yes", "--no-install-recommends", package]):
            if not _find(name, folders):
                subprocess.run(["apt-get", "--quiet", *command], env={**os.environ, **_QUIET}, check=False)
    if found := _find(name, folders):
        return found
    raise NoServerError(f"no {name} in {folders}, and `apt-get install {package}` brought none: install {package}")


def _find(name: str, folders: str) -> Path | None:
    found = sorted(Path("/").glob(f"{folders.lstrip('/')}/{name}"))
    return found[-1] if found else None


@contextmanager
def folder_of(user: str) -> Iterator[tuple[Path, str | None]]:
    """
    A folder that a server may write to, and its user: servers refuse to be root.
    """
    folder = Path(tempfile.mkdtemp(prefix="paceline-"))
    try:
        if os.geteuid() != 0:
            yield folder, None
            return
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def called(command: Sequence[str], user: str | None) -> None:
    """
    Run a program to its end.

    Raises:
        NoServerError: it failed.
    """
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoServerError(f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")


@contextmanager
def running(
    command: Sequence[str], user: str | None, log: Path, connect: Callable[[], None], refused: type[Exception]
) -> Iterator[None]:
    """
    A server while it answers.

    Args:
        command: that starts it.
        user: that it runs as; None for this one.
        log: takes its output.
        connect: and close the connection.
        refused: what `connect` raises as long as the server does not answer.
    """
    with (
        log.open("wb") as output,
        subprocess.Popen(command, user=user, cwd="/", stdout=output, stderr=output) as process,
    ):
        try:
            _wait_for(process, log, connect, refused)
            yield
        finally:
            process.kill()


def _wait_for(
    process: "subprocess.Popen[bytes]", log: Path, connect: Callable[[], None], refused: type[Exception]
) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            connect()
        except refused as error:
            if process.poll() is not None or time.monotonic() > end:
                raise NoServerError(f"{process.args!r} does not answer: {error}; {log.read_text('utf-8')}") from error
            time.sleep(_PROBE_SECONDS)
        else:
            return
