"""
docker-compose.yml and all that it mounts fit together.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from paceline.grafana.install import alertmanager, prometheus
from support.dashboards import GRAFANA, boards
from support.exporter import exporter_in

_ROOT = GRAFANA.parent
_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
_FILES = [
    *(_ROOT / "docker-compose.yml", _ROOT / "prometheus" / "compose.yml"),
    *sorted((GRAFANA / "provisioning").rglob("*.yml")),
]
_COMPOSE: dict[str, Any] = yaml.safe_load((_ROOT / "docker-compose.yml").read_text("utf-8"))
_SERVICES: dict[str, Any] = _COMPOSE["services"]
_LONG_RUNNING = ("exporter", "prometheus", "alertmanager", "grafana")
# The port that each listens on, by its documentation.
_PORTS = {"exporter": 10464, "prometheus": 9090, "alertmanager": 9093, "grafana": 3000}


def _read(path: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((_ROOT / path).read_text("utf-8"))
    return found


def _mounts(service: str) -> dict[str, str]:
    """
    Paths of this project by the paths in the container.
    """
    parts = [one.split(":") for one in _SERVICES[service].get("volumes", [])]
    return {target: source for source, target, *_ in parts if source.startswith(".")}


def _in_project(service: str, path: str) -> Path:
    inside = next(target for target in _mounts(service) if path.startswith(target))
    return _ROOT / _mounts(service)[inside] / path.removeprefix(inside).lstrip("/")


@pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(_ROOT)))
def test_yaml_can_be_read(path: Path) -> None:
    """
    Each file is a mapping.
    """
    assert isinstance(yaml.safe_load(path.read_text("utf-8")), dict)


def test_ports_are_on_loopback_and_those_of_the_programs() -> None:
    """
    Nothing is open to others, and each port is that on which the program listens.
    """
    ports = {name: _SERVICES[name]["ports"] for name in _LONG_RUNNING}

    assert ports == {name: [f"127.0.0.1:{port}:{port}"] for name, port in _PORTS.items()}


@pytest.mark.parametrize("service", _SERVICES)
def test_a_service_is_bounded(service: str) -> None:
    """
    A fixed version, a read-only file system, no privileges and none to be had, and limits.
    """
    found = _SERVICES[service]

    assert re.fullmatch(r"[\w/-]+:v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?", found["image"])
    assert (found["read_only"], found["cap_drop"]) == (True, ["ALL"])
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found["mem_limit"]
    assert found["cpus"]


@pytest.mark.parametrize("service", _LONG_RUNNING)
def test_the_health_of_a_service_is_checked(service: str) -> None:
    """
    By the port that it serves at.
    """
    found = _SERVICES[service]
    checked = (_ROOT / "Dockerfile").read_text("utf-8") if "build" in found else str(found.get("healthcheck"))

    assert f"127.0.0.1:{_PORTS[service]}" in checked


def test_what_is_mounted_exists() -> None:
    """
    Each folder or file of this project, and each volume.
    """
    sources = [one.split(":")[0] for found in _SERVICES.values() for one in found.get("volumes", [])]

    assert {one for one in sources if one.startswith(".") and not (_ROOT / one).exists()} == set()
    assert {one for one in sources if not one.startswith(".")} == set(_COMPOSE["volumes"])


@pytest.mark.parametrize(("service", "made"), [("demo-runs", "runs.txt"), ("demo-blocks", "/prometheus/demo")])
def test_the_demonstration_is_made_once(service: str, made: str) -> None:
    """
    Started again, days later, it would add another history to the first.
    """
    (command,) = _SERVICES[service]["command"]

    assert command.startswith(f"test -e {made} || (")
    assert command.endswith(f" {made})")


def test_the_demonstration_runs_the_example_suite(tmp_path: Path) -> None:
    """
    One round of it, by the command as it is, brings the exporter a run; nothing is written beside its results.
    """
    found = _SERVICES["demo-suite"]
    shop = shutil.copytree(_ROOT / "examples" / "shop", tmp_path / "shop")
    before = sorted(shop.rglob("*"))
    environment = {**found["environment"], "PACELINE_PUSH_TOKEN": "", "NO_PROXY": "127.0.0.1", "PATH": _PATH}
    with exporter_in(tmp_path) as exporter:
        command = _one_round(found["command"][0], tmp_path / "kept", exporter.url)
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=shop, env=environment, capture_output=True, text=True, check=False
        )
        runs = exporter.ledger.summaries()

    assert f"sent        1 run to {exporter.url} (push)" in done.stdout
    assert [suite for suite, *_ in runs] == ["shop"]
    assert sorted(shop.rglob("*")) == before


def _one_round(command: str, folder: Path, url: str) -> str:
    (found,) = re.findall(r"^while true; do (.*); sleep 300; done$", command)
    once: str = found.replace("$$", "$").replace("/var/lib/paceline", f"{folder}").replace("http://exporter:10464", url)
    return once


def test_nobody_is_told_by_default() -> None:
    """
    What would tell somebody needs files that a fresh copy of this project does not have.
    """
    (option,) = (one for one in _SERVICES["alertmanager"]["command"] if one.startswith("--config.file="))
    path = re.sub(r"\$\{ALERTMANAGER_CONFIG:-(.*)\}", r"\1", option.removeprefix("--config.file="))

    assert _in_project("alertmanager", path) == _ROOT / "alerts" / "no-messages.yml"


def test_the_password_has_no_default() -> None:
    """
    Grafana does not start without one, and shows nothing to who is not logged in.
    """
    environment = _SERVICES["grafana"]["environment"]

    assert environment["GF_SECURITY_ADMIN_PASSWORD"].startswith("${GRAFANA_ADMIN_PASSWORD:?")
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_data_sources_are_services() -> None:
    """
    Under their names and ports, with the uids that are documented.
    """
    sources = _read("grafana/provisioning/datasources/paceline.yml")["datasources"]

    assert {one["uid"]: one["url"] for one in sources} == {
        f"paceline-{name}": f"http://{name}:{_PORTS[name]}" for name in ("prometheus", "alertmanager")
    }
    assert [one["uid"] for one in sources if one.get("isDefault")] == ["paceline-prometheus"]


def test_data_sources_are_those_that_are_installed() -> None:
    """
    A Grafana from files and one that `paceline grafana install` was told of both have the same.
    """
    sources = _read("grafana/provisioning/datasources/paceline.yml")["datasources"]
    made = [prometheus("http://prometheus:9090").as_json(), alertmanager("http://alertmanager:9093").as_json()]

    assert [{key: one[key] for key in made[0]} for one in sources] == made


def test_dashboards_are_where_grafana_looks() -> None:
    """
    The folder of the provider and the home page are mounted.
    """
    (provider,) = _read("grafana/provisioning/dashboards/paceline.yml")["providers"]
    home = _SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]

    assert _in_project("grafana", provider["options"]["path"]) == GRAFANA / "dashboards"
    assert _in_project("grafana", home).is_file()
    assert _in_project("grafana", "/etc/grafana/provisioning") == GRAFANA / "provisioning"


def test_no_dashboard_names_a_data_source_that_is_not_there() -> None:
    """
    They take the one that is chosen, or Grafana itself.
    """
    uids = set(
        re.findall(r"'uid': '([^']*)'", repr([board["panels"] + board["annotations"]["list"] for board in boards()]))
    )

    assert uids == {"${datasource}", "-- Grafana --"}


def test_prometheus_scrapes_and_tells_services() -> None:
    """
    Each target is a service with its port, and the two ways of the exporter are scraped under the names that rules
    and dashboards know.
    """
    settings = _read("prometheus/compose.yml")
    groups = [*settings["scrape_configs"], *settings["alerting"]["alertmanagers"]]
    targets = {target for group in groups for one in group["static_configs"] for target in one["targets"]}
    paths = {job["job_name"]: job.get("metrics_path", "/metrics") for job in settings["scrape_configs"]}

    assert targets - {f"{name}:{port}" for name, port in _PORTS.items()} == {"127.0.0.1:9090"}
    assert (paths["paceline"], paths["paceline-runs"]) == ("/metrics", "/metrics/runs")


def test_rules_are_where_prometheus_looks() -> None:
    """
    Patterns are relative to the folder of the configuration in the container.
    """
    patterns = [f"/etc/prometheus/{pattern}" for pattern in _read("prometheus/compose.yml")["rule_files"]]

    assert all(any(path.startswith(target + "/") for target in _mounts("prometheus")) for path in patterns)
    assert "--config.file=/etc/prometheus/prometheus.yml" in _SERVICES["prometheus"]["command"]
    assert "/etc/prometheus/prometheus.yml" in _mounts("prometheus")
