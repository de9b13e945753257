"""
The ports of a stack.
"""

import socket
from pathlib import Path

import pytest

from paceline.errors import ConfigError
from paceline.stack import ports
from paceline.stack.stack_settings import PORTS
from support.servers import free_port


def test_a_port_that_was_chosen_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The others are where they usually are, as far as that is free.
    """
    usual = {name: free_port() for name in PORTS}
    monkeypatch.setattr(ports, "PORTS", usual)
    chosen = free_port()
    with socket.create_server(("127.0.0.1", usual["exporter"])):
        found = ports.choose_ports({"prometheus": chosen}, {})

    assert (found["prometheus"], found["alertmanager"]) == (chosen, usual["alertmanager"])
    assert found["exporter"] not in {0, *usual.values()}


def test_one_port_is_not_for_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    One that was chosen twice is refused, and what is chosen for one is not the usual one of another.
    """
    usual = {name: free_port() for name in PORTS}
    monkeypatch.setattr(ports, "PORTS", usual)
    found = ports.choose_ports({"grafana": usual["prometheus"]}, {})
    with pytest.raises(ConfigError) as caught:
        ports.choose_ports({"exporter": 18001, "prometheus": 18001}, {})

    assert found["grafana"] == usual["prometheus"]
    assert len(set(found.values())) == len(found)
    assert str(caught.value) == "--port-prometheus 18001 is in use; without the option, a free port is chosen"


def test_ports_stay_from_one_start_to_the_next(tmp_path: Path) -> None:
    """
    As far as they are free.
    """
    last = {name: free_port() for name in PORTS}
    ports.write_ports(tmp_path / "ports.json", last)
    with socket.create_server(("127.0.0.1", last["exporter"])):
        found = ports.choose_ports({}, ports.read_ports(tmp_path / "ports.json"))

    assert {name: found[name] for name in found if name != "exporter"} == {
        name: last[name] for name in last if name != "exporter"
    }
    assert found["exporter"] != last["exporter"]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"exporter": 0}'])
def test_ports_that_cannot_be_read_are_forgotten(tmp_path: Path, content: bytes) -> None:
    """
    Others do as well.
    """
    (tmp_path / "ports.json").write_bytes(content)

    assert ports.read_ports(tmp_path / "ports.json") == {}
