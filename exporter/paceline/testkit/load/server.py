"""
Starts the server that a load test is sent to.
"""

import inspect
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Final, NamedTuple

import psutil

from paceline.testkit.load.server_use import SERVERS
from paceline.testkit.load.workers import import_path

_PROGRAM: Final = str(Path(__file__).with_name("app_process.py"))
_HOST = "127.0.0.1"
_POLL_SECONDS, _ANSWER_SECONDS = 0.05, 2.0
# From SIGTERM to SIGKILL.
_STOP_SECONDS = 5.0
_SHOWN_OUTPUT = 2000
Served = str | Sequence[str] | Callable[..., Any]


class LoadServer(NamedTuple):
    """
    A running server: its address without a path, and its process.
    """

    url: str
    port: int
    process_id: int


@contextmanager
def running_server(
    served: Served,
    *,
    ready_path: str = "/",
    ready_seconds: float = 30.0,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[LoadServer]:
    """
    Run a server on a free port of this machine, in a process of its own, and stop it at the end in any case. The
    result of each load test in between has the CPU and memory of the process and its children.

    Args:
        served: a command, in which `{port}` is replaced by the port (the variable PORT has it too); or an ASGI or WSGI
            app, as `"module:name"` or as an object that is a global of a module.
        ready_path: the server is ready when it answers a request for this path, whatever the status.
        ready_seconds: the longest time until the server is ready.
        cwd: the folder in which a command runs.
        env: variables that are added to the environment.

    Raises:
        ValueError: the server is no command and no app, or the app is not a global of a module.
        RuntimeError: the server did not start, ended, or did not answer in time; the message has the end of its output.
    """
    with tempfile.TemporaryFile() as output, _listening(served) as place:
        process = _start(served, place, output, cwd, env or {})
        port = place.port
        try:
            _wait_until_ready(process, port, ready_path, ready_seconds, output)
            known = psutil.Process(process.pid)
            SERVERS.append(known)
            try:
                yield LoadServer(f"http://{_HOST}:{port}", port, process.pid)
            finally:
                SERVERS.remove(known)
        finally:
            _stop(process)


class _Port(NamedTuple):
    """
    A free port, and the socket that listens there; None where the command opens its own.
    """

    port: int
    listener: socket.socket | None = None


@contextmanager
def _listening(served: Served) -> Iterator[_Port]:
    with socket.create_server((_HOST, 0), backlog=512) as listener:
        port = listener.getsockname()[1]
        if _is_app(served):
            yield _Port(port, listener)
            return
    yield _Port(port)


def _start(
    served: Served, place: _Port, output: IO[bytes], cwd: str | Path | None, env: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    descriptors: tuple[int, ...] = ()
    if place.listener is not None:
        descriptors = (place.listener.fileno(),)
        module, name, kind = _place_of(served)
        order = {"path": import_path(), "module": module, "name": name, "kind": kind, "descriptor": descriptors[0]}
        command = [sys.executable, _PROGRAM, json.dumps(order)]
    else:
        if not isinstance(served, Iterable):
            raise ValueError(f"load_server: the server is {served!r}, expected a command, or an ASGI or WSGI app")
        words = shlex.split(served) if isinstance(served, str) else [str(word) for word in served]
        command = [word.replace("{port}", str(place.port)) for word in words]
    try:
        return subprocess.Popen(  # noqa: S603 - what the user asked for, without a shell
            command,
            cwd=cwd,
            env={**os.environ, "PORT": str(place.port), **env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=descriptors,
            start_new_session=True,
        )
    except OSError as error:
        raise RuntimeError(f"load_server: {command!r} did not start: {error.strerror}: {error.filename}") from error


def _is_app(served: Served) -> bool:
    return callable(served) or (isinstance(served, str) and _is_reference(served))


def _is_reference(text: str) -> bool:
    module, colon, name = text.partition(":")
    return bool(colon) and all(part.isidentifier() for part in [*module.split("."), *name.split(".")])


def _place_of(served: Served) -> tuple[str, str, str]:
    """
    Module and name of an app, and `asgi` or `wsgi`; "" where the process that imports it has to see.
    """
    if isinstance(served, str):
        module, _, name = served.partition(":")
        return module, name, ""
    for found in list(sys.modules.values()):
        place = _name_in(found, served)
        if place:
            return found.__name__, place, ""
    raise ValueError(f"load_server: {served!r} is not a global of a module; give a string such as 'shop.api:app'")


def _name_in(module: ModuleType, served: object) -> str:
    names = getattr(module, "__dict__", None) or {}
    return next((name for name, value in list(names.items()) if value is served), "")


def is_asgi(app: Callable[..., Any]) -> bool:
    """
    Whether an app has the interface of ASGI, not of WSGI.
    """
    called = app if inspect.isfunction(app) else getattr(app, "__call__", app)  # noqa: B004 - the method is looked at
    if inspect.iscoroutinefunction(called):
        return True
    with suppress(TypeError, ValueError):
        return len(inspect.signature(app).parameters) != 2  # noqa: PLR2004 - environ and start_response
    return False


def _wait_until_ready(
    process: "subprocess.Popen[bytes]", port: int, path: str, seconds: float, output: IO[bytes]
) -> None:
    until = time.monotonic() + seconds
    while not _answers(port, path):
        if process.poll() is not None:
            raise RuntimeError(f"load_server: the server ended with {process.returncode}: {_end_of(output)}")
        if time.monotonic() > until:
            raise RuntimeError(f"load_server: no answer on port {port} in {seconds:g} s: {_end_of(output)}")
        time.sleep(_POLL_SECONDS)


def _answers(port: int, path: str) -> bool:
    # The class below the one that Paceline counts connections of: these are not the test's.
    asking = socket.SocketType()
    try:
        asking.settimeout(_ANSWER_SECONDS)
        asking.connect((_HOST, port))
        asking.sendall(f"GET {path} HTTP/1.0\r\nHost: {_HOST}:{port}\r\n\r\n".encode())
        return bool(asking.recv(1))
    except OSError:
        return False
    finally:
        asking.close()


def _end_of(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace").strip()[-_SHOWN_OUTPUT:] or "it wrote nothing"


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
            # Children that outlive their parent are of its group.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return
