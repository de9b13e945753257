"""
The route of Paceline in the Alertmanager of another team.
"""

import json
import time
from pathlib import Path
from typing import Any

import requests
import yaml

from support.local_stack import real_programs
from support.receiving import Receiving, receiving
from support.servers import free_port, running

_COMMITTED: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "alerts" / "alertmanager.yml").read_text("utf-8")
)
_OF_BOTH = {"suite": "shop", "branch": "main", "test": "test_total", "part_of": "PacelineRunWrecked"}


def _alert(name: str, severity: str, **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, "severity": severity, **labels}}


# Another team's alerts have every label by which the route, or an inhibition, selects.
_FOREIGN = [_alert(f"DiskFull{severity.title()}", severity, **_OF_BOTH) for severity in ("critical", "warning", "info")]
_OWN = [
    _alert("PacelineRunWrecked", "critical", suite="shop", branch="main"),
    _alert("PacelineTestSlower", "warning", suite="cafe", branch="main", test="test_total", part_of="none"),
    _alert("PacelineTestBroken", "warning", **_OF_BOTH),
    _alert("PacelineTestUsesMoreCpu", "info", suite="shop", branch="main", test="test_total"),
    _alert("PacelineExporterDown", "critical"),
]


def test_alerts_of_another_team_reach_that_team_alone(tmp_path: Path) -> None:
    """
    The route, its receivers and the inhibitions are copied as they are, and none of them touches a foreign alert.
    """
    with receiving(status=200, body=b"ok") as http:
        file = tmp_path / "alertmanager.yml"
        file.write_text(yaml.safe_dump(_merged(http)), "utf-8")
        url = f"http://127.0.0.1:{free_port()}"
        command: list[str | Path] = [
            real_programs()["alertmanager"],
            f"--config.file={file}",
            f"--storage.path={tmp_path / 'data'}",
            f"--web.listen-address={url.removeprefix('http://')}",
            "--cluster.listen-address=",
        ]
        with running(command, tmp_path / "log.txt", url):
            requests.post(f"{url}/api/v2/alerts", json=[*_FOREIGN, *_OWN], timeout=10).raise_for_status()
            _wait_for(http, 6)
            states = requests.get(f"{url}/api/v2/alerts", timeout=10).json()

    assert _received(http) == {
        ("/team", "DiskFullCritical"),
        ("/team", "DiskFullWarning"),
        ("/team", "DiskFullInfo"),
        ("/urgent-of-shop", "PacelineRunWrecked"),
        ("/channel", "PacelineTestSlower"),
        ("/operators", "PacelineExporterDown"),
    }
    assert [one["labels"]["alertname"] for one in states if one["status"]["inhibitedBy"]] == ["PacelineTestUsesMoreCpu"]


def _merged(http: Receiving) -> dict[str, Any]:
    """
    The configuration of a team, with the parts of ours that docs/how-to/existing-servers.md lists. Receivers have a
    webhook instead of channels and mail, and a group waits for a second.
    """
    (ours,) = _COMMITTED["route"]["routes"]
    names = ["team", *(one["name"] for one in _COMMITTED["receivers"] if one["name"] != "nobody")]
    return {
        "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "1s", "routes": [_hasty(ours)]},
        "receivers": [{"name": name, "webhook_configs": [{"url": f"{http.url}/{name}"}]} for name in names]
        + [{"name": "nobody"}],
        "inhibit_rules": _COMMITTED["inhibit_rules"],
    }


def _hasty(route: dict[str, Any]) -> dict[str, Any]:
    return route | {"group_wait": "1s", "routes": [_hasty(inner) for inner in route.get("routes", [])]}


def _received(http: Receiving) -> set[tuple[str, str]]:
    messages = [(request.path, json.loads(request.body)) for request in http.requests]
    return {(path, alert["labels"]["alertname"]) for path, message in messages for alert in message["alerts"]}


def _wait_for(http: Receiving, messages: int) -> None:
    end = time.monotonic() + 60
    while len(http.requests) < messages:
        assert time.monotonic() < end, _received(http)
        time.sleep(0.05)
