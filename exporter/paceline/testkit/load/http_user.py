"""
One user of a load test: connections, cookies and redirects, as a browser has them.
"""

import asyncio
import socket
import ssl
from typing import Final
from urllib.parse import urljoin, urlsplit

from paceline.testkit.load.allowed_hosts import is_allowed
from paceline.testkit.load.connection import NO_ANSWER, Again, Connection, LookingConnection
from paceline.testkit.load.cookies import Cookies
from paceline.testkit.load.endpoint import Message, Origin, Target, head_of, origin_of
from paceline.testkit.load.load_plan import LoadPlan
from paceline.testkit.load.tally import Failure

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SEE_OTHER = 303
_AS_GET = frozenset({301, 302})
_ERROR = 400
_MOST_REDIRECTS = 10
_IDEMPOTENT = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"})


class HttpUser:
    """
    Sends the requests of one user.

    `received` counts the bytes of all answers.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, plan: LoadPlan, tls: ssl.SSLContext | None) -> None:
        self.received = 0
        self._loop: Final = loop
        self._plan: Final = plan
        self._tls: Final = tls
        self._cookies: Final = Cookies() if plan.keeps_cookies else None
        self._connections: Final[dict[Origin, Connection]] = {}
        self._last: Connection | None = None
        is_looking = any(target.expect_text or target.method == "HEAD" for target in plan.targets)
        self._connection_type: Final = LookingConnection if is_looking else Connection

    async def request(self, target: Target, message: Message, again: Again | None = None) -> None:
        """
        Send a request, follow its redirects, and check its answer.

        Args:
            target: of the request.
            message: one of its messages.
            again: sends the same request once more, as in `Connection.ask`.

        Raises:
            Failure: the request has no right answer.
        """
        answer = await self._ask(target.method, target.origin, message, again)
        status, wanted = answer.status, target.expect_status
        if status in _REDIRECTS and wanted is None and self._plan.follows_redirects:
            answer = await self._follow(target, answer, message)
            status = answer.status
        if status != wanted if wanted is not None else status >= _ERROR:
            raise Failure(f"status {status}", f"{target.name}: status {status}")
        if target.expect_text and target.expect_text not in answer.body:
            raise Failure("unexpected body", f"{target.name}: {answer.body[:100]!r}")

    def close(self) -> None:
        """
        Close all connections.
        """
        for connection in self._connections.values():
            self.received += connection.received
            connection.close()
        self._connections.clear()
        self._last = None

    def take_received(self) -> int:
        """
        The bytes that were received since the last call.
        """
        received, self.received = self.received, 0
        for connection in self._connections.values():
            received += connection.received
            connection.received = 0
        return received

    async def _follow(self, target: Target, answer: Connection, message: Message) -> Connection:
        method, origin, path = target.method, target.origin, message.path
        for _ in range(_MOST_REDIRECTS):
            url = urljoin(f"{origin.scheme}://{origin.authority}{path}", answer.location)
            parts = urlsplit(url)
            try:
                origin = origin_of(url)
            except ValueError:
                raise Failure("redirect", f"{target.name}: redirected to {answer.location!r}") from None
            if not is_allowed(origin.host, self._plan.allowed_hosts):
                raise Failure("redirect to a host that is not allowed", f"{target.name}: redirected to {origin.host}")
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            body = message.body
            if answer.status == _SEE_OTHER or (answer.status in _AS_GET and method == "POST"):
                method, body = "HEAD" if method == "HEAD" else "GET", b""
            length = len(body) if body or method in {"POST", "PUT", "PATCH"} else None
            following = Message.of(head_of(method, path, origin, target.headers, length), body, path)
            answer = await self._ask(method, origin, following)
            if answer.status not in _REDIRECTS:
                return answer
        raise Failure("too many redirects", f"{target.name}: more than {_MOST_REDIRECTS} redirects")

    async def _ask(self, method: str, origin: Origin, message: Message, again: Again | None = None) -> Connection:
        cookies = self._cookies.header(origin, message.path) if self._cookies else b""
        request = message.head + cookies + b"\r\n" + message.body if cookies else message.whole
        connection = self._last
        if connection is None or connection.origin is not origin or not connection.is_open:
            connection = await self._connected(origin)
        is_head = method == "HEAD"
        try:
            await connection.ask(request, is_head=is_head, again=again)
        except Failure as failure:
            # A server may close a connection that it keeps no longer while a request is on its way.
            if not (connection.asked > 1 and failure.kind == NO_ANSWER and method in _IDEMPOTENT):
                raise
            connection = await self._connect(origin)
            await connection.ask(request, is_head=is_head, again=again)
        if self._cookies is not None and (found := connection.cookies()):
            self._cookies.set(found, origin, message.path)
        return connection

    async def _connected(self, origin: Origin) -> Connection:
        known = self._connections.get(origin)
        self._last = known if known is not None and known.is_open else await self._connect(origin)
        return self._last

    async def _connect(self, origin: Origin) -> Connection:
        before = self._connections.pop(origin, None)
        if before is not None:
            self.received += before.received
            before.close()
        tls = self._tls if origin.scheme == "https" else None
        connection = self._connection_type(self._loop, origin)
        try:
            await self._loop.create_connection(lambda: connection, origin.host, origin.port, ssl=tls)
        except ssl.SSLCertVerificationError as error:
            raise Failure("TLS certificate", error.verify_message) from None
        except ssl.SSLError as error:
            raise Failure("TLS", str(error)) from None
        except socket.gaierror as error:
            raise Failure("DNS", f"{origin.host}: {error.strerror or error}") from None
        except ConnectionRefusedError:
            raise Failure("connection refused", f"{origin.host}:{origin.port}") from None
        except OSError as error:
            raise Failure(f"connection: {type(error).__name__}", str(error)) from None
        self._connections[origin] = self._last = connection
        return connection
