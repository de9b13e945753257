"""
Which hosts load may be sent to.
"""

from collections.abc import Collection
from ipaddress import ip_address


def is_allowed(host: str, allowed: Collection[str]) -> bool:
    """
    Whether a host is loopback or among those that the user allowed.
    """
    return is_loopback(host) or host.lower() in {name.lower().strip("[]") for name in allowed}


def is_loopback(host: str) -> bool:
    """
    Whether a name or an address is of this very machine.
    """
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def check_host(host: str, allowed: Collection[str]) -> None:
    """
    Raises:
        ValueError: load must not be sent to the host.
    """
    if not is_allowed(host, allowed):
        raise ValueError(
            f"the host is {host!r}, expected this machine (loopback); "
            f"--paceline-load-allow {host}, or allow_hosts=[{host!r}] in a script, allows another one"
        )
