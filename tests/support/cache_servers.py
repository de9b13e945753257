"""
Real caches on loopback; Debian's packages bring the programs.
"""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from support.database_servers import folder_of, running
from support.debian import debian_program
from support.servers import free_port


@contextmanager
def redis() -> Iterator[int]:
    """
    A Redis without files.

    Yields:
        its port.
    """
    server, port = debian_program("redis-server", "redis-server", "/usr/bin"), free_port()
    with folder_of("redis") as (folder, user):
        command = [str(server), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        with running(command, user, folder / "log.txt", lambda: _connect(port), signal.SIGTERM):
            yield port


@contextmanager
def memcached() -> Iterator[int]:
    """
    A memcached.

    Yields:
        its port.
    """
    server, port = debian_program("memcached", "memcached", "/usr/bin"), free_port()
    with folder_of("memcache") as (folder, user):
        command = [str(server), "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "16"]
        with running(command, user, folder / "log.txt", lambda: _connect(port), signal.SIGTERM):
            yield port


def _connect(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
