"""
An HTTP server that takes what is sent to it, and answers as it is told.
"""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from paceline.documents import decode_run
from paceline.model import Run
from support.serving import REASON, serving

_REFUSALS = {400, 409, 413, 415, 422}
_RESULTS = {201: "accepted", 200: "duplicate"}


@dataclass(frozen=True)
class Received:
    """
    A request.
    """

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def run(self) -> Run:
        return decode_run(gzip.decompress(self.body), "a request")


@dataclass
class Receiving:
    """
    The server. `statuses` are its next answers, in turn; then it answers `status`. Without a `body`, it answers a run
    as an exporter does.
    """

    url: str = ""
    status: int = 201
    body: bytes | None = None
    content_type: str = "text/plain"
    statuses: list[int] = field(default_factory=list)
    requests: list[Received] = field(default_factory=list)

    @property
    def run_ids(self) -> list[str]:
        return [request.run.run_id for request in self.requests]

    def next_status(self) -> int:
        return self.statuses.pop(0) if self.statuses else self.status

    def body_of(self, path: str, status: int) -> bytes:
        if self.body is not None:
            return self.body
        if status in _REFUSALS and path.endswith("/api/v1/runs"):
            return b'{"error":"no"}'
        result = _RESULTS.get(status, "")
        return b'{"run_id":"it","result":"%b"}' % result.encode() if result and path.endswith("/api/v1/runs") else b""

    def type_of(self, answer: bytes) -> str:
        return "application/json" if answer.startswith(b'{"error"') else self.content_type


@contextmanager
def receiving(
    statuses: Sequence[int] = (),
    status: int = 201,
    body: bytes | None = None,
    content_type: str = "text/plain",
    port: int = 0,
) -> Iterator[Receiving]:
    """
    A server on loopback.
    """
    state = Receiving(status=status, body=body, content_type=content_type, statuses=list(statuses))
    with serving(_handler(state), port) as state.url:
        yield state


def _handler(state: Receiving) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.requests.append(Received(self.path, dict(self.headers), body))
            status = state.next_status()
            answer = state.body_of(self.path, status)
            self.send_response(status, REASON)
            self.send_header("Content-Type", state.type_of(answer))
            self.send_header("Content-Length", str(len(answer)))
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
