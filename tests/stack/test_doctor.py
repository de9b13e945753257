"""
`paceline doctor` on a real exporter, Prometheus and Alertmanager.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from support.local_stack import LocalStack, paceline, stack_in
from support.receiving import receiving
from support.servers import prometheus_reading
from support.suite import Suite

_RIGHT = """\
ok exporter URL is ready
ok exporter its clock agrees with this machine's
ok exporter accepts runs without a token
ok exporter version V, as here
ok prometheus URL is Prometheus V
ok prometheus its clock agrees with this machine's
ok prometheus retention is 100d
ok prometheus takes samples that are up to 1w late
ok prometheus N rules in N groups, all evaluated
ok prometheus N targets of exporters, all up
ok prometheus sends alerts to URL
ok prometheus has runs of shop, the latest of TIME
ok alertmanager URL is Alertmanager
ok alertmanager N receivers (channel, urgent, channel-of-shop and N more), by webhook
ok alertmanager N messages sent since its start, no failures
ok alertmanager the test alert PacelineDoctorTest goes to the receiver channel-of-shop
off grafana not configured: --grafana URL, or PACELINE_GRAFANA_URL
"""
_NO_RULES = """\
ok prometheus URL is Prometheus V
ok prometheus its clock agrees with this machine's
ok prometheus retention is 100y
wrong prometheus drops late samples: out_of_order_time_window is not set; next: set storage: {tsdb: \
{out_of_order_time_window: 7d}} in prometheus.yml
wrong prometheus no rule of Paceline is loaded; next: `paceline rules monitoring` writes them
wrong prometheus scrapes no exporter (…/metrics/runs); next: add the scrape jobs of prometheus.yml, which `paceline \
rules monitoring` writes
wrong prometheus sends alerts to no Alertmanager; next: add alerting: alertmanagers: to prometheus.yml
hint prometheus has no run of shop within 7 days; next: run `pytest --paceline --paceline-push URL` with the address \
of the exporter
off alertmanager not configured: --alertmanager URL (default: the one that Prometheus sends alerts to)
off grafana not configured: --grafana URL, or PACELINE_GRAFANA_URL
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """
    One that sends its alerts to a webhook.
    """
    with (
        receiving() as hook,
        stack_in(tmp_path_factory.mktemp("stack"), "--interval=1", f"--webhook={hook.url}/hook") as stack,
    ):
        yield stack


def _plain(output: str) -> str:
    """
    The lines on servers, without what differs from one call to the next.
    """
    kept = [line for line in output.splitlines() if line.split()[1] not in {"configuration", "history"}]
    text = "\n".join(" ".join(line.split()) for line in kept) + "\n"
    text = re.sub(r"http://127\.0\.0\.1:\d+", "URL", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "TIME", text)
    text = re.sub(r"(?<=ersion )[\w.+]+|(?<=Prometheus )\d[\w.+~-]+", "V", text)
    text = re.sub(r"(?<=Alertmanager) [\d.][\w.+~-]*", "", text)
    text = re.sub(r"\b\d+ messages? sent", "N messages sent", text)
    return re.sub(r"\b\d+ (?=rules|groups|targets|receivers|messages|more)", "N ", text)


def _doctor(folder: Path, *options: str) -> tuple[int, str]:
    done = paceline("doctor", *options, cwd=folder, PACELINE_SUITE="shop")
    return done.returncode, done.stdout


def _until(folder: Path, options: Sequence[str], expected: str) -> tuple[int, str]:
    """
    What the doctor says once Prometheus has scraped and evaluated, which it does each second.
    """
    for _ in range(30):
        code, output = _doctor(folder, *options)
        if _plain(output) == expected:
            break
    return code, _plain(output)


def test_a_stack_that_works_is_right(stack: LocalStack, tmp_path: Path) -> None:
    """
    The servers of a local stack are found by its folder, and the test alert says which receiver it goes to.
    """
    suite = Suite(tmp_path)
    suite.write("test_shop.py", "def test_total(): pass\n")
    pushed = suite.run("--paceline-push", stack.url("exporter"))

    assert pushed.code == 0
    assert _until(tmp_path, ["--stack", str(stack.folder), "--test-alert"], _RIGHT) == (0, _RIGHT)


def test_each_server_in_the_place_of_another_is_named(stack: LocalStack, tmp_path: Path) -> None:
    """
    Where the answer is not that of the server which is expected, the doctor says which server it is.
    """
    exporter, prometheus, alertmanager = (stack.url(name) for name in ("exporter", "prometheus", "alertmanager"))
    options = [f"--exporter={prometheus}", f"--prometheus={alertmanager}", f"--alertmanager={exporter}"]
    done = _doctor(tmp_path, *options, f"--grafana={prometheus}", "--format=json")
    wrong = [one["said"].partition("; this is ")[2] for one in json.loads(done[1]) if one["level"] == "wrong"]

    assert done[0] == 1
    assert wrong == [
        "a Prometheus, expected a Paceline exporter",
        "an Alertmanager, expected a Prometheus",
        "a Paceline exporter, expected an Alertmanager",
        "a Prometheus, expected a Grafana",
    ]


def test_a_prometheus_without_the_configuration_of_paceline_is_wrong(tmp_path: Path) -> None:
    """
    Each missing piece is a line with its fix.
    """
    settings = tmp_path / "prometheus.yml"
    settings.write_text("{}", "utf-8")
    with prometheus_reading(settings, tmp_path) as server:
        code, output = _doctor(tmp_path, f"--prometheus={server.url}")

    assert (code, _plain(output).partition("\n")[2]) == (1, _NO_RULES)
