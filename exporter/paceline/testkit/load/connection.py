"""
One HTTP/1.1 connection of a load test.
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from paceline.testkit.load.endpoint import Origin
from paceline.testkit.load.tally import Failure

_OK, _REDIRECT = 200, 300
# Of a body that is looked at, more is not kept.
_LONGEST_BODY = 1 << 20
_LONGEST_HEAD = 1 << 16
NO_ANSWER = "connection closed without an answer"
_LOCATION: Final = re.compile(rb"(?im)^location:[ \t]*(.*?)[ \t]*\r?$")
_COOKIE: Final = re.compile(rb"(?im)^set-cookie:[ \t]*(.*?)[ \t]*\r?$")
_LENGTH: Final = re.compile(rb"(?im)^(content-length|transfer-encoding):")


Again = Callable[[], bool]


class Connection(asyncio.Protocol):
    """
    Sends requests one after the other and reads their answers. `status` and `body` are those of the last answer; `body`
    is kept only where it is looked at.

    Headers are not taken from the parser, which would call for each of them: few answers have one that matters.

    `received` counts the bytes of all answers, `asked` the requests.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, origin: Origin) -> None:
        self.origin: Final = origin
        self.is_open = False
        self.received = self.asked = self.status = 0
        self.body = b""
        self._loop = loop
        self._transport: Any = None
        self._parser = HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._head = self._request = b""
        self._again: Again | None = None
        self._is_head = False

    def ask(self, request: bytes, *, is_head: bool = False, again: Again | None = None) -> "asyncio.Future[None]":
        """
        Send a request; its answer is awaited.

        Args:
            request: as it is sent.
            is_head: whether the answer has no body, whatever its headers say; only a `LookingConnection` knows it.
            again: is called after a plain answer, counts it, and says whether the same request is sent once more. It
                saves the task of the user a turn of the event loop for each request.
        """
        self.asked += 1
        self._request, self._again, self._is_head = request, again, is_head
        self._head = b""
        self._waiter = waiter = self._loop.create_future()
        self._transport.write(request)
        return waiter

    @property
    def location(self) -> str:
        """
        Where the last answer redirects to.
        """
        found = _LOCATION.search(self._head.partition(b"\r\n\r\n")[0])
        return found[1].decode("latin-1") if found else ""

    def cookies(self) -> list[str]:
        """
        The values of Set-Cookie in the last answer.
        """
        if b"ookie:" not in self._head and b"OOKIE:" not in self._head:
            return []
        head = self._head.partition(b"\r\n\r\n")[0]
        return [value.decode("latin-1") for value in _COOKIE.findall(head)]

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
        head = self._head
        if not head:
            self._head = data
        elif len(head) < _LONGEST_HEAD:
            self._head = head + data
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
        if exc is None and self._ends_by_closing():
            self.status = self._parser.get_status_code()
            self._complete(is_kept_alive=False)
        elif isinstance(exc, ssl.SSLError):
            self._fail("TLS", str(exc))
        elif self._head:
            self._fail("connection closed during the answer", str(exc or ""))
        else:
            self._fail(NO_ANSWER, str(exc or ""))

    def on_message_complete(self) -> None:
        parser = self._parser
        self.status = status = parser.get_status_code()
        if status < _OK:  # an informational answer comes before the real one
            return
        is_kept_alive, again = parser.should_keep_alive(), self._again
        is_plain = is_kept_alive and self._waiter is not None and status < _REDIRECT and b"ookie:" not in self._head
        if again is not None and is_plain and again():
            self.asked += 1
            self._head = b""
            self._transport.write(self._request)
            return
        self._complete(is_kept_alive=is_kept_alive)

    def _complete(self, *, is_kept_alive: bool) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is None or not is_kept_alive:
            self.close()
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _ends_by_closing(self) -> bool:
        head, end, _ = self._head.partition(b"\r\n\r\n")
        return bool(end) and not _LENGTH.search(head)

    def _fail(self, kind: str, example: str) -> None:
        waiter = self._waiter
        self.close()
        if waiter is not None and not waiter.done():
            waiter.set_exception(Failure(kind, example))


class LookingConnection(Connection):
    """
    A connection that knows answers without a body, and keeps bodies that are looked at. It costs more for each answer.
    """

    def ask(self, request: bytes, *, is_head: bool = False, again: Again | None = None) -> "asyncio.Future[None]":
        self.body = b""
        return super().ask(request, is_head=is_head, again=again)

    def on_headers_complete(self) -> None:
        if self._is_head and self._parser.get_status_code() >= _OK:
            # The parser waits for a body that does not come.
            parser, self._parser = self._parser, HttpResponseParser(self)
            self.status = parser.get_status_code()
            self._complete(is_kept_alive=parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        if len(self.body) < _LONGEST_BODY:
            self.body += body
