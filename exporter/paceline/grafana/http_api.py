"""
Grafana's HTTP API, as far as it is needed to put something in.
"""

from collections.abc import Collection
from typing import Any, Final
from urllib.parse import quote

import requests

from paceline.errors import StorageError
from paceline.grafana.install_plan import ApiRequest, Found, InstallStep, Named
from paceline.http.failures import failure_of, status_of
from paceline.http.server_access import Naming, ServerAccess, auth_of
from paceline.http.server_kinds import GRAFANA, wrong_kind
from paceline.identity import quoted

NAMING = Naming(
    place="--url",
    example="http://127.0.0.1:3000",
    token="PACELINE_GRAFANA_TOKEN",  # noqa: S106 - the name of a variable
    user="PACELINE_GRAFANA_USER",
    password="PACELINE_GRAFANA_PASSWORD",  # noqa: S106 - likewise
)
_SECONDS = (5, 60)
_NOT_FOUND, _FORBIDDEN = 404, 403
# Two at once make the same folder, or the same dashboard.
_MEANWHILE = {409, 412}
# Grafana refuses a reader who is not an admin, also for a missing object; an existing object refuses the write.
_NOT_SEEN = {_NOT_FOUND, _FORBIDDEN}
_LONGEST_QUOTE = 200
# What a search finds at most.
_MOST = 5000


class GrafanaApi:
    """
    A Grafana. What it does not answer as it should is raised with the reason, in words.

    Args:
        server: the server and its credentials.
        seconds: to connect, and to wait for an answer.
    """

    def __init__(self, server: ServerAccess, seconds: tuple[float, float] = _SECONDS) -> None:
        self._server: Final = server
        self._seconds: Final = seconds
        self._session: Final = requests.Session()
        self._session.auth = auth_of(server)

    def check(self) -> None:
        """
        Make sure that it is one.

        Raises:
            StorageError: the server does not answer, or is not a Grafana.
        """
        response = self._ask(ApiRequest("GET", "/api/health", {}))
        if not response.ok or "database" not in (_json(response) or {}):
            other = wrong_kind(str(self._server), GRAFANA)
            raise StorageError(f"{self._server} is not a Grafana: /api/health answered {_said(response)}{other}")

    def find(self, path: str, absent: Collection[int] = _NOT_SEEN) -> Any:  # noqa: ANN401 - JSON
        """
        What is at a path of the API; None where the answer is a status that says that nothing is.

        Raises:
            StorageError: Grafana refuses the request, or its answer is not JSON.
        """
        response = self._ask(ApiRequest("GET", path, {}))
        return None if response.status_code in absent else self._body(response)

    def find_dashboard(self, uid: str) -> Found | None:
        """
        A dashboard and its last version; None if Grafana does not have it.

        Raises:
            StorageError: the dashboard cannot be read.
        """
        found = self.find(f"/api/dashboards/uid/{uid}")
        if found is None:
            return None
        meta = found["meta"]
        # In the list of versions, Grafana replaces the message of the first one by "Initial save".
        version = self.find(f"/api/dashboards/uid/{uid}/versions/{meta['version']}", {_NOT_FOUND}) or {}
        return Found(
            version=meta["version"],
            author=meta.get("updatedBy") or "nobody",
            message=version.get("message") or "",
            folder=meta.get("folderUid", ""),
            is_provisioned=bool(meta.get("provisioned")),
        )

    def find_named(self, part: str) -> list[Named]:
        """
        Folders and dashboards that have this in their titles.

        Raises:
            StorageError: the objects cannot be read.
        """
        return [
            Named(
                uid=hit["uid"],
                title=hit["title"],
                folder=hit.get("folderUid", ""),
                is_folder=hit["type"] == "dash-folder",
            )
            for hit in self.find(f"/api/search?query={quote(part)}&limit={_MOST}") or ()
        ]

    def do(self, step: InstallStep) -> None:
        """
        Do a step, where something is to be done.

        Raises:
            StorageError: Grafana refuses the step.
        """
        if step.request is None:
            return
        try:
            self._body(self._ask(step.request))
        except StorageError as error:
            raise StorageError(f"{step.what}: {error}") from error

    def _ask(self, request: ApiRequest) -> requests.Response:
        try:
            return self._session.request(
                request.method,
                f"{self._server}{request.path}",
                json=request.body or None,
                timeout=self._seconds,
                # To a page to log in, as a rule, where a request to write something would become one to read.
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise StorageError(f"{self._server}: {failure_of(error)}") from error

    def _body(self, response: requests.Response) -> Any:  # noqa: ANN401 - JSON
        if response.ok and (body := _json(response)) is not None:
            return body
        said = f"{self._server} answered {_said(response)}"
        if response.status_code == requests.codes.unauthorized:
            raise StorageError(f"{said}: {_who(self._server)}")
        if response.status_code in _MEANWHILE:
            raise StorageError(f"{said}: another client changed it at the same time; run the command again")
        if response.status_code == _FORBIDDEN:
            raise StorageError(f"{said}: dashboards need a token of the role Editor, data sources one of Admin")
        raise StorageError(said)


def _who(server: ServerAccess) -> str:
    if server.token:
        return f"{NAMING.token} holds a token that Grafana does not know, or that has expired"
    if server.user:
        return f"Grafana does not accept this password of {server.user}"
    return f"{NAMING.token} is not set"


def _json(response: requests.Response) -> Any:  # noqa: ANN401 - JSON
    try:
        return response.json()
    except requests.JSONDecodeError:
        return None


def _said(response: requests.Response) -> str:
    status = status_of(response)
    if response.is_redirect:
        return f"{status} to {quoted(response.headers['Location'])}"
    body = _json(response)
    message = body.get("message") if isinstance(body, dict) else None
    return f"{status} ({quoted(str(message))[:_LONGEST_QUOTE]})" if message else status
