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
from paceline.metrics.labels import quoted
from paceline.model import Severity

# What the names of Paceline's alerts, and of its groups of rules, begin with. Those of metrics are up to the user.
PREFIX = "Paceline"
_GROUP_PREFIX = "paceline-"
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
        # The name of the metric is up to the user; its labels are not.
        selector = f'{{run_id={quoted(run_id)},suite!="",branch!=""}}[{int(_LOOK_BACK_SECONDS)}s]'
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

        Groups that are evaluated less often than others have what is usual, or what is no news of one run.

        Raises:
            StorageError: the server does not answer as it should, or has none of them.
        """
        ours = [group for group in self._client.get("rules", {}, _groups, "rules") if group.is_ours]
        found = [group for group in ours if any(rule.type == kind for rule in group.rules)]
        if not found:
            raise StorageError(
                f"{self._client.endpoint}: no {kind} rule of Paceline, expected what `paceline rules` writes"
            )
        shortest = min(group.interval for group in found)
        return min(group.seconds for group in found if group.interval == shortest)


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
    type: str


class _Group(Struct, frozen=True, rename="camel"):
    name: str
    interval: float
    rules: list[_Rule]
    last_evaluation: datetime

    @property
    def is_ours(self) -> bool:
        return self.name.startswith(_GROUP_PREFIX)

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
