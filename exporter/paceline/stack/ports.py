"""
Which ports a stack takes.
"""

import socket
from collections.abc import Mapping

from paceline.errors import ConfigError
from paceline.stack.settings import PORTS


def choose_ports(chosen: Mapping[str, int]) -> dict[str, int]:
    """
    A port of loopback for each server: the one that was chosen, else its usual one where it is free, else a free one.

    Raises:
        ConfigError: one that was chosen is taken.
    """
    ports: dict[str, int] = {}
    for name, usual in PORTS.items():
        if name in chosen and not _is_free(chosen[name]):
            raise ConfigError(f"--port-{name} {chosen[name]} is taken; leave it out, and a free one is chosen")
        ports[name] = chosen.get(name) or (usual if _is_free(usual) else _free_port())
    return ports


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
