"""
To the exporter, `paceline serve`: the run document as it is.
"""

import os
import re
from collections.abc import Mapping
from email.utils import formatdate
from typing import Final, Literal

import requests
from msgspec import DecodeError, Struct, json

from paceline.delivery.outbox import check_packed
from paceline.delivery.sink import Receipt
from paceline.errors import DeliveryError
from paceline.http.failures import UNAUTHORIZED, shown_status, shown_type
from paceline.http.one_request import asking_once, read_short
from paceline.http.server_access import Naming, ServerAccess, auth_of, read_server
from paceline.http.server_kinds import EXPORTER, wrong_kind
from paceline.identity import quoted

NAMING = Naming(
    place="runs are pushed to",
    example="http://exporter:10464",
    token="PACELINE_PUSH_TOKEN",  # noqa: S106 - the name of a variable
)
_HEADERS = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
_LONGEST_ANSWER = 4096
_ERROR = re.compile(r'\{\s*"error"\s*:')
_LONGEST_NOTE = 500


class Push:
    """
    The sink `push`. The exporter knows a run by its id, suite and start, so that one that comes twice counts once.

    Args:
        server: the exporter.
        authorities: the file of certificates that are trusted; None for what the machine trusts.
    """

    kind: Final = "push"

    def __init__(self, server: ServerAccess, authorities: str | None = None) -> None:
        self.address: Final = str(server)
        self._auth: Final = auth_of(server)
        self._authorities: Final = authorities

    def deliver(self, packed: bytes, seconds: float) -> Receipt:
        """
        Send a run document; see `Sink`.
        """
        check_packed(packed, "the outbox")
        with asking_once(seconds, _is_own, self._hint) as session:
            session.auth = self._auth
            answer = session.post(
                f"{self.address}/api/v1/runs",
                data=packed,
                # The answer of the exporter says whose clock is off.
                headers={**_HEADERS, "Date": formatdate(usegmt=True)},
                allow_redirects=False,
                stream=True,
                verify=self._authorities,
            )
            return _receipt(answer)

    def _hint(self, answer: requests.Response) -> str:
        if answer.status_code in UNAUTHORIZED:
            return f"; the token comes from {NAMING.token}"
        return wrong_kind(self.address, EXPORTER, self._authorities)


def _is_own(kind: str, body: str) -> bool:
    # A proxy refuses bodies as well, in its own words.
    return kind == "application/json" and _ERROR.match(body) is not None


class _Answer(Struct):
    """
    That of an exporter that has the run.
    """

    run_id: str
    result: Literal["accepted", "duplicate"]
    note: str = ""


def _receipt(answer: requests.Response) -> Receipt:
    """
    What an exporter says. Its status alone is no sign of one: the login page of a proxy has 200 for all that is sent.
    """
    try:
        own = json.decode(read_short(answer, _LONGEST_ANSWER), type=_Answer)
    except (DecodeError, UnicodeDecodeError) as error:
        raise DeliveryError(
            f"{shown_status(answer)} with {shown_type(answer)}, expected an exporter's answer, with run_id and result"
        ) from error
    return Receipt(is_known=own.result == "duplicate", note=quoted(own.note, _LONGEST_NOTE))


def read_push(url: str, environ: Mapping[str, str] = os.environ, authorities: str | None = None) -> Push:
    """
    The sink of an address.

    Raises:
        ConfigError: the address is not a valid URL.
    """
    return Push(read_server(url, NAMING, environ), authorities)
