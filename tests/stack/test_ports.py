"""
The ports of a stack.
"""

import socket

import pytest

from paceline.stack import ports
from paceline.stack.settings import PORTS
from support.servers import free_port


def test_a_port_that_was_chosen_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The others are where they usually are, as far as that is free.
    """
    usual = {name: free_port() for name in PORTS}
    monkeypatch.setattr(ports, "PORTS", usual)
    chosen = free_port()
    with socket.create_server(("127.0.0.1", usual["exporter"])):
        found = ports.choose_ports({"prometheus": chosen})

    assert (found["prometheus"], found["alertmanager"]) == (chosen, usual["alertmanager"])
    assert found["exporter"] not in {0, *usual.values()}
