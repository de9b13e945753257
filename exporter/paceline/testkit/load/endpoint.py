"""
The endpoints of a load test.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from msgspec import Meta, json

from paceline.values import Value

_AGENT = "paceline-load"
_PORTS = {"http": 80, "https": 443}
# The lengths of bodies are computed, and one connection carries many requests.
_OWN_HEADERS = frozenset({"connection", "content-length", "transfer-encoding"})
_PLAIN = frozenset("!#$%&'*+-.^_`|~")


class Endpoint(Value, frozen=True):
    """
    A request of a load test.

    `json` is a body that is sent as JSON. `weight` is the share of the requests among several endpoints, and `name`
    distinguishes endpoints (default: method and path). An answer is correct if its status is `expect_status` (default:
    any below 400) and its body contains `expect_text`. `data` are rows, which requests use in turn: `{key}` in the path
    of the URL, in the headers and in the body is replaced by the value of the row.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: str | bytes | None = None
    json: Any = None
    weight: Annotated[float, Meta(gt=0)] = 1.0
    name: str = ""
    expect_status: int | None = None
    expect_text: str = ""
    data: Sequence[Mapping[str, str]] = ()

    @property
    def label(self) -> str:
        """
        The name, or method and path.
        """
        return self.name or f"{self.method.upper()} {urlsplit(self.url).path or '/'}"


class Locustfile(Value, frozen=True):
    """
    A file for Locust, whose users send their requests to `host`.
    """

    path: str
    host: str


class Origin(Value, frozen=True):
    """
    A server: scheme, host and port.
    """

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """
        The value of the header Host.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Message(Value, frozen=True):
    """
    A request: its start line and headers without the empty line after them, its body, its path, and all of it as it is
    sent where there is no cookie.
    """

    head: bytes
    body: bytes
    path: str
    whole: bytes

    @classmethod
    def of(cls, head: bytes, body: bytes, path: str) -> "Message":
        return cls(head, body, path, head + b"\r\n" + body)


class Target(Value, frozen=True, kw_only=True):
    """
    An endpoint with its requests, ready to send.
    """

    name: str
    origin: Origin
    method: str
    messages: tuple[Message, ...]
    weight: float
    headers: Mapping[str, str]
    expect_status: int | None
    expect_text: bytes


def target_of(endpoint: Endpoint) -> Target:
    """
    Check an endpoint and make its requests.

    Raises:
        ValueError: the endpoint is invalid; the message says where.
    """
    parts = _split(endpoint.url)
    method = endpoint.method.upper()
    if not _is_token(method):
        raise ValueError(f"the method of {endpoint.url} is {endpoint.method!r}, expected one such as 'GET'")
    if not endpoint.weight > 0:
        raise ValueError(f"the weight of {endpoint.url} is {endpoint.weight!r}, expected a number above 0")
    origin = Origin(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme])
    return Target(
        name=endpoint.label,
        origin=origin,
        method=method,
        messages=tuple(_messages(endpoint, method, origin, parts)),
        weight=endpoint.weight,
        headers=endpoint.headers,
        expect_status=endpoint.expect_status,
        expect_text=endpoint.expect_text.encode(),
    )


def origin_of(url: str) -> Origin:
    """
    The server of a URL.

    Raises:
        ValueError: the URL is invalid.
    """
    parts = _split(url)
    return Origin(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme])


def head_of(method: str, path: str, origin: Origin, headers: Mapping[str, str], length: int | None) -> bytes:
    """
    The start line and the headers of a request, without the empty line after them.

    Args:
        method: in capital letters.
        path: with the query.
        origin: of the header Host.
        headers: of the user.
        length: of the body; None where there is no body.
    """
    sent = {"Host": origin.authority, "User-Agent": _AGENT, "Accept": "*/*"}
    lower = {name.lower() for name in headers}
    sent = {name: value for name, value in sent.items() if name.lower() not in lower} | dict(headers)
    if length is not None:
        sent["Content-Length"] = str(length)
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except (ValueError, TypeError, AttributeError):
        is_valid = False
    if not is_valid or not str(url).isascii() or any(character <= " " for character in url):
        raise ValueError(f"the endpoint is {url!r}, expected a URL such as 'http://127.0.0.1:8000/cart'")
    return parts


def _messages(endpoint: Endpoint, method: str, origin: Origin, parts: SplitResult) -> Iterator[Message]:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    body, headers = _body(endpoint)
    for name, value in headers.items():
        _check_header(endpoint.url, name, value)
    for row in endpoint.data or ({},):
        filled_headers = {name: _filled(value, row) for name, value in headers.items()}
        filled = _filled_bytes(body, row) if body is not None else b""
        length = None if body is None else len(filled)
        filled_path = _filled(path, row)
        if any(character <= " " for character in filled_path) or not filled_path.isascii():
            raise ValueError(f"the path {filled_path!r} has characters that are not valid in a URL; quote them")
        yield Message.of(head_of(method, filled_path, origin, filled_headers, length), filled, filled_path)


def _body(endpoint: Endpoint) -> tuple[bytes | None, Mapping[str, str]]:
    if endpoint.json is not None:
        return json.encode(endpoint.json), {"Content-Type": "application/json", **endpoint.headers}
    body = endpoint.body
    return (body.encode() if isinstance(body, str) else body), endpoint.headers


def _check_header(url: str, name: str, value: str) -> None:
    if not _is_token(name) or name.lower() in _OWN_HEADERS:
        raise ValueError(f"the header {name!r} of {url} cannot be set")
    if not isinstance(value, str) or not _is_one_line(value):
        raise ValueError(f"the header {name!r} of {url} is {value!r}, expected text of one line")


def _is_token(text: str) -> bool:
    return bool(text) and all(
        character.isascii() and (character.isalnum() or character in _PLAIN) for character in text
    )


def _is_one_line(text: str) -> bool:
    return text.isascii() and not any(character in text for character in "\r\n\0")


def _filled(text: str, row: Mapping[str, str]) -> str:
    for key, value in row.items():
        text = text.replace(f"{{{key}}}", str(value))
    return text


def _filled_bytes(body: bytes, row: Mapping[str, str]) -> bytes:
    for key, value in row.items():
        body = body.replace(f"{{{key}}}".encode(), str(value).encode())
    return body
