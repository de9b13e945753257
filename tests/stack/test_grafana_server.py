"""
Grafana in a local stack.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from paceline.stack.grafana_server import GrafanaInstallation, find_grafana, grafana_files
from paceline.stack.stack_settings import Layout
from support.local_stack import stack_in

_PORTS = {"exporter": 1001, "prometheus": 1002, "alertmanager": 1003, "grafana": 1004}
# Answers as Grafana does, where its settings say.
_PROGRAM = f"""#!{sys.executable}
import sys
from configparser import ConfigParser
from http.server import BaseHTTPRequestHandler, HTTPServer

options = dict(option.split("=") for option in sys.argv if option.startswith("--"))
settings = ConfigParser()
settings.read(options["--config"])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()


HTTPServer((settings["server"]["http_addr"], settings["server"].getint("http_port")), Handler).serve_forever()
"""


def _installed(folder: Path, name: str) -> Path:
    """
    A program with what it needs around it, as an archive has it.
    """
    program = folder / "bin" / name
    program.parent.mkdir(parents=True)
    program.write_text(_PROGRAM)
    program.chmod(0o755)
    (folder / "conf").mkdir()
    (folder / "conf" / "defaults.ini").touch()
    return program


@pytest.mark.parametrize(("name", "verb"), [("grafana", ["server"]), ("grafana-server", [])])
def test_it_is_started_with_the_settings_of_the_stack(tmp_path: Path, name: str, verb: list[str]) -> None:
    """
    Under the name that it has now, and the one that it had.
    """
    program = _installed(tmp_path / "grafana", name)
    found = find_grafana([tmp_path, program.parent])

    assert found == GrafanaInstallation(program, tmp_path / "grafana")
    assert found.command(Layout(tmp_path)) == [
        str(program),
        *verb,
        f"--homepath={tmp_path}/grafana",
        f"--config={tmp_path}/configuration/grafana/grafana.ini",
    ]


def test_a_program_alone_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Without what it needs beside itself it would end at its start.
    """
    program = _installed(tmp_path, "grafana")
    (tmp_path / "conf" / "defaults.ini").unlink()
    monkeypatch.setattr("paceline.stack.grafana_server._PACKAGED", tmp_path / "nowhere")

    assert find_grafana([program.parent]) is None


def test_it_has_the_servers_of_the_stack_and_the_dashboards(tmp_path: Path) -> None:
    """
    By the uids that dashboards name.
    """
    texts = grafana_files(Layout(tmp_path), _PORTS)
    read: dict[str, Any] = {name: yaml.safe_load(text) for name, text in texts.items() if name.endswith(".yml")}
    sources = read["grafana/provisioning/datasources/paceline.yml"]["datasources"]
    (provider,) = read["grafana/provisioning/dashboards/paceline.yml"]["providers"]

    assert [(one["uid"], one["url"]) for one in sources] == [
        ("paceline-prometheus", "http://127.0.0.1:1002"),
        ("paceline-alertmanager", "http://127.0.0.1:1003"),
    ]
    assert provider["options"] == {"path": f"{tmp_path}/configuration/grafana/dashboards"}
    assert json.loads(texts["grafana/dashboards/paceline-suite.json"])["uid"] == "paceline-suite"


def test_it_is_up_and_down_with_the_stack(tmp_path: Path) -> None:
    """
    Where it is on PATH; alerts link to it.
    """
    program = _installed(tmp_path / "grafana", "grafana")
    with stack_in(tmp_path, f"--programs={program.parent}") as stack:
        answer = requests.get(f"{stack.url('grafana')}/api/health", timeout=10)
        rules = (stack.folder / "configuration" / "alerts" / "budget.rules.yml").read_text("utf-8")
        down: subprocess.CompletedProcess[str] = stack.call("down")

    assert answer.ok
    assert f"{stack.url('grafana')}/d/paceline-test" in rules
    assert down.stdout == "ended exporter, prometheus, alertmanager, grafana\n"
