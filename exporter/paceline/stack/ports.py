"""
Which ports a stack takes.
"""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from msgspec import DecodeError, Meta, ValidationError, json

from paceline.errors import ConfigError
from paceline.stack.stack_settings import PORTS

_Port = Annotated[int, Meta(ge=1, le=65535)]


def choose_ports(chosen: Mapping[str, int], last: Mapping[str, int]) -> dict[str, int]:
    """
    A port of loopback for each server: the one that was chosen, else the first that is free of the one that it had
    last, its usual one, and any.

    Raises:
        ConfigError: a chosen port is in use, or was chosen twice.
    """
    ports: dict[str, int] = {}
    for name, port in chosen.items():
        if port in ports.values() or not is_free(port):
            raise ConfigError(f"--port-{name} {port} is in use; without the option, a free port is chosen")
        ports[name] = port
    for name, usual in PORTS.items():
        if name not in ports:
            wanted = (port for port in (last.get(name, usual), usual) if port not in ports.values() and is_free(port))
            ports[name] = next(wanted, 0) or _free_port()
    return {name: ports[name] for name in PORTS}


def port_of(url: str) -> int:
    """
    The port of an address such as `http://127.0.0.1:9090`.
    """
    return int(url.rpartition(":")[2])


def is_free(port: int) -> bool:
    """
    Whether nobody listens on a port of loopback.
    """
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
