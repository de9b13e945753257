"""
A server that answers as a test wants it to, well or badly.
"""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import NamedTuple

# Takes the open connection, and an event that is set when the test is over.
Behaviour = Callable[[socket.socket, Event], None]
_LONGEST_REQUEST = 1 << 16


class Answering(NamedTuple):
    """
    A server, and the requests that it got.
    """

    url: str
    requests: list[str]


@contextmanager
def answering(behave: Behaviour) -> Iterator[Answering]:
    """
    A server on loopback that reads each request and then behaves.
    """
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Answering(f"http://127.0.0.1:{listener.getsockname()[1]}", [])
        thread = Thread(target=_serve, args=(listener, behave, server.requests, over))
        thread.start()
        try:
            yield server
        finally:
            over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def answer(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> Behaviour:
    """
    One answer, then the end of the connection.
    """
    size = len(body) if length is None else length
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers, "Connection: close", "", ""])
    return lambda connection, _: connection.sendall(head.encode() + body)


def silence(_: socket.socket, over: Event) -> None:
    """
    Take the request, and never answer.
    """
    over.wait()


def drip(connection: socket.socket, over: Event) -> None:
    """
    Answer byte by byte, without an end.
    """
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{")
    while not over.wait(0.05):
        connection.sendall(b" ")


def _serve(listener: socket.socket, behave: Behaviour, requests: list[str], over: Event) -> None:
    # One after the other is enough: the client asks one question at a time.
    with suppress(OSError):
        while not over.is_set():
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                requests.append(_read(connection).decode("latin-1"))
                behave(connection, over)


def _read(connection: socket.socket) -> bytes:
    """
    A whole request: closing with some of it unread resets the connection, and takes back what was said.
    """
    request = b""
    while not _is_whole(request) and (more := connection.recv(_LONGEST_REQUEST)):
        request += more
    return request


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)
