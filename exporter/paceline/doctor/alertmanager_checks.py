"""
Checks of Alertmanager: it answers, its receivers send messages, and on demand a test alert.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from msgspec import Struct, json

from paceline.doctor.checks import ChainPart, Check
from paceline.errors import StorageError
from paceline.formatting import counted, listed
from paceline.http.failures import shown_status
from paceline.http.page_reader import PageReader
from paceline.http.server_access import Naming, ServerAccess
from paceline.http.server_kinds import ALERTMANAGER

NAMING = Naming(
    place="Alertmanager is at",
    example="http://alertmanager:9093",
    token="PACELINE_ALERTMANAGER_TOKEN",  # noqa: S106 - the name of a variable
    user="PACELINE_ALERTMANAGER_USER",
    password="PACELINE_ALERTMANAGER_PASSWORD",  # noqa: S106 - likewise
)
_ALERTMANAGER = ChainPart("alertmanager")
TEST_ALERT = "PacelineDoctorTest"
_TEST_MINUTES = 5
_FILTER = f'alertname="{TEST_ALERT}"'
_LISTED = f"/api/v2/alerts?filter={quote(_FILTER)}"
_LISTED_SECONDS, _LISTED_PROBE = 2.0, 0.1
_COUNTERS = re.compile(r'^alertmanager_notifications_(failed_)?total\{.*?integration="(\w+)".*?\} (\S+)$', re.MULTILINE)
_INTEGRATION = re.compile(r"^\s+(\w+)_configs:", re.MULTILINE)


class _Version(Struct):
    version: str = ""


class _Configuration(Struct):
    original: str = ""


class _Status(Struct, rename="camel"):
    config: _Configuration
    version_info: _Version


class _Receiver(Struct):
    name: str


class _Alert(Struct):
    labels: dict[str, str]
    receivers: list[_Receiver]


def check_alertmanager(server: ServerAccess | None, seconds: float, test_suite: str = "") -> Iterator[Check]:
    """
    The server that sends the messages; None where it is not configured.

    Args:
        server: the Alertmanager.
        seconds: that all answers together may take.
        test_suite: the suite that a test alert is about; "" to send no test alert.
    """
    if server is None:
        yield _ALERTMANAGER.off("--alertmanager URL (default: the one that Prometheus sends alerts to)")
        return
    pages = PageReader(server, NAMING, ALERTMANAGER, seconds)
    try:
        status = pages.read("/api/v2/status", _Status)
        receivers = [one.name for one in pages.read("/api/v2/receivers", list[_Receiver])]
    except StorageError as error:
        yield _ALERTMANAGER.wrong(str(error), "start Alertmanager, or correct --alertmanager")
        return
    yield _ALERTMANAGER.ok(f"{server} is Alertmanager {status.version_info.version}".rstrip())
    yield _receivers(receivers, status.config.original)
    yield from _ALERTMANAGER.guarded(lambda: _notifications(pages))
    if test_suite:
        yield from _ALERTMANAGER.guarded(lambda: _test_alert(pages, test_suite))


def _receivers(names: list[str], configuration: str) -> Check:
    """
    Whether any receiver has an integration; the configuration is written by Alertmanager itself, without secrets.
    """
    kinds = sorted(set(_INTEGRATION.findall(configuration)))
    said = f"{counted(len(names), 'receiver')} ({listed(names, 3)})"
    if kinds:
        return _ALERTMANAGER.ok(f"{said}, by {', '.join(kinds)}")
    return _ALERTMANAGER.hint(
        f"{said}, all without an integration: nobody gets a message",
        "add slack_configs, email_configs or webhook_configs in alertmanager.yml",
    )


def _notifications(pages: PageReader) -> Iterator[Check]:
    sent: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for is_failed, integration, value in _COUNTERS.findall(pages.text("/metrics")):
        (failed if is_failed else sent)[integration] += round(float(value))
    for integration, count in failed.items():
        if count:
            yield _ALERTMANAGER.wrong(
                f"{count} of {sent[integration]} messages by {integration} failed since its start",
                "see the log of Alertmanager; a restart resets the counters",
            )
    if not failed.total():
        yield _ALERTMANAGER.ok(f"{counted(sent.total(), 'message')} sent since its start, no failures")


def _test_alert(pages: PageReader, suite: str) -> Iterator[Check]:
    now = datetime.now(UTC)
    alert = {
        "labels": {"alertname": TEST_ALERT, "severity": "warning", "suite": suite, "branch": "main"},
        "annotations": {"summary": "This is a test alert.", "description": "Sent by `paceline doctor`."},
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(minutes=_TEST_MINUTES)).isoformat(),
    }
    answer = pages.ask("/api/v2/alerts", "POST", json.encode([alert]))
    if not answer.ok:
        yield _ALERTMANAGER.wrong(f"the test alert was refused: {shown_status(answer)}")
        return
    names = _receivers_of(pages, suite)
    if names:
        yield _ALERTMANAGER.ok(f"the test alert {TEST_ALERT} goes to the receiver {listed(names, 3)}")
    else:
        yield _ALERTMANAGER.wrong(f"the test alert {TEST_ALERT} was accepted, but is not listed")


def _receivers_of(pages: PageReader, suite: str) -> list[str]:
    """
    Where Alertmanager sends the test alert, which it lists a moment after it accepted it.
    """
    end = time.monotonic() + _LISTED_SECONDS
    while True:
        found = pages.read(_LISTED, list[_Alert])
        names = [one.name for alert in found if alert.labels.get("suite") == suite for one in alert.receivers]
        if names or time.monotonic() > end:
            return names
        time.sleep(_LISTED_PROBE)
