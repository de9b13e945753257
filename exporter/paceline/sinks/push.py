"""
To the exporter, `paceline serve`: the run document as it is.
"""

import os
from collections.abc import Mapping
from typing import Final

from paceline.client.endpoint import Endpoint, Naming, read_endpoint
from paceline.client.speaking import auth_of
from paceline.sinks.asking_once import asking_once

NAMING = Naming(
    place="runs are pushed to",
    example="http://exporter:10464",
    token="PACELINE_PUSH_TOKEN",  # noqa: S106 - the name of a variable
)
_HEADERS = {"Content-Type": "application/json", "Content-Encoding": "gzip"}


class Push:
    """
    The sink `push`. The exporter knows a run by its id, so that one that comes twice counts once.
    """

    kind: Final = "push"

    def __init__(self, endpoint: Endpoint) -> None:
        self.address: Final = str(endpoint)
        self._auth: Final = auth_of(endpoint)

    def deliver(self, packed: bytes, seconds: float) -> None:
        """
        Send a run document; see `Sink`.
        """
        with asking_once(seconds) as session:
            session.auth = self._auth
            session.post(
                f"{self.address}/api/v1/runs", data=packed, headers=_HEADERS, allow_redirects=False, stream=True
            )


def read_push(url: str, environ: Mapping[str, str] = os.environ) -> Push:
    """
    The sink of an address.

    Raises:
        ConfigError: it is none.
    """
    return Push(read_endpoint(url, NAMING, environ))
