"""
Send messages to a collector.
"""

import gzip
from collections.abc import Iterable, Mapping
from typing import Final

import requests
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.sdk.resources import OTELResourceDetector
from opentelemetry.sdk.resources import Resource as SdkResource

from paceline.delivery.otlp.environment_variables import PREFIX, Variables
from paceline.errors import DeliveryError, RefusedError
from paceline.formatting import counted
from paceline.http.failures import UNAUTHORIZED, shown_status, shown_type
from paceline.http.one_request import asking_once
from paceline.http.server_access import ServerAccess, auth_of, read_authorities
from paceline.identity import quoted

SCOPE = InstrumentationScope(name="paceline")
_FASTEST = 1
_PROTOBUF = "application/x-protobuf"


class Collector:
    """
    Takes the messages of one signal.

    Args:
        endpoint: where it takes them.
        environ: has OpenTelemetry's variables.
        signal: `metrics` or `traces`.
        authorities: the file of certificates that are trusted where no variable names one.

    Raises:
        ConfigError: a variable of OpenTelemetry has an invalid value.
    """

    def __init__(
        self, endpoint: ServerAccess, environ: Mapping[str, str], signal: str, authorities: str | None = None
    ) -> None:
        self._endpoint: Final = endpoint
        self._variables: Final = Variables(environ, signal)
        self._variables.check_protocol()
        self._headers: Final = self._variables.headers
        self._seconds: Final = self._variables.seconds
        self._is_compressed: Final = self._variables.is_compressed
        own = read_authorities(self._variables.authorities, f"the environment variable {PREFIX}_CERTIFICATE is")
        self._authorities: Final = own or authorities

    def __str__(self) -> str:
        return str(self._endpoint)

    def resource_of(self, suite: str) -> Resource:
        """
        Who sends the runs of a suite.
        """
        return Resource(attributes=attributes(resource_attributes(suite)))

    def send(self, messages: Iterable[bytes], seconds: float) -> None:
        """
        Send messages, one after the other, until one is not taken.

        Args:
            messages: encoded.
            seconds: for all of them.

        Raises:
            DeliveryError: the collector refused a message, or a part of a message.
        """
        headers = {"Content-Type": _PROTOBUF, **self._headers}
        if self._is_compressed:
            headers["Content-Encoding"] = "gzip"
        with asking_once(seconds, hint=_hint) as session:
            # Without an answer of ours, requests would look for one in a `.netrc`, and drop the header.
            session.auth = auth_of(self._endpoint) or (lambda request: request)
            session.cert = self._variables.certificate
            for message in messages:
                answer = session.post(
                    str(self),
                    data=gzip.compress(message, _FASTEST) if self._is_compressed else message,
                    headers=headers,
                    timeout=self._seconds,
                    allow_redirects=False,
                    # As one of the session's, it would lose to REQUESTS_CA_BUNDLE.
                    verify=self._authorities,
                )
                _check(answer)


def _hint(answer: requests.Response) -> str:
    is_credentials = answer.status_code in UNAUTHORIZED
    return f"; credentials come from {PREFIX}_HEADERS" if is_credentials else ""


def _check(answer: requests.Response) -> None:
    # Some servers answer with nothing, or not as the protocol has it: only what is a page for a person is none of them.
    if shown_type(answer) == "text/html" or answer.content.lstrip()[:1] == b"<":
        raise DeliveryError(f"{shown_status(answer)} with {shown_type(answer)}, expected an answer of OTLP")
    if answer.headers.get("Content-Type") != _PROTOBUF:
        return
    try:
        # That of traces is the same on the wire.
        partial = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    except DecodeError:
        return
    if partial.rejected_data_points:
        count = counted(partial.rejected_data_points, "sample was", "samples were")
        raise RefusedError(f"{count} rejected ({quoted(partial.error_message)})")


def attributes(pairs: Mapping[str, str]) -> list[KeyValue]:
    """
    Names and values, as the protocol has them.
    """
    return [KeyValue(key=name, value=AnyValue(string_value=value)) for name, value in pairs.items()]


def nanoseconds(timestamp: float) -> int:
    """
    A point in time as the protocol has it, in the milliseconds that the text format has.

    Args:
        timestamp: seconds since 1970.
    """
    return int(f"{timestamp:.3f}".replace(".", "")) * 1_000_000


def resource_attributes(suite: str) -> dict[str, str]:
    """
    Who sends, which is the same for all runs of a suite: an instance that is new for each run would make all series
    of all tests anew. What `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` say wins.
    """
    stable = SdkResource({"service.name": "paceline", "service.instance.id": suite})
    return {key: str(value) for key, value in stable.merge(OTELResourceDetector().detect()).attributes.items()}
