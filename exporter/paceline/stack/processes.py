"""
Processes of servers: started apart from who starts them, waited for, and ended.
"""

import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil
import requests

from paceline.errors import StackError
from paceline.stack.ports import is_free, port_of
from paceline.stack.services import Service
from paceline.stack.state_file import Started

_START_SECONDS = 60
_END_SECONDS = 15
_PROBE_SECONDS = 0.05
_TOLD_LINES = 8


def start(service: Service, log: Path) -> Started:
    """
    Start a server in a session of its own, so that what ends the terminal does not end it.

    Raises:
        StackError: the program cannot be run, or another program has its port and would answer in its place.
    """
    port = port_of(service.url)
    if not is_free(port):
        raise StackError(
            f"{service.name}: port {port} is in use: end the program that uses it, or `paceline stack down` and `up`"
        )
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - made from settings, without a shell
                service.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
    except OSError as error:
        raise StackError(f"{service.name}: {service.command[0]} cannot be run: {error.strerror}") from error
    created = psutil.Process(process.pid).create_time()
    return Started(
        name=service.name, pid=process.pid, created=created, url=service.url, log=str(log), ready=service.ready
    )


def wait_until_ready(started: Started) -> None:
    """
    Wait until a server answers.

    Raises:
        StackError: the program ended early, or took too long to be ready; the message has the end of its log.
    """
    end = time.monotonic() + _START_SECONDS
    with requests.Session() as session:
        session.trust_env = False  # a proxy knows nothing of this machine
        while True:
            if started.process() is None:
                raise StackError(f"{started.name} ended at its start; its log {started.log} ends:\n{_told(started)}")
            if _is_ready(session, f"{started.url}{started.ready}"):
                return
            if time.monotonic() > end:
                raise StackError(
                    f"{started.name} was not ready within {_START_SECONDS} s; its log {started.log} ends:\n"
                    f"{_told(started)}"
                )
            time.sleep(_PROBE_SECONDS)


def end(started: Iterable[Started]) -> None:
    """
    End processes that still run and are those that were started: they are asked, and after 15 s made to.
    """
    processes = [process for one in started if (process := one.process()) is not None]
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it may end by itself meanwhile
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=_END_SECONDS)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=_END_SECONDS)


def _is_ready(session: requests.Session, url: str) -> bool:
    try:
        return session.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _told(started: Started) -> str:
    lines = Path(started.log).read_text("utf-8", "replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-_TOLD_LINES:])
