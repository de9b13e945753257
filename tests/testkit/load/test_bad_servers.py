"""
Load tests on servers that misbehave: no success where nothing worked, and an end in time.
"""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from paceline.kit_results import LoadResult
from paceline.testkit import load_test
from support.answering import Behaviour, answer, answering, drip, silence
from support.certificates import expire, make_certificate
from support.loaded import Handler, loaded

_SECONDS = 1.0
# The time asked for plus 2 s, and what this machine takes to start a process while other tests run.
_AT_MOST = _SECONDS + 2 + 2


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    """
    Each load test here ends in time.
    """
    started = time.monotonic()
    yield
    assert time.monotonic() - started < _AT_MOST


def _half(connection: socket.socket, _: Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


def _garbage(connection: socket.socket, _: Event) -> None:
    connection.sendall(b"\x00\xff not HTTP at all\r\n\r\n" * 10)


def _nothing(_: socket.socket, __: Event) -> None:
    """
    Close at once.
    """


def _gigabytes(connection: socket.socket, over: Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    while not over.is_set():
        connection.sendall(b"x" * (1 << 20))


def _loaded_with(behave: Behaviour, users: int = 3) -> LoadResult:
    with answering(behave) as server:
        return load_test(server.url, users, _SECONDS, ramp_up_seconds=0, processes=1)


@pytest.mark.parametrize(
    ("behave", "kind"),
    [
        pytest.param(silence, "no answer when the test ended", id="never answers"),
        pytest.param(_half, "connection closed during the answer", id="answers half"),
        pytest.param(_garbage, "invalid answer", id="answers garbage"),
        pytest.param(_nothing, "connection closed without an answer", id="closes"),
        pytest.param(drip, "no answer when the test ended", id="drips"),
        pytest.param(_gigabytes, "no answer when the test ended", id="sends gigabytes"),
    ],
)
def test_nothing_worked(behave: Behaviour, kind: str) -> None:
    """
    Each request failed, for the reason that is named.
    """
    result = _loaded_with(behave)

    assert (result.success_rate, result.throughput, result.performance_acceptable) == (0, 0, False)
    assert result.requests >= 3
    assert kind in [error.kind for error in result.errors]
    assert result.latency.max == 0


def test_users_that_wait_at_the_end_are_all_counted() -> None:
    """
    A server that never answers gets one request of each user, and each of them failed.
    """
    result = _loaded_with(silence, users=5)

    assert (result.requests, result.failures) == (5, 5)


def test_failures_back_off() -> None:
    """
    A closed port is not asked in a loop, and its quick refusals are in no latency.
    """
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    result = load_test(f"http://127.0.0.1:{port}", 3, _SECONDS, ramp_up_seconds=0)

    assert [error.kind for error in result.errors] == ["connection refused"]
    assert (result.success_rate, result.throughput, result.performance_acceptable) == (0, 0, False)
    assert 3 <= result.requests <= 20
    assert "load_p50_seconds" not in result.measures()


def test_a_server_that_closes_after_each_answer_is_asked_again() -> None:
    """
    A connection for each request is no failure.
    """
    result = _loaded_with(answer(b"ok"), users=1)

    assert (result.failures, result.requests > 5) == (0, True)


def test_a_name_that_is_not_known() -> None:
    """
    A failed lookup is a failure of the request.
    """
    result = load_test("http://no-such-host.invalid/", 2, _SECONDS, allow_hosts=["no-such-host.invalid"])

    assert result.success_rate == 0
    assert {error.kind for error in result.errors} <= {"DNS", "no answer when the test ended"}


def test_a_certificate_for_another_host(tmp_path: Path) -> None:
    """
    A certificate of a trusted CA that names another host is refused.
    """
    certificate = make_certificate(tmp_path, "DNS:shop.example")
    with loaded(certificate=certificate) as server:
        result = load_test(server.url, 1, _SECONDS, ca_file=str(certificate))

    assert [error.kind for error in result.errors] == ["TLS certificate"]


def test_an_expired_certificate(tmp_path: Path) -> None:
    """
    A certificate of a trusted CA that has ended is refused.
    """
    certificate = make_certificate(tmp_path)
    expire(certificate)
    with loaded(certificate=certificate) as server:
        result = load_test(server.url, 1, _SECONDS, ca_file=str(certificate))

    assert (result.success_rate, [error.kind for error in result.errors]) == (0, ["TLS certificate"])
    assert "expired" in result.errors[0].example


def test_a_ring_of_redirects_ends() -> None:
    """
    After ten redirects the request has failed.
    """
    with loaded(lambda handler: handler.answer(b"", 302, Location=handler.path)) as server:
        result = load_test(server.url, 1, _SECONDS)

    assert [error.kind for error in result.errors] == ["too many redirects"]
    assert server.requests == result.requests * 11


def test_a_redirect_does_not_leave_the_allowed_hosts() -> None:
    """
    No request goes to a host that was not allowed.
    """

    def send(handler: Handler) -> None:
        handler.answer(b"", 302, Location="http://shop.example/")

    with loaded(send) as server:
        result = load_test(server.url, 1, _SECONDS)

    assert [error.kind for error in result.errors] == ["redirect to a host that is not allowed"]
    assert result.errors[0].example == "GET /: redirected to shop.example"


def test_a_request_without_an_answer_times_out() -> None:
    """
    A user whose request timed out sends the next one.
    """
    with answering(silence) as server:
        result = load_test(server.url, 1, _SECONDS, timeout_seconds=0.2)

    assert result.errors[0].kind == "timeout"
    assert result.requests >= 2
