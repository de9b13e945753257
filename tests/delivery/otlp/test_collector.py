"""
Messages to a collector.
"""

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from paceline.delivery.otlp.collector import Collector
from paceline.errors import BusyError, DeliveryError, RefusedError
from paceline.http.server_access import ServerAccess
from support.receiving import Receiving, receiving


def _send(server: Receiving, *messages: bytes, environ: Mapping[str, str] | None = None) -> None:
    environ = {"OTEL_EXPORTER_OTLP_COMPRESSION": "none", **(environ or {})}
    Collector(ServerAccess(server.url), environ, "metrics").send(messages, 5)


def test_messages_go_one_after_the_other() -> None:
    """
    As the protocol wants them.
    """
    with receiving(status=200) as server:
        _send(server, b"one", b"two")

    assert [request.body for request in server.requests] == [b"one", b"two"]
    assert {request.headers["Content-Type"] for request in server.requests} == {"application/x-protobuf"}


def test_variables_are_heeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Compression and headers; what a `.netrc` has for the host does not replace them.
    """
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    environ = {
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20t0ken",
    }
    with receiving(status=200) as server:
        _send(server, b"one", environ=environ)
    (request,) = server.requests

    assert (request.headers["Content-Encoding"], gzip.decompress(request.body)) == ("gzip", b"one")
    assert request.headers["Authorization"] == "Bearer t0ken"


@pytest.mark.parametrize(("status", "kind"), [(400, RefusedError), (401, DeliveryError), (503, BusyError)])
def test_the_first_that_is_not_taken_ends_it(status: int, kind: type[DeliveryError]) -> None:
    """
    The rest would be for nothing: all are sent again.
    """
    with receiving([200, status], status=200) as server, pytest.raises(DeliveryError) as caught:
        _send(server, b"one", b"two", b"three")

    assert type(caught.value) is kind
    assert len(server.requests) == 2


def test_what_is_rejected_in_part_is_refused() -> None:
    """
    A collector may take some samples and say of others, in a good answer, that it does not.
    """
    answer = ExportMetricsServiceResponse()
    answer.partial_success.rejected_data_points = 2
    answer.partial_success.error_message = "too old"
    with (
        receiving(status=200, body=answer.SerializeToString(), content_type="application/x-protobuf") as server,
        pytest.raises(RefusedError) as caught,
    ):
        _send(server, b"one")

    assert str(caught.value) == "2 samples were rejected (too old)"


@pytest.mark.parametrize(("body", "kind"), [(b"Please log in", "text/html; charset=utf-8"), (b"\n<html>", "")])
def test_a_page_is_no_answer_of_a_collector(body: bytes, kind: str) -> None:
    """
    That of a proxy, for example, which says 200 to all that is sent.
    """
    with receiving(status=200, body=body, content_type=kind) as server, pytest.raises(DeliveryError) as caught:
        _send(server, b"one", b"two")

    said = kind.partition(";")[0] or "no type"
    assert (type(caught.value), str(caught.value)) == (
        DeliveryError,
        f"answered 200 In Words with {said}, expected an answer of OTLP",
    )
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xff"])
def test_an_answer_that_says_nothing_is_a_good_one(body: bytes) -> None:
    """
    The status alone counts then.
    """
    with receiving(status=200, body=body, content_type="application/x-protobuf") as server:
        _send(server, b"one")

    assert len(server.requests) == 1
