"""
Tell an exporter how a run goes while it goes on.
"""

import threading
from collections.abc import Callable
from typing import Final

import requests
from msgspec import json
from msgspec.structs import replace

from paceline.client.endpoint import Naming, read_endpoint
from paceline.errors import ConfigError
from paceline.identity import safe_text
from paceline.model import LiveReport
from paceline.plugin.guard import Guard
from paceline.probes.own import OwnWork

PATH = "/api/v1/live"
TOKEN = "PACELINE_PUSH_TOKEN"  # noqa: S105 - the name of a variable
_NAMING = Naming("live reports go to", "http://exporter:10464")
INTERVAL_SECONDS = 2.0
# To connect, and to have the answer.
_TIMEOUT = (2.0, 2.0)
# What the end of a session may be held up.
_LAST_SECONDS = 2.0


class Heartbeat:
    """
    A thread that sends a report at once and then every `interval` seconds, and a last one at `close`.

    A server that is slow or gone costs the tests nothing: a report that does not get through is left out, and the
    next one says more. That is said once, at the end.

    Args:
        url: of the exporter.
        token: for it; "" for none.
        look: makes a report, the last of which is told so.
        guard: takes what went wrong.
        own: is told of the thread.
    """

    def __init__(self, url: str, token: str, look: Callable[[bool], LiveReport], guard: Guard, own: OwnWork) -> None:
        self._url: Final = live_url(url)
        self._look: Final = look
        self._guard: Final = guard
        self._own: Final = own
        self._headers: Final = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        self._sent = 0
        self._failures: list[str] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="paceline-heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._own.add_thread(self._thread)

    def close(self) -> None:
        """
        Send the last report; waits for it at most a few seconds.
        """
        self._own.remove_thread(self._thread)
        self._stopping.set()
        self._thread.join(_LAST_SECONDS)
        if self._failures:
            self._guard.warn(
                f"{len(self._failures)} of {self._sent} live reports did not reach {self._url}: {self._failures[-1]}"
            )

    def _beat(self) -> None:
        with requests.Session() as session:
            while not self._stopping.is_set():
                self._send(session, is_over=False)
                self._stopping.wait(INTERVAL_SECONDS)
            self._send(session, is_over=True)

    def _send(self, session: requests.Session, *, is_over: bool) -> None:
        self._sent += 1
        try:
            # An exporter forgets what is not told again within three intervals.
            report = replace(self._look(is_over), interval_seconds=INTERVAL_SECONDS)
            answer = session.post(self._url, json.encode(report), headers=self._headers, timeout=_TIMEOUT)
            if not answer.ok:
                self._failures.append(f"it answered {answer.status_code} {safe_text(answer.text)}".strip())
        except requests.RequestException as error:
            self._failures.append(_reason(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of the user's tests
            self._failures.append(f"{type(error).__name__}: {error}")


def live_url(url: str) -> str:
    """
    Where an exporter takes live reports.

    Raises:
        ConfigError: it is no address, or has a password in it.
    """
    if "@" in url:
        raise ConfigError(f"{_NAMING.place} {url.rpartition('@')[2]!r}, expected an address such as {_NAMING.example}")
    return f"{read_endpoint(url, _NAMING, {})}{PATH}"


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    return "it cannot be reached" if isinstance(error, requests.ConnectionError) else type(error).__name__
