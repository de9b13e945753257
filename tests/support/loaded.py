"""
Servers that load tests are sent to.
"""

import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread


class Loaded:
    """
    A server: its address, and how many requests it got for each path.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.paths: dict[str, int] = {}
        self.cookies: list[str] = []
        self.bodies: list[bytes] = []
        self._lock = Lock()

    @property
    def requests(self) -> int:
        return sum(self.paths.values())

    def count(self, handler: BaseHTTPRequestHandler) -> int:
        """
        Count a request; the number of it.
        """
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length) if length else b""
        with self._lock:
            self.paths[handler.path] = self.paths.get(handler.path, 0) + 1
            self.cookies.append(handler.headers.get("Cookie", ""))
            self.bodies.append(body)
            return self.requests


class Handler(BaseHTTPRequestHandler):
    """
    Answers each request with `ok`; `send` answers otherwise.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    loaded: Loaded

    def respond(self) -> None:
        self.loaded.count(self)
        self.send()

    def send(self) -> None:
        self.answer()

    def answer(self, body: bytes = b"ok", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_HEAD = do_PUT = respond  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """
        A client that hangs up is no error here.
        """


@contextmanager
def loaded(
    send: Callable[[Handler], None] = Handler.answer, certificate: Path | None = None, host: str = "127.0.0.1"
) -> Iterator[Loaded]:
    """
    A server.

    Args:
        send: answers a request that was read.
        certificate: of a server with TLS; its key is beside it.
        host: the address that the server listens on.
    """
    handler = type("SomeHandler", (Handler,), {"send": send})
    server = _Server((host, 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "https" if certificate is not None else "http"
    handler.loaded = served = Loaded(f"{scheme}://{host}:{server.server_port}")  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def after(seconds: float) -> Callable[[Handler], None]:
    """
    Answer after a time.
    """

    def send(handler: Handler) -> None:
        time.sleep(seconds)
        handler.answer()

    return send


if __name__ == "__main__":
    # The address comes first, and the number of requests at the end of the standard input.
    with loaded(host=sys.argv[1]) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()
        sys.stdout.write(str(server.requests))
