"""
Services of docker-compose.yml, started with what it says.
"""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from paceline.documents import encode_run
from support.container import Image, container
from support.local_stack import real_programs
from support.mailing import PASSWORD, mailing
from support.receiving import receiving
from support.servers import free_port, running
from support.values import make_case, make_run

_ROOT = Path(__file__).parents[2]
_SERVICES: dict[str, Any] = yaml.safe_load((_ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
_ALERT = {
    "labels": {"alertname": "PacelineTestSlower", "severity": "warning", "suite": "cafe", "branch": "main"},
    "annotations": {"summary": "A test is slower than usual.", "description": "test_total took 300ms."},
}
# Of the image of Alertmanager 0.28 and that of Prometheus 3.5; nobody is 65534.
_ALERTMANAGER = Image(working_dir="/alertmanager", user="65534:65534")
_EXPORTER = Image(working_dir="/var/lib/paceline", user="10001:10001")
_PROMETHEUS = Image(working_dir="/prometheus", user="65534:65534")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """
    A folder that every user can reach.
    """
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    return tmp_path


def _made(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def _wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_messages_of_alertmanager_arrive(folder: Path) -> None:
    """
    In a channel and by mail, with the secrets from the files that its configuration names.
    """
    alerts = shutil.copytree(_ROOT / "alerts", folder / "alerts")
    secrets = _made(alerts, "secrets")
    with receiving(status=200, body=b"ok") as http, mailing(user="paceline") as post:
        (secrets / "slack_url").write_text(f"{http.url}/slack", "utf-8")
        (secrets / "smtp_password").write_text(PASSWORD, "utf-8")
        _edit(alerts / "alertmanager.yml", post.port)
        port = free_port()
        command = container(
            _SERVICES["alertmanager"],
            _ALERTMANAGER,
            [real_programs()["alertmanager"], *_command("alertmanager", port), "--cluster.listen-address="],
            _made(folder, "root"),
            {"./alerts": alerts, "alertmanager": _made(folder, "data")},
        )
        with running(command, folder / "log.txt", f"http://127.0.0.1:{port}") as url:
            info = {**_ALERT, "labels": {**_ALERT["labels"], "severity": "info"}}
            requests.post(f"{url}/api/v2/alerts", json=[_ALERT, info], timeout=10).raise_for_status()
            _wait_until(lambda: bool(http.requests) and bool(post.mails))

    assert [request.path for request in http.requests] == ["/slack"]
    assert post.mails[0]["Subject"] == "cafe (main): A test is slower than usual."


def test_the_exporter_takes_a_run_and_is_healthy(folder: Path) -> None:
    """
    As the user of its image, who may write to the volume alone; the health check is that of the image.
    """
    port = free_port()
    start = [re.sub(r"0\.0\.0\.0:\d+", f"127.0.0.1:{port}", one) for one in _image("CMD")]
    assert _image("ENTRYPOINT") == ["paceline"]
    data = _made(folder, "data")
    command = container(
        _SERVICES["exporter"],
        _EXPORTER,
        [sys.executable, "-m", "paceline", *start],
        _made(folder, "root"),
        {"exporter": data},
    )
    check = [one.replace("10464", str(port)) for one in _image("  CMD")[1:]]
    with running(command, folder / "log.txt", f"http://127.0.0.1:{port}") as url:
        run, headers = encode_run(make_run(1, [make_case()])), {"Content-Type": "application/json"}
        answer = requests.post(f"{url}/api/v1/runs", run, headers=headers, timeout=30)
        health = subprocess.run([sys.executable, *check], check=False).returncode
        text = requests.get(f"{url}/metrics", timeout=30).text

    assert (answer.status_code, health) == (201, 0)
    assert 'paceline_runs_total{branch="main",outcome="passed",suite="shop"} 1' in text
    assert (data / "history.sqlite").stat().st_uid == 10001


def _image(instruction: str) -> list[str]:
    """
    The list of an instruction of the last stage of the Dockerfile.
    """
    lines = (_ROOT / "Dockerfile").read_text("utf-8").splitlines()
    (found,) = (line.removeprefix(instruction) for line in lines if line.startswith(f"{instruction} ["))
    listed: list[str] = json.loads(found)
    return listed


def test_prometheus_reads_its_configuration_and_all_rules(folder: Path) -> None:
    """
    From where they are mounted, as a user without rights.
    """
    port = free_port()
    # Debian's Prometheus has no receiver for OTLP.
    options = [one for one in _command("prometheus", port) if one != "--web.enable-otlp-receiver"]
    sources = {one.split(":")[0]: _ROOT / one.split(":")[0] for one in _SERVICES["prometheus"]["volumes"]}
    command = container(
        _SERVICES["prometheus"],
        _PROMETHEUS,
        [real_programs()["prometheus"], *options],
        _made(folder, "root"),
        {**sources, "prometheus": _made(folder, "data")},
    )
    with running(command, folder / "log.txt", f"http://127.0.0.1:{port}") as url:
        groups = requests.get(f"{url}/api/v1/rules", timeout=30).json()["data"]["groups"]

    files = {Path(group["file"]).name for group in groups}
    assert files == {path.name for path in _ROOT.glob("*/**/*.rules.yml") if path.parent.name in {"alerts", "rules"}}


def _command(service: str, port: int) -> list[str]:
    """
    The arguments as in docker-compose.yml, with a port of this machine that is free.
    """
    given = [re.sub(r"\$\{ALERTMANAGER_CONFIG:-.*\}", "alertmanager.yml", one) for one in _SERVICES[service]["command"]]
    return [*given, f"--web.listen-address=127.0.0.1:{port}"]


def _edit(file: Path, port: int) -> None:
    """
    What everybody has to edit: the mail server. And no patience, here.
    """
    text = file.read_text("utf-8").replace("localhost:25", f"localhost:{port}\n  smtp_require_tls: false")
    file.write_text(re.sub(r"group_wait: .*", "group_wait: 1s", text), "utf-8")
