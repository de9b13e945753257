"""
Where a collector is, who sends, and one way to hand data to an exporter of OpenTelemetry's SDK.

Address, headers, certificates, compression, timeout and resource are OpenTelemetry's own variables, `OTEL_*`.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import requests
from opentelemetry.sdk.metrics.export import MetricExportResult
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace.export import SpanExportResult

from paceline.client.endpoint import Endpoint, Naming, read_endpoint
from paceline.client.speaking import auth_of
from paceline.errors import DeliveryError
from paceline.sinks.asking_once import asking_once

# As a setting: the address is in the variables.
FROM_ENVIRONMENT = "env"
_DEFAULT = "http://localhost:4318"
_BASE = "OTEL_EXPORTER_OTLP_ENDPOINT"
_EXAMPLE = "http://collector:4318"
_SUCCESSES = {MetricExportResult.SUCCESS, SpanExportResult.SUCCESS}
_LOGGER = logging.getLogger("opentelemetry.exporter.otlp")

_B = TypeVar("_B")


def read_collector(setting: str, signal: str, environ: Mapping[str, str]) -> Endpoint:
    """
    The address of one signal at a collector.

    Args:
        setting: the address of the collector, or `env`.
        signal: `metrics` or `traces`.
        environ: has OpenTelemetry's variables.

    Raises:
        ConfigError: it is no address.

    Source: OpenTelemetry Protocol Exporter, "Endpoint URLs for OTLP/HTTP".
    """
    own = f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"
    if setting != FROM_ENVIRONMENT:
        base, place = setting, "runs are sent by OTLP to"
    elif environ.get(own):
        return read_endpoint(environ[own], Naming(f"the environment variable {own} is", f"{_EXAMPLE}/v1/{signal}"), {})
    else:
        base, place = environ.get(_BASE) or _DEFAULT, f"the environment variable {_BASE} is"
    endpoint = read_endpoint(base, Naming(place, _EXAMPLE), {})
    return Endpoint(f"{endpoint}/v1/{signal}", user=endpoint.user, password=endpoint.password)


def resource_of(suite: str) -> Resource:
    """
    Who sends, which is the same for all runs of a suite: the SDK's random instance would make all series anew.
    """
    stable = Resource({"service.name": "paceline", "service.instance.id": suite})
    return stable.merge(OTELResourceDetector().detect())


def hand_over(
    make: Callable[[requests.Session], Callable[[_B], object]],
    endpoint: Endpoint,
    batches: Iterable[_B],
    seconds: float,
) -> None:
    """
    Have an exporter of the SDK send batches, one after the other, and stop at the first that is not taken.

    Args:
        make: makes the `export` of an exporter that uses a session.
        endpoint: has the credentials, where they stand in the address.
        batches: what `export` takes.
        seconds: for all of them.

    Raises:
        DeliveryError: a batch was not taken.
    """
    session, adapter = asking_once(seconds)
    session.auth = auth_of(endpoint)
    with session, _quiet():
        export = make(session)
        for batch in batches:
            result = export(batch)
            if adapter.failure is not None:
                raise adapter.failure
            if result not in _SUCCESSES:
                raise DeliveryError("OpenTelemetry's exporter could not send it")


@contextmanager
def _quiet() -> Iterator[None]:
    """
    Without the exporter's own lines: a failure is told once, in the report.
    """
    level = _LOGGER.level
    _LOGGER.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        _LOGGER.setLevel(level)
