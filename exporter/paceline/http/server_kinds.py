"""
Which server answers at an address, by the pages that only one kind of server has.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

import requests

from paceline.http.deadline import within

EXPORTER: Final = "a Paceline exporter"
PROMETHEUS: Final = "a Prometheus"
ALERTMANAGER: Final = "an Alertmanager"
GRAFANA: Final = "a Grafana"
EXPORTER_ANSWER: Final = "Paceline's exporter"
"""
How each answer of an exporter about itself begins.
"""
# The question is asked for a better error message, which has to wait no longer than this.
_SECONDS = 2.0


class _Sign(NamedTuple):
    """
    A page, and a part of its text that only this kind of server has.
    """

    kind: str
    path: str
    text: str


_SIGNS: Sequence[_Sign] = (
    _Sign(EXPORTER, "/-/ready", EXPORTER_ANSWER),
    _Sign(PROMETHEUS, "/-/ready", "Prometheus Server"),
    _Sign(ALERTMANAGER, "/api/v2/status", '"cluster"'),
    _Sign(GRAFANA, "/api/health", '"database"'),
)


def server_kind(address: str, authorities: str | None = None) -> str:
    """
    The kind of the server at an address, such as `a Grafana`; "" where no page gives it away.

    Args:
        address: of the server, without credentials, which are not sent.
        authorities: the CA bundle that is trusted; None for that of the machine.
    """
    try:
        return within(_SECONDS, partial(_asked, address, authorities), "paceline-server-kind")
    except (TimeoutError, requests.RequestException):
        return ""


def wrong_kind(address: str, expected: str, authorities: str | None = None) -> str:
    """
    The end of an error message where another kind of server answers; "" where the kind is right or unknown.
    """
    kind = server_kind(address, authorities)
    return f"; this is {kind}, expected {expected}" if kind not in {"", expected} else ""


def _asked(address: str, authorities: str | None) -> str:
    pages: dict[str, str] = {}
    for sign in _SIGNS:
        if sign.path not in pages:
            pages[sign.path] = _text(f"{address}{sign.path}", authorities)
        if sign.text in pages[sign.path]:
            return sign.kind
    return ""


def _text(url: str, authorities: str | None) -> str:
    answer = requests.get(url, timeout=_SECONDS, allow_redirects=False, verify=authorities)
    return answer.text if answer.ok else ""
