"""
Runs to an exporter.
"""

import socket
import ssl
import struct
from threading import Event

import pytest
from msgspec import json

from paceline.delivery.exporter_sink import read_push
from paceline.delivery.outbox import pack
from paceline.delivery.sink import Receipt
from paceline.errors import (
    BusyError,
    ConfigError,
    DeliveryError,
    HungUpError,
    ProxyRefusedError,
    RefusedError,
    UnreachableError,
)
from paceline.formatting import size
from paceline.http.failures import cause_of
from support.answering import Behaviour, answer, answering, silence
from support.receiving import receiving
from support.servers import free_port
from support.values import make_case, make_run
from support.wording import REFUSED

_RUN = make_run(1, [make_case()])
_PACKED = pack(_RUN).packed


def _error(url: str, seconds: float = 5) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        read_push(url, {"PACELINE_PUSH_TOKEN": "t0ken"}).deliver(_PACKED, seconds)
    return caught.value


def test_a_run_is_sent_as_it_is() -> None:
    """
    The document, compressed, to the path of the contract, with the token.
    """
    with receiving() as exporter:
        read_push(exporter.url, {"PACELINE_PUSH_TOKEN": "t0ken"}).deliver(_PACKED, 5)
    (request,) = exporter.requests

    assert request.run == _RUN
    assert request.path == "/api/v1/runs"
    headers = {name: request.headers[name] for name in ("Content-Type", "Content-Encoding", "Authorization")}
    assert headers == {
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "Authorization": "Bearer t0ken",
    }


def test_another_server_at_the_address_is_named() -> None:
    """
    Its page at /-/ready gives it away; it gets no token there.
    """
    ready = b"Prometheus Server is Ready.\n"
    absent = answer(b"404 page not found", "404 Not Found")

    def behave(connection: socket.socket, over: Event) -> None:
        is_ready_page = server.requests[-1].startswith("GET /-/ready")
        (answer(ready) if is_ready_page else absent)(connection, over)

    with answering(behave) as server:
        error = _error(server.url)

    assert str(error) == (
        "answered 404 Not Found (404 page not found); this is a Prometheus, expected a Paceline exporter"
    )
    assert ["Authorization" in request for request in server.requests] == [True, False]


def test_an_address_may_have_a_path_and_a_user() -> None:
    """
    As behind a proxy; what is shown has no user.
    """
    with receiving(status=200) as exporter:
        push = read_push(exporter.url.replace("://", "://ann:secret@") + "/perf/", {})
        push.deliver(_PACKED, 5)

    assert exporter.requests[0].path == "/perf/api/v1/runs"
    assert exporter.requests[0].headers["Authorization"] == "Basic YW5uOnNlY3JldA=="
    assert push.address == exporter.url + "/perf"


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (400, b'{"error": "no run"}', RefusedError, 'answered 400 In Words ({"error": "no run"})'),
        (413, b"too large", ProxyRefusedError, "answered 413 In Words (too large), as by a proxy"),
        (415, b"", ProxyRefusedError, "answered 415 In Words, as by a proxy"),
        (409, b'{"message": "no"}', ProxyRefusedError, 'answered 409 In Words ({"message": "no"}), as by a proxy'),
        (422, b"x" * 399, ProxyRefusedError, f"answered 422 In Words ({'x' * 399}), as by a proxy"),
        (401, b"", DeliveryError, "answered 401 In Words; the token comes from PACELINE_PUSH_TOKEN"),
        (404, b"<html>not here</html>", DeliveryError, "answered 404 In Words"),
        (429, b"", BusyError, "answered 429 In Words"),
        (500, b"", BusyError, "answered 500 In Words"),
        (503, b"later\n", BusyError, "answered 503 In Words (later)"),
    ],
)
def test_what_is_not_taken_says_why(status: int, body: bytes, kind: type[DeliveryError], message: str) -> None:
    """
    The kind of the error tells whether the run, the address or the moment was wrong, and no answer leads elsewhere.
    """
    with receiving(status=status, body=body) as exporter:
        error = _error(exporter.url)

    assert (type(error), str(error)) == (kind, message)
    assert len(exporter.requests) == 1


def test_a_413_of_a_proxy_says_so() -> None:
    """
    With the size of the request, as the limit is to be raised there and not at the exporter.
    """
    page = answer(b"<html>413</html>", "413 Request Entity Too Large", "Content-Type: text/html")
    with answering(page) as proxy:
        error = _error(proxy.url)

    assert (type(error), str(error)) == (
        ProxyRefusedError,
        f"answered 413 Request Entity Too Large, as by a proxy whose limit for a request is below {size(len(_PACKED))}",
    )


@pytest.mark.parametrize("headers", [(), ("Content-Type: text/html",)])
def test_a_400_without_a_type_or_as_a_page_is_not_about_the_run(headers: tuple[str, ...]) -> None:
    """
    So answers a server that expects TLS; the run is kept.
    """
    with answering(answer(b"plain HTTP", "400 In Words", *headers)) as server:
        error = _error(server.url)

    assert (type(error), str(error)) == (
        DeliveryError,
        "answered 400 In Words (plain HTTP), as by a server that expects https://",
    )


