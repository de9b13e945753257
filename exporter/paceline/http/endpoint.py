"""
The address of a server, and what it asks for; secrets in neither are ever shown.
"""

import os
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import requests

from paceline.errors import ConfigError


class Naming(NamedTuple):
    """
    How a server is spoken of, an address that it might have, and the variables of the environment that may hold
    its credentials; "" for none.
    """

    place: str
    example: str
    token: str = ""
    user: str = ""
    password: str = ""


class Endpoint:
    """
    A server and the credentials for it. Printed, it is the address alone.
    """

    def __init__(self, address: str, token: str = "", user: str = "", password: str = "") -> None:
        self._address: Final = address
        self.token: Final = token
        self.user: Final = user
        self.password: Final = password

    def __str__(self) -> str:
        return self._address

    __repr__ = __str__


def read_endpoint(url: str, naming: Naming, environ: Mapping[str, str] = os.environ) -> Endpoint:
    """
    Take an address apart; a token goes before a user, and the environment before the address.

    Args:
        url: such as http://prometheus:9090, with a path where the server has one.
        naming: what the server is called.
        environ: may have the credentials.

    Raises:
        ConfigError: it is no such address, or a token is none.
    """
    parts = _parts(url)
    if parts is None:
        raise ConfigError(f"{naming.place} {_shown(url)!r}, expected an address such as {naming.example}")
    return Endpoint(
        address=_without_user(parts),
        token=_token(naming.token, environ),
        user=environ.get(naming.user, "") or unquote(parts.username or ""),
        password=environ.get(naming.password, "") or unquote(parts.password or ""),
    )


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        requests.Request("GET", url).prepare()
    except (ValueError, requests.RequestException):  # a port that is no number, half an IPv6 address, a host with "*"
        return None
    return parts if is_good else None


def _token(name: str, environ: Mapping[str, str]) -> str:
    token = environ.get(name, "").strip()
    if not (token.isascii() and token.isprintable()):
        raise ConfigError(f"the environment variable {name} has a character that no header can have, expected a token")
    return token


def _without_user(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"


def _shown(url: str) -> str:
    scheme, separator, rest = url.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2].partition('?')[0]}"
