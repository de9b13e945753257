"""
Real caches on loopback; Debian's packages bring the programs.
"""

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis as client

from support.database_servers import folder_of, running
from support.debian import debian_program
from support.servers import free_port

_PROBE_SECONDS = 0.05


@contextmanager
def redis(*options: str) -> Iterator[int]:
    """
    A Redis without files.

    Args:
        options: of the server, beyond those that it needs.

    Yields:
        its port.
    """
    server, port = debian_program("redis-server", "redis-server", "/usr/bin"), free_port()
    with folder_of("redis") as (folder, user):
        command = [str(server), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        command += options
        with running(command, user, folder / "log.txt", lambda: _connect(port), signal.SIGTERM):
            yield port


@contextmanager
def redis_cluster() -> Iterator[int]:
    """
    A cluster of Redis with one node, which has all slots.

    Yields:
        its port.
    """
    with redis("--cluster-enabled", "yes", "--cluster-port", str(free_port())) as port:
        with client.Redis(port=port) as node:
            node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            while "cluster_state:ok" not in str(node.execute_command("CLUSTER", "INFO")):
                time.sleep(_PROBE_SECONDS)
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
