"""
`paceline doctor` without real servers: the project, servers that are away, and answers that say what is wrong.
"""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from paceline.delivery.outbox import Outbox, Parcel
from paceline.history.results_folder import ResultsFolder
from support.answering import answering, silence
from support.command import run_command
from support.dashboards import FILES
from support.grafana import grafana as fake_grafana
from support.servers import free_port
from support.serving import serving
from support.wording import REFUSED

_RULE = {
    "type": "alerting",
    "name": "PacelineTestSlower",
    "query": "count_over_time(up[30d] offset 5m) > sum(up[1h:5m])",
    "lastError": "many-to-many matching",
}
_ALERTMANAGER: Mapping[str, Any] = {
    "/api/v2/status": {"config": {"original": "  slack_configs:\n"}, "versionInfo": {"version": "0.27.0"}},
    "/api/v2/receivers": [{"name": "channel"}],
    "/metrics": 'alertmanager_notifications_total{integration="slack"} 3\n'
    'alertmanager_notifications_failed_total{integration="slack",reason="clientError"} 2\n',
}


def _prometheus(seconds: float) -> Mapping[str, Any]:
    """
    The pages of a Prometheus whose clock is ahead and whose set-up has gone wrong.
    """
    group = {"name": "paceline-regression", "interval": 60, "rules": [_RULE], "lastEvaluation": _now()}
    down = {"scrapeUrl": "http://ci:10464/metrics/runs", "health": "down", "lastError": "connection refused"}
    pages = {
        "status/buildinfo": {"version": "2.37.0"},
        "status/runtimeinfo": {"storageRetention": "15d"},
        "status/config": {"yaml": "storage:\n  tsdb:\n    out_of_order_time_window: 1w\n"},
        "rules": {"groups": [group]},
        "targets": {"activeTargets": [down]},
        "alertmanagers": {"activeAlertmanagers": []},
        "query": {"resultType": "scalar", "result": [seconds, str(seconds)]},
    }
    return {f"/api/v1/{path}": {"status": "success", "data": data} for path, data in pages.items()}


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _pages(pages: Mapping[str, Any]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            body = (page if isinstance(page, str) else json.dumps(page)).encode()
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACELINE_SUITE", "shop")
    (tmp_path / "pyproject.toml").write_text("", "utf-8")


def _lines(*options: str, part: str) -> tuple[int, list[str]]:
    done = run_command(["doctor", *options])
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    return done.exit_code, [line for line in lines if line.split()[1] == part]


def test_a_new_project_has_hints_and_nothing_wrong() -> None:
    """
    Each part that is not configured is one line with the setting that configures it.
    """
    done = run_command(["doctor"])

    assert done.exit_code == 0
    assert done.output == (
        "hint   configuration  no [tool.paceline] in pyproject.toml; suite shop, default branch main; "
        "next: `paceline init` writes a first configuration\n"
        "hint   history        no run of shop in performance_results; next: run `pytest --paceline`\n"
        "off    exporter       not configured: push = URL in [tool.paceline] sends each run to an exporter "
        "(`paceline serve`)\n"
        "off    prometheus     not configured: history = URL in [tool.paceline], or --prometheus URL\n"
        "off    alertmanager   not configured: --alertmanager URL (default: the one that Prometheus sends alerts to)\n"
        "off    grafana        not configured: --grafana URL, or PACELINE_GRAFANA_URL\n"
    )


def test_queued_runs_can_be_sent_or_dropped(tmp_path: Path) -> None:
    """
    The hint names the command that sends them, and the folder of a server that was never the right one.
    """
    box = Outbox(ResultsFolder(tmp_path / "performance_results").outbox, "push", "http://wrong:10464")
    box.put(Parcel("1", b""))

    assert _lines(part="outbox") == (
        0,
        [
            (
                "hint outbox 1 run is queued for http://wrong:10464 (push); next: `paceline push` sends them, and says "
                f"why if it cannot; remove {box.folder} to drop them"
            )
        ],
    )


def test_a_wrong_setting_is_wrong_and_the_servers_are_still_checked(tmp_path: Path) -> None:
    """
    The line names the key that was probably meant.
    """
    (tmp_path / "pyproject.toml").write_text("[tool.paceline]\nbaseline = 1\n", "utf-8")
    code, lines = _lines(part="configuration")

    assert code == 1
    assert [line.partition(", expected")[0] for line in lines] == [
        (
            f"wrong configuration {tmp_path}/pyproject.toml [tool.paceline]: baseline is an unknown key "
            "(did you mean baselines?)"
        )
    ]
    assert _lines(part="exporter")[1] != []


@pytest.mark.parametrize("part", ["exporter", "prometheus", "alertmanager", "grafana"])
def test_a_server_that_never_answers_is_wrong_within_the_time(part: str) -> None:
    """
    The doctor does not hang: --seconds bounds what a server may take.
    """
    with answering(silence) as server:
        began = time.monotonic()
        code, lines = _lines(f"--{part}={server.url}", "--seconds=0.2", part=part)

    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith(f"wrong {part} {server.url}")
    assert time.monotonic() - began < 60


def test_a_server_that_is_away_is_wrong() -> None:
    """
    With the reason and the next step.
    """
    url = f"http://127.0.0.1:{free_port()}"

    assert _lines(f"--exporter={url}", part="exporter") == (
        1,
        [
            (
                f"wrong exporter {url}: the connection failed ({REFUSED}); next: start it with `paceline serve`, or "
                "correct push in [tool.paceline]"
            )
        ],
    )


def test_each_wrong_answer_of_prometheus_has_its_fix() -> None:
    """
    A clock that is ahead, a short retention, a failing rule, a target that is down, no Alertmanager.
    """
    with serving(_pages(_prometheus(time.time() + 3600))) as url:
        code, lines = _lines(f"--prometheus={url}", part="prometheus")

    assert code == 1
    assert [line.replace(url, "URL") for line in lines[:1] + lines[2:-1]] == [
        "hint prometheus URL is Prometheus 2.37.0; next: upgrade: Paceline is tested with 2.42 and later",
        (
            "wrong prometheus retention is 15d, less than the 30 days that rules look back; next: start Prometheus "
            "with --storage.tsdb.retention.time=100d"
        ),
        "ok prometheus takes samples that are up to 1w late",
        (
            "wrong prometheus 1 rule failed: PacelineTestSlower: many-to-many matching; next: `paceline rules "
            "monitoring --force` writes rules that fit this release"
        ),
        (
            "wrong prometheus target http://ci:10464/metrics/runs is down: connection refused; next: start the "
            "exporter there"
        ),
        "wrong prometheus sends alerts to no Alertmanager; next: add alerting: alertmanagers: to prometheus.yml",
    ]
    assert lines[1].startswith("wrong prometheus its clock is ")
    assert lines[1].endswith(
        " ahead of the clock of this machine; next: synchronise both clocks (NTP): Prometheus refuses samples from the "
        "future"
    )


def test_a_prometheus_in_its_first_minute_is_not_wrong() -> None:
    """
    A server that has just started knows no target and no Alertmanager yet: both are hints.
    """
    pages = {
        **_prometheus(time.time()),
        "/api/v1/status/runtimeinfo": {"data": {"storageRetention": "100d", "startTime": _now()}},
        "/api/v1/status/config": {"data": {"yaml": "alertmanagers:\n- metrics_path: /metrics/runs\n"}},
        "/api/v1/targets": {"data": {"activeTargets": []}},
    }
    with serving(_pages(pages)) as url:
        lines = _lines(f"--prometheus={url}", part="prometheus")[1]

    found = [line for line in lines if "yet: it started" in line]
    assert [line.partition(" yet")[0] for line in found] == [
        "hint prometheus scrapes no exporter (…/metrics/runs)",
        "hint prometheus sends alerts to no Alertmanager",
    ]
    assert {line.partition("; ")[2] for line in found} == {"next: wait a minute"}


def test_an_invalid_address_is_the_fault_of_one_part() -> None:
    """
    The other parts are checked.
    """
    done = run_command(["doctor", "--alertmanager=alertmanager:9093", f"--grafana=http://127.0.0.1:{free_port()}"])
    levels = {line.split()[1]: line.split()[0] for line in done.output.splitlines()}

    assert done.exit_code == 1
    assert (levels["alertmanager"], levels["grafana"]) == ("wrong", "wrong")
    assert "Alertmanager is at 'alertmanager:9093', expected an address such as http://" in done.output


def test_messages_that_failed_are_wrong() -> None:
    """
    Alertmanager counts them by integration.
    """
    with serving(_pages(_ALERTMANAGER)) as url:
        found = _lines(f"--alertmanager={url}", part="alertmanager")

    assert found == (
        1,
        [
            f"ok alertmanager {url} is Alertmanager 0.27.0",
            "ok alertmanager 1 receiver (channel), by slack",
            (
                "wrong alertmanager 2 of 3 messages by slack failed since its start; next: see the log of "
                "Alertmanager; a restart resets the counters"
            ),
        ],
    )


def test_dashboards_that_are_missing_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The fix is the command that installs them.
    """
    monkeypatch.setenv("PACELINE_GRAFANA_TOKEN", "glsa_admin")
    with fake_grafana() as grafana:
        before = _lines(f"--grafana={grafana.url}", part="grafana")
        run_command(["grafana", "install", "--url", grafana.url])
        after = _lines(f"--grafana={grafana.url}", part="grafana")

    assert before[0] == 1
    assert before[1][1].startswith(f"wrong grafana {len(FILES)} dashboards are missing: ")
    assert before[1][1].endswith(f"; next: `paceline grafana install --url {grafana.url}`")
    assert after == (0, [f"ok grafana {grafana.url} is Grafana", f"ok grafana has all {len(FILES)} dashboards"])