@pytest.mark.parametrize(
    ("behaviour", "seconds", "message"),
    [
        (silence, 0.2, "no answer within 200 ms"),
        (lambda connection, _: connection.sendall(b"HTTP/1.1 2"), 60, "the connection failed ("),
    ],
)
def test_half_an_answer_is_none(behaviour: Behaviour, seconds: float, message: str) -> None:
    """
    A server that hangs, or ends in the middle of a line, may be asked again.
    """
    with answering(behaviour) as server:
        error = _error(server.url, seconds)

    assert type(error) is BusyError
    assert str(error).startswith(message)


@pytest.mark.parametrize(
    "behaviour",
    [
        lambda connection, _: connection.close(),
        lambda connection, _: connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)),
        lambda connection, _: connection.sendall(b"\x15\x03\x01\x00\x02\x02\x46"),
    ],
)
def test_a_server_that_hangs_up_may_expect_tls(behaviour: Behaviour) -> None:
    """
    It says nothing, resets the connection, or sends an alert of TLS.
    """
    with answering(behaviour) as server:
        error = _error(server.url)

    assert (type(error), str(error)) == (
        HungUpError,
        "the connection was closed without an answer, as by a server that expects https://",
    )


def test_a_closed_port_says_so() -> None:
    """
    In a person's words, without the address, which the reader has.
    """
    error = _error(f"http://127.0.0.1:{free_port()}")

    assert (type(error), str(error)) == (UnreachableError, f"the connection failed ({REFUSED})")


def test_a_server_without_tls_is_not_asked_again() -> None:
    """
    It will not learn it meanwhile.
    """
    with receiving() as exporter:
        error = _error(exporter.url.replace("http:", "https:"))

    assert type(error) is DeliveryError
    assert isinstance(cause_of(error), ssl.SSLError)


@pytest.mark.parametrize(("result", "is_known"), [("accepted", False), ("duplicate", True)])
def test_an_exporter_says_what_it_had(result: str, *, is_known: bool) -> None:
    """
    It may add a note to the user.
    """
    body = json.encode({"run_id": "run-1", "result": result, "note": "too\nold"})
    with receiving(status=200, body=body) as exporter:
        receipt = read_push(exporter.url, {}).deliver(_PACKED, 5)

    assert receipt == Receipt(is_known=is_known, note="too\\nold")


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    "body",
    [
        b"<html>Please log in</html>",
        b"",
        b"\xff",
        b"{}",
        b'{"run_id": "run-1"}',
        b'{"result": "accepted"}',
        b'{"run_id": "run-1", "result": "ok"}',
        b'{"run_id": "run-1", "result": "accepted", "note": "%b"}' % (b"x" * 5000),
    ],
)
def test_only_an_exporter_can_say_that_it_has_a_run(status: int, body: bytes) -> None:
    """
    The login page of a proxy says 200 to all that is sent; it says so tomorrow, too, so that nobody asks again at once.
    """
    with receiving(status=status, body=body, content_type="text/html; charset=utf-8") as proxy:
        error = _error(proxy.url)

    assert (type(error), str(error).replace("201", "200")) == (
        DeliveryError,
        "answered 200 In Words with text/html, expected an exporter's answer, with run_id and result",
    )


def test_an_answer_that_leads_elsewhere_is_told() -> None:
    """
    Where to, without what may be secret; nothing is sent there.
    """
    behaviour = answer(b"", "307 Temporary Redirect", "Location: https://ann:secret@login.example/in?token=t0ken#t0ken")
    with answering(behaviour) as proxy:
        error = _error(proxy.url)

    assert (type(error), str(error)) == (
        DeliveryError,
        "answered 307 Temporary Redirect, which points to https://login.example/in",
    )


@pytest.mark.parametrize(
    "behaviour",
    [
        answer(b'{"run_id": "run-1", "result": "accepted"}', "201 Created", length=100),
        lambda connection, _: connection.sendall(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ],
)
def test_an_answer_without_an_end_is_asked_for_again(behaviour: Behaviour) -> None:
    """
    What an exporter has counts once, however often it is sent.
    """
    with answering(behaviour) as server:
        error = _error(server.url)

    assert (type(error), str(error)) == (
        BusyError,
        "answered 201 Created, but the answer ended too early",
    )


def test_what_is_no_address_is_refused() -> None:
    """
    The message says what for, and shows no secret.
    """
    with pytest.raises(ConfigError) as caught:
        read_push("ann:secret@exporter", {})

    assert str(caught.value) == "runs are pushed to 'exporter', expected an address such as http://exporter:10464"


def test_a_token_that_no_header_can_have_is_refused() -> None:
    """
    Without showing it; white space around one does not matter.
    """
    with pytest.raises(ConfigError) as caught:
        read_push("http://exporter", {"PACELINE_PUSH_TOKEN": "t0\nken"})
    with receiving() as exporter:
        read_push(exporter.url, {"PACELINE_PUSH_TOKEN": " t0ken\n"}).deliver(_PACKED, 5)

    assert str(caught.value) == (
        "the environment variable PACELINE_PUSH_TOKEN has a character that an HTTP header cannot have, expected a token"
    )
    assert exporter.requests[0].headers["Authorization"] == "Bearer t0ken"
