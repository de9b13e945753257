"""
Connections through sockets of Python: what no library that is watched sends is seen here at least as a connection.
"""

from types import ModuleType
from typing import Any

from paceline.probes.touch.network.requests import Requests
from paceline.probes.touch.patches import Patches, looking_like


def watch(module: ModuleType, requests: Requests, patches: Patches) -> None:
    """
    Watch connections to addresses of the internet; a socket of this machine's own (AF_UNIX) is no network.
    """
    families = {module.AF_INET, module.AF_INET6}
    # Methods of the C class, which the class in Python inherits.
    connect, connect_ex = module.socket.connect, module.socket.connect_ex

    def watched_connect(self: Any, address: Any) -> Any:
        __tracebackhide__ = True
        if self.family in families:
            requests.connected(address[0])
        return connect(self, address)

    def watched_connect_ex(self: Any, address: Any) -> Any:
        __tracebackhide__ = True
        if self.family in families:
            requests.connected(address[0])
        return connect_ex(self, address)

    patches.put(module.socket, "connect", looking_like(watched_connect, connect))
    patches.put(module.socket, "connect_ex", looking_like(watched_connect_ex, connect_ex))
