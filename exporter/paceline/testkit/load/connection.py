"""
One HTTP/1.1 connection of a load test.
"""

import asyncio
import ssl
from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from paceline.testkit.load.tally import Failure

_OK = 200
# The first letters of the headers that are read: Content-Length, Location, Set-Cookie, Transfer-Encoding.
_READ: Final = frozenset(b"cClLsStT")
# Of a body that is looked at, more is not kept.
_LONGEST_BODY = 1 << 20
NO_ANSWER = "connection closed without an answer"


class Answer:
    """
    Status, headers that matter and size of an answer. `body` is kept only where it is looked at.
    """

    __slots__ = ("body", "cookies", "has_length", "is_kept_alive", "location", "size", "status")

    def __init__(self) -> None:
        self.status = 0
        self.size = 0
        self.location = ""
        self.cookies: list[str] = []
        self.has_length = False
        self.is_kept_alive = True
        self.body = b""


class Connection(asyncio.Protocol):
    """
    Sends requests one after the other and reads their answers.

    `received` counts the bytes of all answers.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.is_open = False
        self.received = 0
        self.asked = 0
        self._loop = loop
        self._transport: Any = None
        self._parser = HttpResponseParser(self)
        self._waiter: asyncio.Future[Answer] | None = None
        self._answer = Answer()
        self._is_head = self._keeps_body = self._has_headers = self._has_data = False

    def ask(self, request: bytes, *, is_head: bool, keeps_body: bool) -> "asyncio.Future[Answer]":
        """
        Send a request; its answer is awaited.
        """
        self.asked += 1
        self._is_head, self._keeps_body = is_head, keeps_body
        self._has_headers = self._has_data = False
        self._answer = Answer()
        self._waiter = self._loop.create_future()
        self._transport.write(request)
        return self._waiter

    def close(self) -> None:
        """
        Close at once, also within an answer.
        """
        self.is_open, self._waiter = False, None
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        self._has_data = True
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._fail("invalid answer", "the server changed the protocol")
        except HttpParserError as error:
            self._fail("invalid answer", f"{error}: {data[:60]!r}")

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._waiter is None:
            return
        if self._has_headers and exc is None and not self._answer.has_length:
            self._complete()
        elif isinstance(exc, ssl.SSLError):
            self._fail("TLS", str(exc))
        elif self._has_data:
            self._fail("connection closed within the answer", str(exc or ""))
        else:
            self._fail(NO_ANSWER, str(exc or ""))

    def on_header(self, name: bytes, value: bytes) -> None:
        if name[0] not in _READ:
            return
        name = name.lower()
        if name in {b"content-length", b"transfer-encoding"}:
            self._answer.has_length = True
        elif name == b"location":
            self._answer.location = value.decode("latin-1")
        elif name == b"set-cookie":
            self._answer.cookies.append(value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        self._answer.status = self._parser.get_status_code()
        self._has_headers = self._answer.status >= _OK
        self._answer.is_kept_alive = self._parser.should_keep_alive()
        if self._is_head and self._has_headers:
            # The parser waits for a body that does not come.
            self._parser = HttpResponseParser(self)
            self._complete()

    def on_body(self, body: bytes) -> None:
        self._answer.size += len(body)
        if self._keeps_body and len(self._answer.body) < _LONGEST_BODY:
            self._answer.body += body

    def on_message_complete(self) -> None:
        # An informational answer comes before the real one.
        if self._has_headers:
            self._complete()

    def _complete(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is None or not self._answer.is_kept_alive:
            self.close()
        if waiter is not None and not waiter.done():
            waiter.set_result(self._answer)

    def _fail(self, kind: str, example: str) -> None:
        waiter = self._waiter
        self.close()
        if waiter is not None and not waiter.done():
            waiter.set_exception(Failure(kind, example))
