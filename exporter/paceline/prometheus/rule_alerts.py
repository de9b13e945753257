"""
What the alert rules of a Prometheus say.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct, field, json

from paceline.model import Severity
from paceline.prometheus.query_client import QueryClient

# What the names of Paceline's alerts begin with.
PREFIX = "Paceline"
# The one of those about no suite after which nobody knows how a suite is.
EXPORTER_DOWN = f"{PREFIX}ExporterDown"
# Alerts about all runs of a stretch of time, or about no run.
_OF_WINDOW = {f"{PREFIX}{name}" for name in ("ErrorBudgetBurning", "ErrorBudgetSpent", "LateRun", "ResultsStopped")}
# Alerts of rules that are evaluated less often than a run comes.
_OF_SLOW_RULES = {f"{PREFIX}{name}" for name in ("TestBroken", "TestCreeps", "TestKeepsMemory")}
_FIRING, _PENDING = "firing", "pending"
_OF_PROMETHEUS = {"__name__", "alertstate"}


class Alert(Struct, frozen=True, kw_only=True, rename="camel"):
    """
    An alert, as the API of Prometheus has it.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)
    state: str = ""
    active_at: datetime | None = None

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    @property
    def severity(self) -> str:
        return self.labels.get("severity", Severity.WARNING.value)

    @property
    def said(self) -> str:
        return self.annotations.get("description") or self.annotations.get("summary", "")

    @property
    def test(self) -> str:
        return self.labels.get("test", "")

    @property
    def is_of_suite(self) -> bool:
        return "suite" in self.labels

    @property
    def is_of_window(self) -> bool:
        return self.name in _OF_WINDOW

    @property
    def is_of_slow_rules(self) -> bool:
        return self.name in _OF_SLOW_RULES

    def is_since(self, seconds: float) -> bool:
        """
        Whether the alert is so since a point in time or later; of an alert that fired before nobody knows.
        """
        return self.active_at is None or self.active_at.timestamp() >= seconds


class Place(Struct, frozen=True, kw_only=True):
    """
    What alerts are about: a suite and a branch as labels have them, and what else tells one suite from another.
    """

    labels: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.labels['suite']} on {self.labels['branch']}"

    def has(self, alert: Alert) -> bool:
        return alert.is_of_suite and all(alert.labels.get(name, value) == value for name, value in self.labels.items())


class AlertReader:
    """
    Reads the alerts of one server.
    """

    def __init__(self, client: QueryClient) -> None:
        self._client: Final = client

    def firing(self, severities: Collection[str]) -> list[Alert]:
        """
        The alerts of Paceline that fire now, the most severe first.

        Raises:
            StorageError: the server does not answer as expected.
        """
        return _sorted(one for one in self._all() if one.state == _FIRING and _counts(one, severities))

    def is_pending(self, name: str) -> bool:
        """
        Whether what an alert is about is so, and not yet for long enough.

        Raises:
            StorageError: the server does not answer as expected.
        """
        return any(one.name == name and one.state == _PENDING for one in self._all())

    def fired(self, at: float, interval: float, severities: Collection[str]) -> list[Alert]:
        """
        The alerts of suites that fired at an earlier time, without their texts, which Prometheus does not keep.

        Args:
            at: seconds since 1970.
            interval: seconds from one evaluation to the next.
            severities: the others are left out.

        Raises:
            StorageError: the server does not answer as expected.
        """
        series = f'ALERTS{{alertstate="{_FIRING}",suite!=""}}[{round(interval)}s]'
        found = [Alert(labels=_without_own(one.labels), state=_FIRING) for one in self._client.query(series, at)]
        return _sorted(one for one in found if _counts(one, severities))

    def _all(self) -> Sequence[Alert]:
        return self._client.get("alerts", {}, _alerts, "alerts")


def _counts(alert: Alert, severities: Collection[str]) -> bool:
    return alert.name.startswith(PREFIX) and alert.severity in severities


def _sorted(alerts: Iterable[Alert]) -> list[Alert]:
    order = list(Severity)
    return sorted(alerts, key=lambda alert: (order.index(Severity(alert.severity)), alert.name, str(alert.labels)))


def _without_own(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in _OF_PROMETHEUS}


class _Alerts(Struct, frozen=True):
    alerts: list[Alert]


class _AlertsAnswer(Struct, frozen=True):
    data: _Alerts


def _alerts(body: bytes) -> Sequence[Alert]:
    return json.decode(body, type=_AlertsAnswer).data.alerts
