"""
`paceline serve`.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paceline.extras import install_command
from paceline.metrics.catalogue import CATALOGUE, Channel
from paceline.version import __version__
from support.exporter import exporter_in
from support.values import make_case, make_run
from support.wording import ERROR, invalid

_WITHOUT = """
import sys
sys.modules["uvicorn"] = None
from paceline.cli import main
main(["serve"])
"""


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path) -> None:
    """
    And all other commands work.
    """
    done = subprocess.run([sys.executable, "-c", _WITHOUT], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (
        1,
        f"{ERROR}the exporter needs uvicorn, which is not installed: {install_command('server')}\n",
    )


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--web.telemetry-path", "metrics", "'metrics', expected a path such as /metrics"),
        (
            "--expose-window",
            "week",
            "'week', expected a duration such as 7d, 12h or 1h30m, or 0 for no limit",
        ),
        ("--branches", "", "'', expected the name of a branch"),
    ],
)
def test_a_wrong_option_is_said(tmp_path: Path, option: str, value: str, message: str) -> None:
    """
    Before anything is made.
    """
    command = [sys.executable, "-m", "paceline", "serve", f"{option}={value}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.endswith(invalid(option, message))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--expose-seconds", "--shard-seconds"])
def test_an_option_in_seconds_is_a_number(tmp_path: Path, option: str) -> None:
    """
    NaN is not; the message names the option, and nothing is made.
    """
    command = [sys.executable, "-m", "paceline", "serve", f"{option}=nan"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert option in done.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_the_metrics_can_be_elsewhere(tmp_path: Path) -> None:
    """
    The run samples are below them.
    """
    with exporter_in(tmp_path, "--web.telemetry-path=/shop/metrics") as exporter:
        exporter.push(make_run(1, [make_case()]))

        assert exporter.scrape("/shop/metrics") != []
        assert {name for name, *_ in exporter.scrape("/shop/metrics/runs")} >= {"paceline_run_info"}
        assert exporter.get("/metrics").status_code == 404


def test_a_log_can_be_json(tmp_path: Path) -> None:
    """
    One object a line.
    """
    with exporter_in(tmp_path, "--log-format=json", "--max-series=1") as exporter:
        exporter.push(make_run(1, [make_case()]))
        exporter.scrape()
        lines = [json.loads(line) for line in exporter.log.read_text("utf-8").splitlines()]

    assert [(line["level"], line["message"].partition(":")[0]) for line in lines] == [
        ("info", f"paceline {__version__}"),
        ("info", "listening on http"),
        ("info", "accepted"),
        ("warning", "run run-1"),
    ]


_STARTED = (
    "paceline {}: --data={} --watch= --branches=trunk --expose-window=0 --expose-seconds=900 --expose-scrapes=3"
    " --max-series=5000 --shard-seconds=3600; 2 tokens, 0 users"
)


def test_the_log_tells_what_it_was_told_and_what_came(tmp_path: Path) -> None:
    """
    Settings at the start, each run once, and what ended it; no token, and no part of a document.
    """
    environ = {"PACELINE_TOKENS": "some-token other-token"}
    with exporter_in(tmp_path, "--branches=trunk", "--max-series=5000", environ=environ) as exporter:
        for _ in range(2):
            exporter.push(make_run(1, [make_case()]), Authorization="Bearer some-token")
        exporter.push(make_run(2, [make_case()]), Authorization="Bearer wrong-token")
        exporter.stop()
        lines = [line.split(" ", 3)[3] for line in exporter.log.read_text("utf-8").splitlines()]

    assert lines == [
        _STARTED.format(__version__, exporter.data),
        f"listening on {exporter.url}",
        "accepted: run run-1 of shop with 1 test, from 127.0.0.1",
        "duplicate: run run-1 of shop with 1 test, from 127.0.0.1",
        "rejected, 401: the request: not a token of this exporter, expected a bearer token, from 127.0.0.1",
        "ended by SIGTERM; all received runs are on disk, 1 run still exposed",
    ]


def test_a_ledger_of_a_laptop_is_counted(tmp_path: Path) -> None:
    """
    Runs that came by another way count once, and are not exposed.
    """
    with exporter_in(tmp_path) as exporter:
        exporter.ledger.add(make_run(1, [make_case()]))
        for _ in range(2):
            exporter.stop()
            exporter.start()

        assert exporter.state("paceline_runs_total") == {"main,passed,shop": 1}
        assert exporter.runs() == []


def test_only_catalogued_metrics_are_exposed(tmp_path: Path) -> None:
    """
    Every family of the exporter stands in the catalogue, and every row of the exporter is exposed.
    """
    with exporter_in(tmp_path, "--max-series=1", "--expose-window=7d") as exporter:
        now = time.time()
        for number, ended in enumerate((now, now - 8 * 86400)):
            exporter.push(make_run(number, [make_case()], started=ended - 1, ended=ended))
        exporter.post(
            b'{"run_id": "x", "suite": "s", "branch": "main", "outcomes": {"passed": 1}, "active": {"t": 1}}',
            "/api/v1/live",
        )
        exporter.scrape()
        text = exporter.get("/metrics").text
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE paceline_")}

    assert names - {metric.name for metric in CATALOGUE} == set()
    assert names >= {metric.name for metric in CATALOGUE if metric.channel is Channel.EXPORTER}
