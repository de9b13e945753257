"""
A mail server that keeps what is sent to it.
"""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import NamedTuple


class Mailing(NamedTuple):
    """
    The server, and the mails that it got.
    """

    port: int
    mails: list[EmailMessage]


# Of the user where one is needed.
PASSWORD = "mail-word"


@contextmanager
def mailing(user: str = "") -> Iterator[Mailing]:
    """
    A server on loopback.

    Args:
        user: who may send; "" for everybody.
    """
    mails: list[EmailMessage] = []
    expected = b64encode(f"\0{user}\0{PASSWORD}".encode()) if user else b""
    with ThreadingTCPServer(("127.0.0.1", 0), _handler(mails, expected)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Mailing(server.server_address[1], mails)
        finally:
            server.shutdown()
            thread.join()


def _handler(mails: list[EmailMessage], expected: bytes) -> type[StreamRequestHandler]:
    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            is_user = not expected
            self._say("220 here")
            for line in self.rfile:
                verb = line.split()[0].upper()
                if verb == b"EHLO" and expected:
                    self._say("250-here\r\n250 AUTH PLAIN")
                    continue
                if verb == b"AUTH":
                    is_user = line.split()[-1] == expected
                    self._say("235 welcome" if is_user else "535 wrong")
                    continue
                if verb == b"MAIL" and not is_user:
                    self._say("530 nobody")
                    continue
                if verb == b"DATA":
                    self._say("354 go on")
                    mails.append(message_from_bytes(self._text(), policy=policy.default))
                self._say("221 bye" if verb == b"QUIT" else "250 well")

        def _text(self) -> bytes:
            lines = iter(self.rfile.readline, b".\r\n")
            return b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in lines)

        def _say(self, words: str) -> None:
            self.wfile.write(f"{words}\r\n".encode())

    return Handler
