"""
Checks of Prometheus: version, clock, storage, rules, targets, and whether runs arrive.
"""

import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct, json

from paceline.doctor.checks import ChainPart, Check
from paceline.doctor.exporter_checks import clock_check
from paceline.errors import StorageError
from paceline.formatting import counted, duration, listed, moment
from paceline.prometheus.query_client import QueryClient
from paceline.prometheus.rule_groups import RuleGroup, paceline_groups, server_time

_T = TypeVar("_T")
_PROMETHEUS = ChainPart("prometheus")
_DAY = 86400
_DURATION = re.compile(r"(\d+)(ms|[smhdwy])")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": _DAY, "w": 7 * _DAY, "y": 365 * _DAY}
_WINDOW = re.compile(r"^\s*out_of_order_time_window:\s*(\S+)", re.MULTILINE)
_VERSION = re.compile(r"(\d+)\.(\d+)")
_OLDEST = (2, 42)
_DASHBOARDS_SECONDS = 90 * _DAY
_RANGE = re.compile(r"\[((?:\d+(?:ms|[smhdwy]))+)[\]:]")
_RETENTION = "start Prometheus with --storage.tsdb.retention.time=100d"
_SCRAPES = "add the scrape jobs of prometheus.yml, which `paceline rules monitoring` writes"
# A server finds its targets and Alertmanagers some seconds after its start.
_NEW_SECONDS = 60
# A group that was left out so many times is not evaluated any more.
_MISSED = 3
_ARRIVED_DAYS = 7


class _Answer(Struct, Generic[_T]):
    data: _T


class _Build(Struct):
    version: str


class _Runtime(Struct, rename="camel"):
    storage_retention: str = ""
    start_time: datetime | None = None


class _Configuration(Struct):
    yaml: str


class _Target(Struct, rename="camel"):
    scrape_url: str
    health: str
    last_error: str = ""


class _Targets(Struct, rename="camel"):
    active_targets: list[_Target]


class _Alertmanager(Struct):
    url: str


class _Alertmanagers(Struct, rename="camel"):
    active_alertmanagers: list[_Alertmanager]


def check_prometheus(client: QueryClient | None, suite: str, *, is_otlp: bool) -> Iterator[Check]:
    """
    The server that keeps the run samples and evaluates the rules; None where it is not configured.

    Args:
        client: asks the server.
        suite: whose runs should arrive.
        is_otlp: whether runs are sent by OTLP, so that no scrape is needed.
    """
    if client is None:
        yield _PROMETHEUS.off("history = URL in [tool.paceline], or --prometheus URL")
        return
    try:
        version = _page(client, "status/buildinfo", _Build).version
    except StorageError as error:
        yield _PROMETHEUS.wrong(str(error), "correct history in [tool.paceline], or --prometheus")
        return
    yield _version(client, version)
    checks = (_clock, _retention, _late_samples, _rules, partial(_targets, is_otlp=is_otlp), _alertmanagers)
    yield from _PROMETHEUS.guarded(*(partial(check, client) for check in checks), partial(_runs, client, suite))


def alertmanagers_of(client: QueryClient) -> list[str]:
    """
    The addresses of the Alertmanagers that a Prometheus sends alerts to.

    Raises:
        StorageError: the server does not answer as expected.
    """
    found = _page(client, "alertmanagers", _Alertmanagers).active_alertmanagers
    return [one.url.partition("/api/v")[0] for one in found]


def _version(client: QueryClient, version: str) -> Check:
    found = _VERSION.match(version)
    said = f"{client.server} is Prometheus {version}"
    if found and tuple(map(int, found.groups())) < _OLDEST:
        return _PROMETHEUS.hint(said, "upgrade: Paceline is tested with 2.42 and later")
    return _PROMETHEUS.ok(said)


def _clock(client: QueryClient) -> Iterator[Check]:
    yield clock_check(_PROMETHEUS, server_time(client))


def _retention(client: QueryClient) -> Iterator[Check]:
    text = _page(client, "status/runtimeinfo", _Runtime).storage_retention
    kept = _seconds(text.partition(" or ")[0])
    if kept is None:
        yield _PROMETHEUS.ok(f"retention is limited by size alone ({text})" if text else "retention has no limit")
    elif kept < (needed := _seconds_of_rules(client)):
        days = counted(round(needed / _DAY), "day")
        yield _PROMETHEUS.wrong(f"retention is {text}, less than the {days} that rules look back", _RETENTION)
    elif kept < _DASHBOARDS_SECONDS:
        yield _PROMETHEUS.hint(f"retention is {text}, less than the 90 days that dashboards look back", _RETENTION)
    else:
        yield _PROMETHEUS.ok(f"retention is {text}")


def _seconds_of_rules(client: QueryClient) -> float:
    """
    The longest range that a loaded rule of Paceline asks for; 0 without rules.
    """
    queries = [rule.query for group in paceline_groups(client) for rule in group.rules]
    ranges = [_seconds(found) or 0.0 for query in queries for found in _RANGE.findall(query)]
    return max(ranges, default=0.0)


