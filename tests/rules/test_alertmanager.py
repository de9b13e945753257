"""
Alertmanager's configuration, as amtool reads it.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.installed import amtool

ALERTS = Path(__file__).parents[2] / "alerts"
CONFIG = ALERTS / "alertmanager.yml"


def _run(*arguments: str | Path) -> str:
    done = subprocess.run([amtool(), *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def test_the_configuration_is_read() -> None:
    """
    With its templates.
    """
    _run("check-config", CONFIG)

    patterns = yaml.safe_load(CONFIG.read_text("utf-8"))["templates"]

    assert [file.name for pattern in patterns for file in CONFIG.parent.glob(pattern)] == ["paceline.tmpl"]


def test_the_quiet_configuration_is_read() -> None:
    """
    It needs no file that is not there, and tells nobody.
    """
    _run("check-config", ALERTS / "no-messages.yml")

    assert yaml.safe_load((ALERTS / "no-messages.yml").read_text("utf-8"))["receivers"] == [{"name": "nobody"}]


@pytest.mark.parametrize(
    ("receiver", "labels"),
    [
        ("channel", "alertname=PacelineTestFlaky severity=warning suite=billing"),
        ("urgent", "alertname=PacelineSuiteSlower severity=critical suite=billing"),
        ("channel-of-shop", "alertname=PacelineTestFlaky severity=warning suite=shop"),
        ("urgent-of-shop", "alertname=PacelineBudgetBroken severity=critical suite=shop"),
        ("mail", "alertname=PacelineTestCreeps severity=info suite=shop"),
        ("operators", "alertname=PacelineExporterDown severity=critical"),
        ("operators", "alertname=PacelineExporterRunNotStored severity=warning suite=shop branch=main"),
        ("operators", "alertname=PacelineMachineCpuFull severity=info"),
        ("urgent", "alertname=PacelineTestSlower severity=critical suite=billing part_of=none"),
        ("nobody", "alertname=PacelineTestSlower severity=critical suite=shop part_of=PacelineManyTestsSlower"),
    ],
)
def test_each_hears_what_is_theirs(receiver: str, labels: str) -> None:
    """
    By severity, by suite, and the machines apart.
    """
    command = ["config", "routes", "test", f"--config.file={CONFIG}", f"--verify.receivers={receiver}"]

    assert _run(*command, *labels.split()) == f"{receiver}\n"


def _message(folder: Path, template: str, kind: str = "text", **changes: object) -> str:
    alert = {
        "status": "firing",
        "labels": {},
        "annotations": {
            "summary": "A test is slower than usual.",
            "description": "test_total (shop, main) took 300ms normalised, usually 100ms.",
            "cause": "sql rose to 101.",
            "dashboard": "http://127.0.0.1:3000/d/paceline-test",
            "runbook_url": "docs/how-to/runbooks/PacelineTestSlower.md",
        },
        "startsAt": "2026-01-02T15:04:00Z",
        "endsAt": "2026-01-02T16:04:00Z",
    } | changes
    data = {
        "status": alert["status"],
        "commonLabels": {"suite": "shop", "branch": "main", "severity": "critical"},
        "commonAnnotations": alert["annotations"],
        "alerts": [alert],
    }
    return _rendered(folder, template, data, kind)


def _rendered(folder: Path, template: str, data: dict[str, Any], kind: str = "text") -> str:
    (folder / "data.json").write_text(json.dumps(data))
    command = ["template", "render", f"--template.glob={ALERTS}/templates/*.tmpl", f"--template.type={kind}"]
    text = f'{{{{ template "{template}" . }}}}'
    return _run(*command, f"--template.data={folder / 'data.json'}", f"--template.text={text}").rstrip()


def test_a_message_tells_what_how_much_since_when_and_why(tmp_path: Path) -> None:
    """
    And where to look, and what to do.
    """
    assert _message(tmp_path, "paceline.title") == "shop (main): A test is slower than usual."
    assert _message(tmp_path, "paceline.slack") == (
        "• test_total (shop, main) took 300ms normalised, usually 100ms. sql rose to 101.\n"
        "  Since 2 Jan 15:04 UTC. <http://127.0.0.1:3000/d/paceline-test?&from=1766156640000&to=1767366540000|"
        "Dashboard>, "
        "runbook: docs/how-to/runbooks/PacelineTestSlower.md."
    )


@pytest.mark.parametrize(
    ("dashboard", "link"),
    [("http://g/d/x", "http://g/d/x?&"), ("http://g/d/x?var-test=a%3Fb", "http://g/d/x?var-test=a%3Fb&"), ("", "")],
)
def test_a_link_opens_the_time_of_the_finding(tmp_path: Path, dashboard: str, link: str) -> None:
    """
    From a fortnight before the start of the alert to five minutes after it; without a dashboard there is no link.
    """
    start = 1767366240_000
    span = f"from={start - 14 * 86400_000}&to={start + 300_000}" if link else ""

    assert _message(tmp_path, "paceline.link", annotations={"dashboard": dashboard}) == link + span


def test_a_runbook_with_an_address_is_a_link(tmp_path: Path) -> None:
    """
    A path leads nowhere in a channel.
    """
    annotations = {"description": "Slow.", "dashboard": "http://g/d", "runbook_url": "https://wiki/slower"}

    assert _message(tmp_path, "paceline.slack", annotations=annotations).endswith("<https://wiki/slower|runbook>.")


def test_a_name_is_no_markup(tmp_path: Path) -> None:
    """
    What a test is called cannot call everybody in the channel.
    """
    annotations = {"description": "test[<!channel>&]", "dashboard": "http://g/d", "runbook_url": "x"}

    assert _message(tmp_path, "paceline.slack", annotations=annotations).startswith("• test[&lt;!channel&gt;&amp;]\n")


def test_the_end_is_told(tmp_path: Path) -> None:
    """
    With when it was, in another colour.
    """
    title, color, text = (
        _message(tmp_path, f"paceline.{name}", status="resolved") for name in ("title", "color", "slack")
    )

    assert title == "Resolved: shop (main): A test is slower than usual."
    assert color == "good"
    assert "Since 2 Jan 15:04 UTC until 2 Jan 16:04 UTC." in text


def test_a_mail_is_a_table(tmp_path: Path) -> None:
    """
    What a test is called cannot break out of it.
    """
    annotations = {"summary": "Slow.", "description": "test[<b>]", "cause": "", "dashboard": "", "runbook_url": ""}
    mail = _message(tmp_path, "paceline.mail", "html", annotations=annotations)

    assert mail.startswith("<h2>shop (main): Slow.</h2>")
    assert "<td>test[&lt;b&gt;]</td>" in mail


def test_what_is_told_once_a_week_is_not_forgotten_meanwhile() -> None:
    """
    Both ways to start it keep what was told for longer than the longest time until it is told again.
    """
    texts = [CONFIG.read_text("utf-8"), (ALERTS.parent / "docker-compose.yml").read_text("utf-8")]
    hours = [int(found) for text in texts for found in re.findall(r"--data\.retention=(\d+)h", text)]
    days = [int(found) for found in re.findall(r"repeat_interval: (\d+)d", texts[0])]

    assert len(hours) == 2
    assert min(hours) > 24 * max(days)


def test_only_what_fires_calls_people(tmp_path: Path) -> None:
    """
    And not that it is over.
    """
    assert _message(tmp_path, "paceline.call") == "<!here>"
    assert _message(tmp_path, "paceline.call", status="resolved") == ""


def test_what_fires_comes_first(tmp_path: Path) -> None:
    """
    The title is about that; what has ended in the same group is told apart.
    """
    ended, fires = ({"status": status, "annotations": {"description": status}} for status in ("resolved", "firing"))
    text = _rendered(tmp_path, "paceline.slack", {"status": "firing", "alerts": [ended, fires]})

    assert [line for line in text.splitlines() if "Since" not in line] == ["• firing", "Resolved:", "• resolved"]


def test_no_secret_is_kept() -> None:
    """
    Passwords and addresses that are as good are in files of the user.
    """
    text = CONFIG.read_text("utf-8")

    assert "hooks.slack.com" not in text
    assert "smtp_auth_password:" not in text


def test_nothing_of_which_an_end_is_told_is_inhibited() -> None:
    """
    Alertmanager does not tell the end of what ends meanwhile.
    """
    rules = yaml.safe_load(CONFIG.read_text("utf-8"))["inhibit_rules"]
    inhibited = [matcher for rule in rules for matcher in rule["target_matchers"]]

    assert set(inhibited) == {'alertname=~"PacelineTestCreeps|PacelineTestUsesMoreCpu"'}
