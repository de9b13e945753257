"""
The labels that a Prometheus adds to the run samples that it scrapes.
"""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct, json

from paceline.errors import StorageError
from paceline.prometheus.query_client import QueryClient

# The path of the run samples of an exporter is its telemetry path with this.
_RUNS = "/runs"
_EXPECTED = "expected one target whose path ends with /runs, or the labels by --label"


class _Target(Struct, frozen=True, rename="camel"):
    labels: dict[str, str]
    scrape_url: str


class _Targets(Struct, frozen=True, rename="camel"):
    active_targets: list[_Target]


class _Answer(Struct, frozen=True):
    status: Literal["success"]
    data: _Targets


def scrape_labels(client: QueryClient) -> Mapping[str, str]:
    """
    The labels of the target that has the run samples, such as job and instance.

    Args:
        client: asks the Prometheus.

    Raises:
        StorageError: the server does not answer, or has no such target, or several with different labels.
    """
    answer = client.get("targets", {"state": "active"}, _decoded, "targets")
    targets = [one for one in answer.data.active_targets if urlsplit(one.scrape_url).path.endswith(_RUNS)]
    if not targets:
        raise StorageError(f"{client.endpoint}: scrapes no run samples, {_EXPECTED}")
    labels, *others = [one.labels for one in targets]
    if any(other != labels for other in others):
        listed = "; ".join(_shown(one.labels) for one in targets)
        raise StorageError(f"{client.endpoint}: has several targets with run samples ({listed}), {_EXPECTED}")
    return labels


def _decoded(body: bytes) -> _Answer:
    return json.decode(body, type=_Answer)


def _shown(labels: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in labels.items())
