"""
The labels that a Prometheus adds to the run samples that it scrapes.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct, json, yaml

from paceline.errors import StorageError
from paceline.extras import install_command
from paceline.prometheus.query_client import QueryClient

# The path of the run samples of an exporter is its telemetry path with this.
_RUNS = "/runs"
_EXPECTED = "expected one target whose path ends with /runs, or labels given by --label"


class _Target(Struct, frozen=True, rename="camel"):
    labels: dict[str, str]
    scrape_url: str
    scrape_pool: str


class _Targets(Struct, frozen=True, rename="camel"):
    active_targets: list[_Target]


class _Answer(Struct, frozen=True):
    status: Literal["success"]
    data: _Targets


class _Relabel(Struct, frozen=True):
    target_label: str = ""
    replacement: str = "$1"
    action: str = "replace"
    regex: str = ""
    source_labels: list[str] = []

    def applied(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """
        The labels after a step that sets a constant or drops labels; after any other step the same.
        """
        if self.action == "labeldrop":
            return {name: value for name, value in labels.items() if not re.fullmatch(self.regex, name)}
        if self.action == "replace" and not self.source_labels and "$" not in self.replacement:
            return {**labels, self.target_label: self.replacement}
        return labels


class _Scrape(Struct, frozen=True):
    job_name: str
    metric_relabel_configs: list[_Relabel] = []


class _Settings(Struct, frozen=True):
    scrape_configs: list[_Scrape] = []


class _Yaml(Struct, frozen=True):
    yaml: str


class _Configuration(Struct, frozen=True):
    status: Literal["success"]
    data: _Yaml


def scrape_labels(client: QueryClient) -> Mapping[str, str]:
    """
    The labels that the samples of the target with the run samples get, such as job and instance.

    Args:
        client: asks the Prometheus.

    Raises:
        StorageError: the server does not answer, or has no such target, or several with different labels.
    """
    answer = client.get("targets", {"state": "active"}, _decoded, "targets")
    targets = [one for one in answer.data.active_targets if urlsplit(one.scrape_url).path.endswith(_RUNS)]
    if not targets:
        raise StorageError(f"{client.server}: scrapes no run samples, {_EXPECTED}")
    steps = client.get("status/config", {}, _decoded_steps, "the configuration")
    labels, *others = [_relabelled(one, steps.get(one.scrape_pool, ())) for one in targets]
    if any(other != labels for other in others):
        listed = "; ".join(_shown(one.labels) for one in targets)
        raise StorageError(f"{client.server}: has several targets with run samples ({listed}), {_EXPECTED}")
    return labels


def _relabelled(target: _Target, steps: Iterable[_Relabel]) -> Mapping[str, str]:
    labels: Mapping[str, str] = target.labels
    for step in steps:
        labels = step.applied(labels)
    return labels


def _decoded_steps(body: bytes) -> dict[str, list[_Relabel]]:
    try:
        settings = yaml.decode(json.decode(body, type=_Configuration).data.yaml, type=_Settings)
    except ImportError as error:
        raise StorageError(
            f"PyYAML is not installed: {install_command('server')}, or give the labels by --label"
        ) from error
    return {scrape.job_name: scrape.metric_relabel_configs for scrape in settings.scrape_configs}


def _decoded(body: bytes) -> _Answer:
    return json.decode(body, type=_Answer)


def _shown(labels: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in labels.items())
