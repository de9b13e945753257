"""
What people read: the committed configuration in a real Alertmanager, and what it sends to channels, by mail and to
webhooks.
"""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from support.local_stack import real_programs
from support.mailing import Mailing, mailing
from support.receiving import Receiving, receiving
from support.servers import free_port, running

_ALERTS = Path(__file__).parents[2] / "alerts"
_RUNBOOKS = "docs/how-to/runbooks"
_DASHBOARD = "http://127.0.0.1:3000/d/paceline-test?var-suite=shop&var-branch=main&var-test="
# A fortnight before the alert, and five minutes after its start.
_SPAN = "&from=1766113440000&to=1767323340000"


class _Told(NamedTuple):
    """
    What came, by where it went.
    """

    slack: list[dict[str, Any]]
    webhooks: dict[str, Any]
    mail: str
    subject: str


def _alert(name: str, severity: str, test: str, summary: str, description: str, **more: str) -> dict[str, Any]:
    annotations = {
        "summary": summary,
        "description": description,
        "runbook_url": f"{_RUNBOOKS}/{name}.md",
        "dashboard": f"{_DASHBOARD}{test}",
        **more,
    }
    labels = {"alertname": name, "severity": severity, "suite": "shop", "branch": "main", "test": test}
    return {"labels": labels, "annotations": annotations, "startsAt": "2026-01-02T03:04:00Z"}


_ALL = [
    _alert(
        "PacelineTestSlower",
        "critical",
        "test_total",
        "A test is slower than usual.",
        "test_total (shop, main) took 300ms normalised, usually 100ms.",
        cause="sql rose to 101.",
    ),
    _alert(
        "PacelineTestCreeps",
        "info",
        "test_cart[<b>]",
        "A test gets slower little by little.",
        "test_cart[<b>] (shop, main) got 40ms slower within 14d.",
    ),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> _Told:
    """
    What is sent of a critical alert, and of one that is good to know.
    """
    return _sent(tmp_path_factory.mktemp("alertmanager"), _ALL, 2)


def _sent(folder: Path, alerts: list[dict[str, Any]], requests_expected: int) -> _Told:
    """
    What a real Alertmanager sends of alerts.
    """
    with receiving(status=200, body=b"ok") as http, mailing() as post:
        (folder / "alertmanager.yml").write_text(_local(http, post), "utf-8")
        url = f"http://127.0.0.1:{free_port()}"
        command: list[str | Path] = [
            real_programs()["alertmanager"],
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address={url.removeprefix('http://')}",
            "--cluster.listen-address=",
        ]
        with running(command, folder / "log.txt", url):
            requests.post(f"{url}/api/v2/alerts", json=alerts, timeout=10).raise_for_status()
            _wait_until(lambda: len(http.requests) >= requests_expected and bool(post.mails))
        return _sorted(http, post)


def _local(http: Receiving, post: Mailing) -> str:
    """
    The committed file but for where things are sent, and how long that waits.
    """
    text = (_ALERTS / "alertmanager.yml").read_text("utf-8")
    for pattern, here in {
        r"slack_api_url_file: .*": f"slack_api_url: {http.url}/slack",
        r"http://127.0.0.1:9099": http.url,
        r"smtp_smarthost: .*": f"smtp_smarthost: 127.0.0.1:{post.port}\n  smtp_require_tls: false",
        r"\n  smtp_auth.*": "",
        r"templates/": f"{_ALERTS}/templates/",
        r"group_wait: .*": "group_wait: 1s",
    }.items():
        text = re.sub(pattern, here, text)
    return text


def _sorted(http: Receiving, post: Mailing) -> _Told:
    bodies = [(request.path, json.loads(request.body)) for request in http.requests]
    body = post.mails[0].get_body()
    assert body is not None
    return _Told(
        slack=[sent for path, sent in bodies if path == "/slack"],
        webhooks={path: sent for path, sent in bodies if path != "/slack"},
        mail=body.get_content(),
        subject=str(post.mails[0]["Subject"]),
    )


def _wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_channel_is_told(told: _Told) -> None:
    """
    What, how much, why, since when, and where to look; what a telephone shows is the title.
    """
    (message,) = told.slack
    attachment = message["attachments"][0]

    assert (message["channel"], attachment["color"]) == ("#shop", "danger")
    assert attachment["title"] == attachment["fallback"] == "shop (main): A test is slower than usual."
    assert attachment["title_link"] == f"{_DASHBOARD}test_total{_SPAN}"
    assert attachment["text"] == (
        "<!here> • test_total (shop, main) took 300ms normalised, usually 100ms. sql rose to 101.\n"
        f"  Since 2 Jan 03:04 UTC. <{_DASHBOARD}test_total{_SPAN}|Dashboard>, "
        "runbook: docs/how-to/runbooks/PacelineTestSlower.md.\n"
    )


def test_a_webhook_gets_all_of_it(told: _Told) -> None:
    """
    Labels to route by, and each annotation in a field of its own.
    """
    message = told.webhooks["/paceline"]
    (alert,) = message["alerts"]

    assert (message["receiver"], message["status"], message["version"]) == ("urgent-of-shop", "firing", "4")
    assert {name: alert[name] for name in _ALL[0]} == _ALL[0]


def test_a_mail_is_told(told: _Told) -> None:
    """
    As a table, in which what a test is called is no markup.
    """
    assert told.subject == "shop (main): A test gets slower little by little."
    assert "<td>test_cart[&lt;b&gt;] (shop, main) got 40ms slower within 14d.</td><td>2 Jan 03:04 UTC</td>" in told.mail
    assert "runbook: docs/how-to/runbooks/PacelineTestCreeps.md</td>" in told.mail
    assert f'{_SPAN}">dashboard</a>' in told.mail


_HOSTILE = "<!channel>&<b>|x"


def test_no_receiver_lets_a_name_be_markup(tmp_path: Path) -> None:
    """
    A suite, a branch, a summary, a test and an address that would call everybody, in each receiver of the file.
    """
    places = [
        ("PacelineTestSlower", "warning", "other"),
        ("PacelineTestSlower", "critical", "other"),
        ("PacelineTestSlower", "warning", "shop"),
        ("PacelineTestSlower", "critical", "shop"),
        ("PacelineExporterDown", "warning", "other"),
        ("PacelineTestFlaky", "info", "other"),
    ]
    alerts = [_alert(name, severity, _HOSTILE, f"{_HOSTILE}.", f"{_HOSTILE}.") for name, severity, _ in places]
    for alert, (_, _, suite) in zip(alerts, places, strict=True):
        alert["labels"] |= {"suite": suite if suite == "shop" else _HOSTILE, "branch": _HOSTILE}
    told = _sent(tmp_path, alerts, 7)
    attachments = [message["attachments"][0] for message in told.slack]

    assert len(attachments) == 4
    assert [one for one in attachments if re.search(r"<(?!!here>|http)", f"{one['title']}{one['text']}")] == []
    assert all("&lt;!channel&gt;&amp;" in one["title"] and one["title"] == one["fallback"] for one in attachments)
    assert "<!channel>" not in told.mail
