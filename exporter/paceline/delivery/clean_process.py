"""
Sending runs from a process of its own, where tests have changed what sending needs and left it so.

The companion does not send them: it is not there in each session, and it ends with the tests.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import requests
from msgspec import DecodeError, Struct, ValidationError
from msgspec import json as documents
from requests.adapters import HTTPAdapter

from paceline.companion.launch import import_path
from paceline.config import Config
from paceline.delivery.send_rounds import ErrandTally

_PROGRAM: Final = str(Path(__file__).with_name("__main__.py"))
_VARIABLES: Final = frozenset(
    {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle", "ssl_cert_file"}
)
# Until the process has started and its answer is read.
_START_SECONDS: Final = 2.0


class DeliveryOrder(Struct, frozen=True, kw_only=True):
    """
    What the process has to know. It goes through a pipe, because addresses may have passwords.
    """

    import_path: list[str]
    settings: Config
    folder: str
    default_branch: str
    seconds: float


class CleanProcess:
    """
    Sends the runs of the outboxes from a process that has the environment variables of the time when this object was
    made, and no function that a test replaced.

    Args:
        settings: say where runs go.
        folder: of the outboxes.
        default_branch: finds the default branch of a run that does not say its own.
    """

    def __init__(self, settings: Config, folder: Path, default_branch: Callable[[], str]) -> None:
        self._settings: Final = settings
        self._folder: Final = folder
        self._default_branch: Final = default_branch
        self._environ: Final = dict(os.environ)
        self._functions: Final = _functions()

    @property
    def is_needed(self) -> bool:
        """
        Whether sockets, proxies, clocks or JSON are others than they were.
        """
        return _functions() != self._functions or _proxies(os.environ) != _proxies(self._environ)

    def deliver(self, seconds: float) -> list[ErrandTally] | None:
        """
        Send all that waits; see `send_rounds.deliver`. None where the process does not answer.
        """
        order = DeliveryOrder(
            import_path=import_path(sys.path),
            settings=self._settings,
            folder=str(self._folder),
            default_branch=self._default_branch(),
            seconds=max(seconds - _START_SECONDS, seconds / 2),
        )
        try:
            answer = subprocess.run(  # noqa: S603 - this interpreter, and a file of this package
                [sys.executable, "-I", "-S", _PROGRAM],
                input=documents.encode(order),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environ,
                timeout=seconds,
                check=True,
            ).stdout
            return documents.decode(answer, type=list[ErrandTally])
        except (OSError, subprocess.SubprocessError, DecodeError, ValidationError):
            return None


def _functions() -> tuple[Any, ...]:
    """
    The functions that tests replace to keep a project from the network, or to see what it sends.
    """
    owners = {
        socket: ("socket", "create_connection", "getaddrinfo"),
        socket.socket: ("connect", "send", "sendall", "recv"),
        requests.Session: ("send",),
        HTTPAdapter: ("send",),
        json: ("dumps", "loads"),
        time: ("time", "monotonic"),
    }
    # A test may have put anything there.
    return tuple(_of_others(getattr(owner, name, None)) for owner, names in owners.items() for name in names)


def _of_others(function: Any) -> Any:  # noqa: ANN401 - whatever is there
    """
    The function below the wrappers of Paceline's own probes, which come and go.
    """
    while str(getattr(function, "__globals__", {}).get("__name__", "")).startswith("paceline."):
        function = getattr(function, "__wrapped__", None)
    return function


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.lower() in _VARIABLES}
