"""
A response that notes whether the client took all of it.
"""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class WatchedResponse(Response):
    """
    The response of another one, and a call once the client took the whole body. A Prometheus closes the connection
    where a body is larger than its `body_size_limit`, or takes longer than its timeout.

    Args:
        response: status, headers and body.
        taken: called in a thread, unless the client has closed the connection before.
    """

    def __init__(self, response: Response, taken: Callable[[], None]) -> None:
        super().__init__(response.body, response.status_code)
        self.raw_headers = response.raw_headers
        self._taken = taken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Send the body before its end, and look whether the client is still there.
        """
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        # A server sends the second part only when the system has taken most of the first.
        for part in (self.body, b""):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        is_gone = await Request(scope, receive).is_disconnected()
        await send({"type": "http.response.body", "body": b""})
        if not is_gone:
            await run_in_threadpool(self._taken)
