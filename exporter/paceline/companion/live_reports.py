"""
Live reports: how a run goes, sent to an exporter while it goes on.
"""

import threading
from collections.abc import Mapping
from typing import Final

import requests
from msgspec import json

from paceline.companion.live_run import LiveRun
from paceline.errors import ConfigError
from paceline.http.failures import failure_of, target_of
from paceline.http.server_access import Naming, auth_of, read_authorities, read_server
from paceline.identity import quoted

PATH = "/api/v1/live"
_NAMING = Naming(
    place="live reports go to",
    example="http://exporter:10464",
    token="PACELINE_PUSH_TOKEN",  # noqa: S106 - the name of a variable
)
INTERVAL_SECONDS = 2.0
# To connect, and to have the answer.
_TIMEOUT = (2.0, 2.0)


class LiveReports:
    """
    A thread of the companion that sends a report at once and then every two seconds, and a last one from `end` on.

    A report that does not get through is left out: the next one says more.
    """

    def __init__(self, server: "LiveServer", run: LiveRun) -> None:
        self._server: Final = server
        self._run: Final = run
        self._sent = 0
        self._failures: list[str] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="paceline-heartbeat", daemon=True)

    def start(self) -> None:
        """
        Start sending; once it is started, nothing happens.
        """
        if self._thread.ident is None:
            self._thread.start()

    def end(self) -> None:
        """
        Have the last report sent; a run that has sent none sends none.
        """
        self._stopping.set()

    def wait(self, seconds: float) -> None:
        """
        Wait for the last report.
        """
        if self._thread.is_alive():
            self._thread.join(seconds)

    @property
    def messages(self) -> list[str]:
        """
        What the user should read.
        """
        if not self._failures:
            return []
        count = f"{len(self._failures)} of {self._sent}"
        return [f"{count} live reports did not reach {self._server.url}: {self._failures[-1]}"]

    def _beat(self) -> None:
        with requests.Session() as session:
            while not self._stopping.is_set():
                self._send(session, is_over=False)
                self._stopping.wait(INTERVAL_SECONDS)
            self._send(session, is_over=True)

    def _send(self, session: requests.Session, *, is_over: bool) -> None:
        self._sent += 1
        try:
            # An exporter forgets a run that sends no report within three intervals.
            report = self._run.report(INTERVAL_SECONDS, is_over=is_over)
            answer = self._server.post(session, json.encode(report))
            if answer.status_code != requests.codes.no_content:
                self._failures.append(_refusal(answer))
        except requests.RequestException as error:
            self._failures.append(failure_of(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the next report may get through
            self._failures.append(f"{type(error).__name__}: {error}")


def _refusal(answer: requests.Response) -> str:
    said = f"it answered {answer.status_code}"
    target = target_of(answer)
    if target:
        return f"{said}, which points to {target}"
    return said if "<" in answer.text else f"{said} {quoted(answer.text)}".strip()


class LiveServer:
    """
    An exporter that takes live reports.

    Args:
        url: of the exporter.
        ca_file: the certificates that are trusted; "" for those that the machine trusts.
        environ: may have a token.

    Raises:
        ConfigError: the address is not a valid URL, or has a password in it; or a file has no certificates.
    """

    def __init__(self, url: str, ca_file: str, environ: Mapping[str, str]) -> None:
        if "@" in url:
            shown = url.rpartition("@")[2]
            raise ConfigError(f"{_NAMING.place} {shown!r}, expected an address such as {_NAMING.example}")
        server = read_server(url, _NAMING, environ)
        self.url: Final = f"{server}{PATH}"
        self._auth: Final = auth_of(server)
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
