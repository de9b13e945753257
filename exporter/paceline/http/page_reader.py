"""
Pages of one server, read within a time for all of them.
"""

from functools import partial
from typing import Final, TypeVar

import requests
from msgspec import DecodeError, ValidationError, json

from paceline.errors import StorageError
from paceline.http.answer_time import AnswerTime
from paceline.http.failures import UNAUTHORIZED, shown_status
from paceline.http.server_access import Naming, ServerAccess, auth_of
from paceline.http.server_kinds import wrong_kind

_T = TypeVar("_T")


class PageReader:
    """
    Reads pages of one server, within a number of seconds in all.

    Args:
        server: the server and its credentials.
        naming: the variables of the credentials.
        kind: the kind of server that is expected; see `server_kinds`.
        seconds: for all pages together.
        authorities: the CA bundle that is trusted; None for that of the machine.
    """

    def __init__(
        self, server: ServerAccess, naming: Naming, kind: str, seconds: float, authorities: str | None = None
    ) -> None:
        self.server: Final = server
        self._naming: Final = naming
        self._kind: Final = kind
        self._authorities: Final = authorities
        self._time: Final = AnswerTime(server, seconds)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None) -> requests.Response:
        """
        The answer of the server, whatever its status.

        Raises:
            StorageError: the server does not answer within the time.
        """
        return self._time.spent_on(partial(self._fetch, path, method, body), "paceline-pages")

    def text(self, path: str) -> str:
        """
        The text of a page.

        Raises:
            StorageError: the server does not answer with 200 OK within the time.
        """
        answer = self.ask(path)
        if answer.status_code != requests.codes.ok:
            raise StorageError(f"{self.server}: {path} {shown_status(answer)}{self._hint(answer)}")
        return answer.text

    def read(self, path: str, kind: type[_T]) -> _T:
        """
        A page of JSON as a type.

        Raises:
            StorageError: the server does not answer with such a page within the time.
        """
        text = self.text(path)
        try:
            return json.decode(text, type=kind)
        except (DecodeError, ValidationError) as error:
            wrong = wrong_kind(str(self.server), self._kind, self._authorities)
            raise StorageError(
                f"{self.server}: the answer to {path} is not from {self._kind}: {error}{wrong}"
            ) from error

    def _fetch(self, path: str, method: str, body: bytes | None) -> requests.Response:
        return requests.request(
            method,
            f"{self.server}{path}",
            data=body,
            headers={"Content-Type": "application/json"} if body is not None else None,
            auth=auth_of(self.server),
            timeout=max(self._time.left, 0.001),
            allow_redirects=False,
            verify=self._authorities,
        )

    def _hint(self, answer: requests.Response) -> str:
        if answer.status_code in UNAUTHORIZED:
            return f"; credentials come from {self._naming.credentials}"
        return wrong_kind(str(self.server), self._kind, self._authorities)
