"""
Which ports a stack takes.
"""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from msgspec import DecodeError, Meta, ValidationError, json

from paceline.errors import ConfigError
from paceline.stack.settings import PORTS

_Port = Annotated[int, Meta(ge=1, le=65535)]


def choose_ports(chosen: Mapping[str, int], last: Mapping[str, int]) -> dict[str, int]:
    """
    A port of loopback for each server: the one that was chosen, else the first that is free of the one that it had
    last, its usual one, and any.

    Raises:
        ConfigError: one that was chosen is taken.
    """
    ports: dict[str, int] = {}
    for name, usual in PORTS.items():
        if name in chosen and not _is_free(chosen[name]):
            raise ConfigError(f"--port-{name} {chosen[name]} is taken; leave it out, and a free one is chosen")
        wanted = (last.get(name, usual), usual)
        ports[name] = chosen.get(name) or next((port for port in wanted if _is_free(port)), None) or _free_port()
    return ports


def read_ports(path: Path) -> dict[str, int]:
    """
    The ports of the last start; empty where they are not known, which costs no more than other ports.
    """
    try:
        return json.decode(path.read_bytes(), type=dict[str, _Port])
    except (OSError, DecodeError, ValidationError):
        return {}


def write_ports(path: Path, ports: Mapping[str, int]) -> None:
    """
    Keep the ports for the next start.
    """
    path.write_bytes(json.encode(ports))


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
