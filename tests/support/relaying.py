"""
Servers before an exporter: one that hands runs on and may keep an answer to itself, and a proxy with a prefix.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import requests

from support.receiving import Received
from support.serving import serving


@dataclass
class Relay:
    """
    What was handed on, and when an answer was held back; it is never given.
    """

    run_ids: list[str] = field(default_factory=list)
    is_holding: Event = field(default_factory=Event)
    is_over: Event = field(default_factory=Event)


@contextmanager
def relaying(port: int, target: str, answers: int | None = None) -> Iterator[Relay]:
    """
    A relay on loopback.

    Args:
        port: where it listens.
        target: the exporter.
        answers: how many it gives back; None for all.
    """
    relay = Relay()
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(relay, target, answers))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield relay
    finally:
        relay.is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(relay: Relay, target: str, answers: int | None) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received = Received(self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))
            answer = requests.post(f"{target}{received.path}", received.body, headers=received.headers, timeout=60)
            relay.run_ids.append(received.run.run_id)
            if answers is not None and len(relay.run_ids) > answers:
                relay.is_holding.set()
                relay.is_over.wait()
                return
            self.send_response(answer.status_code)
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def taking_prefix_off(prefix: str, target: str) -> Iterator[str]:
    """
    A reverse proxy on loopback that hands requests for a prefix, and below it, on without the prefix.

    Args:
        prefix: the path, without a slash at its end.
        target: the exporter.

    Returns:
        The address of the exporter behind the proxy, with a slash at its end.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != prefix and not self.path.startswith(f"{prefix}/"):
                self.send_error(404)
                return
            answer = requests.get(target + (self.path.removeprefix(prefix) or "/"), timeout=60)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as address:
        yield f"{address}{prefix}/"
