"""
Tell an exporter how a run goes while it goes on.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import requests
from msgspec import json
from msgspec.structs import replace

from paceline.errors import ConfigError
from paceline.http.endpoint import Naming, auth_of, read_authorities, read_endpoint
from paceline.http.failures import failure_of, target_of
from paceline.identity import safe_text
from paceline.live_report import LiveReport
from paceline.plugin.guard import Guard
from paceline.probes.own_overhead import OwnWork

PATH = "/api/v1/live"
_NAMING = Naming(
    place="live reports go to",
    example="http://exporter:10464",
    token="PACELINE_PUSH_TOKEN",  # noqa: S106 - the name of a variable
)
INTERVAL_SECONDS = 2.0
# To connect, and to have the answer.
_TIMEOUT = (2.0, 2.0)
# What the end of a session may be held up.
_LAST_SECONDS = 2.0


class LiveReports:
    """
    A thread that sends a report at once and then every `interval` seconds, and a last one from `end` on.

    A server that is slow or gone costs the tests nothing: a report that does not get through is left out, and the
    next one says more. That is said once, at the end.

    Args:
        server: the exporter, which is sent each report.
        look: makes a report, the last of which is told so.
        guard: takes what went wrong.
        own: is told of the thread.
    """

    def __init__(self, server: "LiveServer", look: Callable[[bool], LiveReport], guard: Guard, own: OwnWork) -> None:
        self._server: Final = server
        self._look: Final = look
        self._guard: Final = guard
        self._own: Final = own
        self._sent = 0
        self._failures: list[str] = []
        self._now: Final = time.monotonic
        self._ended = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="paceline-heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._own.add_thread(self._thread)

    def end(self) -> None:
        """
        Have the last report sent, meanwhile.
        """
        self._own.remove_thread(self._thread)
        self._stopping.set()
        self._ended = self._now()

    def close(self, seconds: float) -> None:
        """
        Wait for the last report, for what is left of so many seconds since `end`.
        """
        if self._thread.is_alive():
            self._thread.join(last_wait(seconds, self._now() - self._ended))
        if self._failures:
            count = f"{len(self._failures)} of {self._sent}"
            self._guard.warn(f"{count} live reports did not reach {self._server.url}: {self._failures[-1]}")

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
            answer = self._server.post(session, json.encode(report))
            if answer.status_code != requests.codes.no_content:
                self._failures.append(_refusal(answer))
        except requests.RequestException as error:
            self._failures.append(failure_of(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of the user's tests
            self._failures.append(f"{type(error).__name__}: {error}")


def last_wait(seconds: float, waited: float) -> float:
    """
    How long the end of a session still waits for the last report.

    Args:
        seconds: what all servers together may take.
        waited: how long it has been on its way.
    """
    return max(min(seconds, _LAST_SECONDS) - waited, 0.0)


def _refusal(answer: requests.Response) -> str:
    said = f"it answered {answer.status_code}"
    target = target_of(answer)
    if target:
        return f"{said}, which points to {target}"
    return said if "<" in answer.text else f"{said} {safe_text(answer.text)}".strip()


class LiveServer:
    """
    An exporter that takes live reports.

    Args:
        url: of the exporter.
        ca_file: the certificates that are trusted; "" for what the machine trusts.
        environ: may have a token.

    Raises:
        ConfigError: it is no address, or has a password in it; or a file has no certificates.
    """

    def __init__(self, url: str, ca_file: str, environ: Mapping[str, str]) -> None:
        if "@" in url:
            shown = url.rpartition("@")[2]
            raise ConfigError(f"{_NAMING.place} {shown!r}, expected an address such as {_NAMING.example}")
        endpoint = read_endpoint(url, _NAMING, environ)
        self.url: Final = f"{endpoint}{PATH}"
        self._auth: Final = auth_of(endpoint)
        self._authorities: Final = read_authorities(ca_file, "push_ca_file is")

    def post(self, session: requests.Session, body: bytes) -> requests.Response:
        """
        Send a report.
        """
        headers = {"Content-Type": "application/json"}
        return session.post(
            self.url,
            body,
            headers=headers,
            auth=self._auth,
            timeout=_TIMEOUT,
            verify=self._authorities,
            allow_redirects=False,
        )