def _late_samples(client: QueryClient) -> Iterator[Check]:
    found = _WINDOW.search(_page(client, "status/config", _Configuration).yaml)
    window = found[1] if found else ""
    if _seconds(window):
        yield _PROMETHEUS.ok(f"takes samples that are up to {window} late")
    else:
        yield _PROMETHEUS.wrong(
            "drops late samples: out_of_order_time_window is not set",
            "set storage: {tsdb: {out_of_order_time_window: 7d}} in prometheus.yml",
        )


def _rules(client: QueryClient) -> Iterator[Check]:
    groups = paceline_groups(client)
    rules = [rule for group in groups for rule in group.rules]
    failing = [rule for rule in rules if rule.last_error]
    late = [group.name for group in groups if not group.is_new and _is_late(group)]
    if not groups:
        yield _PROMETHEUS.wrong("no rule of Paceline is loaded", "`paceline rules monitoring` writes them")
    elif failing:
        said = f"{counted(len(failing), 'rule')} failed: {failing[0].name}: {failing[0].last_error}"
        yield _PROMETHEUS.wrong(said, "`paceline rules monitoring --force` writes rules that fit this release")
    elif late:
        said = f"rule groups were not evaluated for long: {listed(late, 3)}"
        yield _PROMETHEUS.wrong(said, "see the log of Prometheus")
    elif any(group.is_new for group in groups):
        yield _PROMETHEUS.hint(f"{counted(len(rules), 'rule')} loaded, not all were evaluated yet", "wait a minute")
    else:
        yield _PROMETHEUS.ok(f"{counted(len(rules), 'rule')} in {counted(len(groups), 'group')}, all evaluated")


def _is_late(group: RuleGroup) -> bool:
    return time.time() - group.seconds > _MISSED * group.interval + 60


def _targets(client: QueryClient, *, is_otlp: bool) -> Iterator[Check]:
    targets = _of_exporters(_page(client, "targets", _Targets, state="active").active_targets)
    down = [target for target in targets if target.health == "down"]
    said = "scrapes no exporter (…/metrics/runs)"
    if not targets and is_otlp:
        yield _PROMETHEUS.ok(f"{said}; runs arrive by OTLP")
    elif not targets:
        yield _missing(client, said, _SCRAPES, "/runs")
    for target in down:
        yield _PROMETHEUS.wrong(f"target {target.scrape_url} is down: {target.last_error}", "start the exporter there")
    if targets and not down:
        new = any(target.health != "up" for target in targets)
        said = f"{counted(len(targets), 'target')} of exporters, {'not scraped yet' if new else 'all up'}"
        yield _PROMETHEUS.hint(said, "wait a minute") if new else _PROMETHEUS.ok(said)


def _of_exporters(targets: Sequence[_Target]) -> list[_Target]:
    """
    The targets on each host that has run samples.
    """
    hosts = {urlsplit(one.scrape_url).netloc for one in targets if urlsplit(one.scrape_url).path.endswith("/runs")}
    return [one for one in targets if urlsplit(one.scrape_url).netloc in hosts]


def _alertmanagers(client: QueryClient) -> Iterator[Check]:
    found = alertmanagers_of(client)
    if found:
        yield _PROMETHEUS.ok(f"sends alerts to {listed(found, 3)}")
    else:
        fix = "add alerting: alertmanagers: to prometheus.yml"
        yield _missing(client, "sends alerts to no Alertmanager", fix, "alertmanagers:")


def _missing(client: QueryClient, said: str, fix: str, configured: str) -> Check:
    """
    The check of what a server does not know: no fault in its first minute, if its configuration has it.

    Args:
        client: asks the server.
        said: what is missing.
        fix: how to add it.
        configured: a text of each configuration that has it.
    """
    started = _page(client, "status/runtimeinfo", _Runtime).start_time
    seconds = server_time(client) - started.timestamp() if started else _NEW_SECONDS
    if seconds < _NEW_SECONDS and configured in _page(client, "status/config", _Configuration).yaml:
        return _PROMETHEUS.hint(f"{said} yet: it started {duration(max(seconds, 0.0))} ago", "wait a minute")
    return _PROMETHEUS.wrong(said, fix)


def _runs(client: QueryClient, suite: str) -> Iterator[Check]:
    name = json.encode(suite).decode()
    found = client.query(f"paceline_run_info{{suite={name}}}[{_ARRIVED_DAYS}d]", time.time())
    if found:
        latest = max(one.stamps[-1] for one in found if one.stamps) / 1e3
        yield _PROMETHEUS.ok(f"has runs of {suite}, the latest of {moment(latest)}")
    else:
        yield _PROMETHEUS.hint(
            f"has no run of {suite} within {_ARRIVED_DAYS} days",
            "run `pytest --paceline --paceline-push URL` with the address of the exporter",
        )


def _seconds(text: str) -> float | None:
    """
    A duration as Prometheus writes it, such as 1d12h; None for a size or another text.
    """
    parts = _DURATION.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        return None
    return sum(int(count) * _UNITS[unit] for count, unit in parts)


def _page(client: QueryClient, path: str, kind: type[_T], **params: str) -> _T:
    decoder = json.Decoder(_Answer[kind])  # type: ignore[valid-type]
    return client.get(path, params, lambda body: decoder.decode(body).data, f"{path} of the API")
