"""
What the alert rules of a Prometheus say now.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct, field, json

from paceline.errors import StorageError
from paceline.history.query_client import QueryClient
from paceline.metrics import catalogue
from paceline.metrics.labels import quoted
from paceline.model import Severity

# What the names of Paceline's alerts begin with.
PREFIX = "Paceline"
_FIRING = "firing"
_LOOK_BACK_SECONDS = 14 * 24 * 3600.0


class Alert(Struct, frozen=True, kw_only=True, rename="camel"):
    """
    An alert, as Prometheus tells it.
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


class RuleKind(StrEnum):
    """
    The kinds of rules, as Prometheus calls them. Alerts are made of what was recorded before.
    """

    RECORDING = "recording"
    ALERTING = "alerting"


class Place(Struct, frozen=True, kw_only=True):
    """
    What alerts are about: a suite, and a branch as labels have it.
    """

    suite: str
    branch: str


class AlertReader:
    """
    Reads the alerts of one server.
    """

    def __init__(self, client: QueryClient) -> None:
        self._client: Final = client

    @property
    def server(self) -> str:
        return str(self._client.endpoint)

    def firing(self, place: Place, severities: Collection[str]) -> list[Alert]:
        """
        The alerts of Paceline that fire for a suite on a branch, the most severe first.

        An alert without one of these labels is about all of them.

        Raises:
            StorageError: the server does not answer as it should.
        """
        alerts = self._client.get("alerts", {}, _alerts, "alerts")
        found = [alert for alert in alerts if _is_about(alert, place) and alert.severity in severities]
        order = list(Severity)
        return sorted(found, key=lambda alert: (order.index(Severity(alert.severity)), alert.name, str(alert.labels)))

    def place_of(self, run_id: str, now: float) -> Place | None:
        """
        Where a run belongs; None as long as the server has not got it.

        Raises:
            StorageError: the server does not answer as it should.
        """
        selector = f"{catalogue.RUN_INFO.name}{{run_id={quoted(run_id)}}}[{int(_LOOK_BACK_SECONDS)}s]"
        answer = self._client.query(selector, now)
        return next((Place(suite=one.labels["suite"], branch=one.labels["branch"]) for one in answer), None)

    def server_time(self) -> float:
        """
        The clock by which rules are evaluated.

        Raises:
            StorageError: the server does not answer as it should.
        """
        return self._client.get("query", {"query": "time()"}, _scalar, "a number")

    def evaluated(self, kind: RuleKind) -> float:
        """
        Up to when all groups that have rules of Paceline of one kind were evaluated, in seconds since 1970.

        Raises:
            StorageError: the server does not answer as it should, or has none of them.
        """
        groups = self._client.get("rules", {}, _groups, "rules")
        times = [group.seconds for group in groups if any(rule.is_ours(kind) for rule in group.rules)]
        if not times:
            raise StorageError(
                f"{self._client.endpoint}: no {kind} rule of Paceline, expected what `paceline rules` writes"
            )
        return min(times)


def _is_about(alert: Alert, place: Place) -> bool:
    return (
        alert.state == _FIRING
        and alert.name.startswith(PREFIX)
        and alert.labels.get("suite", place.suite) == place.suite
        and alert.labels.get("branch", place.branch) == place.branch
    )


class _Alerts(Struct, frozen=True):
    alerts: list[Alert]


class _AlertsAnswer(Struct, frozen=True):
    data: _Alerts


class _Rule(Struct, frozen=True):
    name: str
    type: str

    def is_ours(self, kind: RuleKind) -> bool:
        return self.type == kind and PREFIX.lower() in self.name.lower()


class _Group(Struct, frozen=True, rename="camel"):
    rules: list[_Rule]
    last_evaluation: datetime

    @property
    def seconds(self) -> float:
        return self.last_evaluation.timestamp()


class _Groups(Struct, frozen=True):
    groups: list[_Group]


class _RulesAnswer(Struct, frozen=True):
    data: _Groups


class _Scalar(Struct, frozen=True):
    result: tuple[float, str]


class _ScalarAnswer(Struct, frozen=True):
    data: _Scalar


def _alerts(body: bytes) -> Sequence[Alert]:
    return json.decode(body, type=_AlertsAnswer).data.alerts


def _groups(body: bytes) -> Sequence[_Group]:
    return json.decode(body, type=_RulesAnswer).data.groups


def _scalar(body: bytes) -> float:
    return float(json.decode(body, type=_ScalarAnswer).data.result[1])
