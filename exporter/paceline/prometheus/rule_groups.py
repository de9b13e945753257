"""
The groups of rules of a Prometheus, and how far they were evaluated.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, json

from paceline.errors import StorageError
from paceline.formatting import duration
from paceline.prometheus.query_client import QueryClient

# What the names of Paceline's groups begin with. Those of metrics are up to the user.
_GROUP_PREFIX = "paceline-"
# What the rule is called that records the end of the latest run, behind a prefix that is up to the user.
_RUN_END = "run:end_timestamp_seconds"
_EXPECTED = "expected what `paceline rules` writes"


class RuleKind(StrEnum):
    """
    The kinds of rules, as Prometheus calls them. Alerts are made of what was recorded before.
    """

    RECORDING = "recording"
    ALERTING = "alerting"


class Rule(Struct, frozen=True, rename="camel"):
    """
    A rule: its kind, name and expression, and the error of its last evaluation, "" without an error.
    """

    type: str
    name: str
    query: str
    last_error: str = ""


class RuleGroup(Struct, frozen=True, rename="camel"):
    """
    Rules that are evaluated together, once in `interval` seconds.
    """

    name: str
    interval: float
    rules: list[Rule]
    last_evaluation: datetime

    @property
    def is_ours(self) -> bool:
        return self.name.startswith(_GROUP_PREFIX)

    @property
    def seconds(self) -> float:
        return self.last_evaluation.timestamp()

    @property
    def is_new(self) -> bool:
        """
        Whether the group was never evaluated.
        """
        return self.seconds <= 0

    def is_slow(self, groups: "Sequence[RuleGroup]") -> bool:
        return self.interval > min(group.interval for group in groups)


class Recorder(Struct, frozen=True):
    """
    A rule that records when the latest run of each suite and branch ended, and how often it is evaluated, in seconds.
    """

    rule: Rule
    interval: float


def server_time(client: QueryClient) -> float:
    """
    The clock by which rules are evaluated.

    Raises:
        StorageError: the server does not answer as expected.
    """
    return client.get("query", {"query": "time()"}, _scalar, "a number")


def evaluated(client: QueryClient, kind: RuleKind) -> float:
    """
    Up to when all groups that have rules of Paceline of one kind were evaluated, in seconds since 1970.

    Groups that are evaluated less often than others have what is usual, or what is no news of one run.

    Raises:
        StorageError: the server does not answer as expected, or has no rule of this kind.
    """
    found = [group for group in paceline_groups(client) if any(rule.type == kind for rule in group.rules)]
    if not found:
        raise StorageError(f"{client.server}: no {kind} rule of Paceline, {_EXPECTED}")
    return min(group.seconds for group in found if not group.is_slow(found))


def evaluated_slowly(client: QueryClient) -> float:
    """
    Up to when the groups were evaluated that are evaluated less often than others, in seconds since 1970; now where
    no group is.

    Raises:
        StorageError: the server does not answer as expected.
    """
    found = paceline_groups(client)
    slow = [group.seconds for group in found if group.is_slow(found)]
    return min(slow) if slow else server_time(client)


def waits(client: QueryClient, *, new_only: bool) -> list[str]:
    """
    When each group is evaluated next, in words.

    Args:
        client: asks the server.
        new_only: only groups that were never evaluated.

    Raises:
        StorageError: the server does not answer as expected.
    """
    now = server_time(client)
    return [_wait(group, now) for group in paceline_groups(client) if group.is_new or not new_only]


def _wait(group: RuleGroup, now: float) -> str:
    if group.is_new:
        return f"{group.name} was never evaluated yet (first within {duration(group.interval)} of the server's start)"
    return f"{group.name} is evaluated in {duration(max(group.seconds + group.interval - now, 0.0))}"


def recorders(client: QueryClient) -> list[Recorder]:
    """
    The rules by which it is known which run others judged: one, or more where rules were written more than once.

    Raises:
        StorageError: the server does not answer as expected, or has no recording rule of Paceline.
    """
    found = [
        Recorder(rule, group.interval)
        for group in paceline_groups(client)
        for rule in group.rules
        if rule.type == RuleKind.RECORDING and rule.name.endswith(_RUN_END)
    ]
    if not found:
        raise StorageError(f"{client.server}: no rule records the end of runs (…{_RUN_END}), {_EXPECTED}")
    return found


def paceline_groups(client: QueryClient) -> list[RuleGroup]:
    """
    The groups of Paceline's rules.

    Raises:
        StorageError: the server does not answer as expected.
    """
    return [group for group in client.get("rules", {}, _groups, "rules") if group.is_ours]


class _Groups(Struct, frozen=True):
    groups: list[RuleGroup]


class _RulesAnswer(Struct, frozen=True):
    data: _Groups


class _Scalar(Struct, frozen=True):
    result: tuple[float, str]


class _ScalarAnswer(Struct, frozen=True):
    data: _Scalar


def _groups(body: bytes) -> Sequence[RuleGroup]:
    return json.decode(body, type=_RulesAnswer).data.groups


def _scalar(body: bytes) -> float:
    return float(json.decode(body, type=_ScalarAnswer).data.result[1])
