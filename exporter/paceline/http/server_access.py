"""
A server: its address, the credentials for it, and the authorities that it is trusted by. No secret is ever shown.
"""

import os
import ssl
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from paceline.errors import ConfigError
from paceline.own_secrets import keep_secret


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

    @property
    def credentials(self) -> str:
        """
        The variables, as an error message names them.
        """
        user = f"{self.user} and {self.password}" if self.user else ""
        return ", or ".join(filter(None, (self.token, user)))


class ServerAccess:
    """
    A server and the credentials for it. Printed, it is the address alone.
    """

    def __init__(self, address: str, token: str = "", user: str = "", password: str = "") -> None:
        self._address: Final = address
        self.token: Final = token
        self.user: Final = user
        self.password: Final = password
        for secret in filter(None, (token, password)):
            keep_secret(secret, user)

    def __str__(self) -> str:
        return self._address

    __repr__ = __str__


class Bearer(AuthBase):
    """
    Sends a token. As a plain header, it would lose to what a `.netrc` has for the host.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def auth_of(server: ServerAccess) -> AuthBase | None:
    """
    What proves to a server who asks; None where there are no credentials.
    """
    if server.token:
        return Bearer(server.token)
    return HTTPBasicAuth(server.user.encode(), server.password.encode()) if server.user else None


def read_server(url: str, naming: Naming, environ: Mapping[str, str] = os.environ) -> ServerAccess:
    """
    Take an address apart; a token goes before a user, and the environment before the address.

    Args:
        url: such as http://prometheus:9090, with a path where the server has one.
        naming: what the server is called.
        environ: may have the credentials.

    Raises:
        ConfigError: the address is not a valid URL, or a token has characters that no header can have.
    """
    parts = _parts(url)
    if parts is None:
        raise ConfigError(f"{naming.place} {_shown(url)!r}, expected an address such as {naming.example}")
    return ServerAccess(
        address=_without_user(parts),
        token=_token(naming.token, environ),
        user=environ.get(naming.user, "") or unquote(parts.username or ""),
        password=environ.get(naming.password, "") or unquote(parts.password or ""),
    )


def read_authorities(path: str, place: str) -> str | None:
    """
    A file that has been seen to hold certificates; None where none is named, for what the machine trusts.

    Args:
        path: of the file, "" for none.
        place: what names it, for the error.

    Raises:
        ConfigError: the file cannot be read, or has no certificate.
    """
    if not path:
        return None
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        why = "has no certificate" if isinstance(error, ssl.SSLError) else f"cannot be read ({error.strerror})"
        raise ConfigError(f"{place} {path!r}, which {why}, expected a CA bundle (PEM)") from error
    return path


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
        raise ConfigError(
            f"the environment variable {name} has a character that an HTTP header cannot have, expected a token"
        )
    return token


def _without_user(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"


def _shown(url: str) -> str:
    scheme, separator, rest = url.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2].partition('?')[0]}"
