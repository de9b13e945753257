"""
Load tests on real servers.
"""

import time
from itertools import count
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram

from paceline.documents import decode, encode
from paceline.kit_results import LoadResult
from paceline.testkit import Endpoint, load_test
from support.certificates import make_certificate
from support.loaded import Handler, after, loaded


def test_each_request_is_counted_and_timed() -> None:
    """
    The server counts as many requests as the result, and the latency is at least the time that an answer takes.
    """
    with loaded(after(0.02)) as server:
        result = load_test(server.url, concurrent_users=4, duration_seconds=1, ramp_up_seconds=0)

    assert result.requests == server.requests > 20
    assert (result.failures, result.success_rate, result.performance_acceptable) == (0, 1.0, True)
    assert 0.02 <= result.latency.mean < 0.1
    assert 0.02 <= result.latency.p50 <= result.latency.p95 <= result.latency.p99 <= result.latency.max
    assert result.throughput == pytest.approx(result.requests / result.elapsed_seconds)
    assert sum(interval.requests for interval in result.intervals) == result.requests
    assert HdrHistogram.decode(result.latency.histogram).get_total_count() == result.requests


def test_it_is_known_how_many_requests_took_how_long() -> None:
    """
    No request was quicker than the server, and each took less than the highest bound; the document keeps the counts.
    """
    with loaded(after(0.02)) as server:
        result = load_test(server.url, concurrent_users=2, duration_seconds=1, ramp_up_seconds=0)
    within = result.latency.within

    assert (within[0.01], within[50.0]) == (0, result.requests)
    assert [*within.values()] == sorted(within.values())
    assert decode(encode(result), LoadResult) == result


def test_a_rate_is_kept_and_a_stall_is_seen() -> None:
    """
    Requests are sent as they are due, also while the server stalls, and the wait counts from when they were due.
    """
    started: list[float] = []

    def stall_once(handler: Handler) -> None:
        started.append(time.monotonic())
        if 0.5 < started[-1] - started[0] < 1.0:
            time.sleep(max(1.0 - (started[-1] - started[0]), 0))
        handler.answer()

    with loaded(stall_once) as server:
        result = load_test(server.url, duration_seconds=2, requests_per_second=50, processes=1)

    assert (result.requests, server.requests) == (100, 100)
    assert result.latency.p50 < 0.2
    assert 0.3 < result.latency.p95 < 0.9


def test_users_that_are_all_busy_make_later_requests_wait() -> None:
    """
    A request that was due and found no free user is late by the clock of the user, or was never sent and failed.
    """
    with loaded(after(0.1)) as server:
        result = load_test(server.url, 1, 1, requests_per_second=20)

    assert result.requests == 20
    assert {error.kind for error in result.errors} == {"not sent: all users waited for answers"}
    assert result.latency.max > 0.3
    assert server.requests == result.requests - result.failures


def test_endpoints_share_the_requests_by_weight() -> None:
    """
    An endpoint of three times the weight gets about three times the requests, and each has figures of its own.
    """
    with loaded() as server:
        endpoints = [Endpoint(f"{server.url}/often", weight=3), Endpoint(f"{server.url}/rarely", name="rare")]
        result = load_test(endpoints, duration_seconds=1, requests_per_second=200, processes=1)

    assert server.paths["/often"] == pytest.approx(150, abs=30)
    assert [one.name for one in result.endpoints] == ["GET /often", "rare"]
    assert [one.requests for one in result.endpoints] == [server.paths["/often"], server.paths["/rarely"]]


def test_rows_of_data_fill_path_and_body_in_turn() -> None:
    """
    Each row is sent in its turn.
    """
    with loaded() as server:
        endpoint = Endpoint(
            f"{server.url}/items/{{id}}", "POST", body="name={name}", data=[{"id": "1", "name": "a"}, {"id": "2"}]
        )
        load_test(endpoint, 1, 1, requests_per_second=10, processes=1)

    assert server.paths == {"/items/1": 5, "/items/2": 5}
    assert set(server.bodies) == {b"name=a", b"name={name}"}


def test_each_user_keeps_its_own_cookies() -> None:
    """
    The session that a server gave to a user comes back with the later requests of that user, and of no other.
    """
    numbers = count()

    def give_session(handler: Handler) -> None:
        cookie = handler.headers.get("Cookie", "")
        time.sleep(0.02)
        if cookie:
            handler.answer()
        else:
            handler.answer(Set_Cookie=f"session={next(numbers)}; Path=/")

    with loaded(give_session) as server:
        load_test(f"{server.url}/a/b", 3, 1, ramp_up_seconds=0, processes=1)

    assert server.cookies.count("") == 3
    assert len(set(server.cookies)) == 4


def test_redirects_are_followed() -> None:
    """
    A POST that is answered by 303 is followed by a GET, and both are one request of the result.
    """

    def redirect(handler: Handler) -> None:
        if handler.path == "/order":
            handler.answer(b"", 303, Location="/done")
        else:
            handler.answer(handler.command.encode())

    with loaded(redirect) as server:
        endpoint = Endpoint(f"{server.url}/order", "POST", json={"item": 1})
        result = load_test(endpoint, duration_seconds=1, requests_per_second=10)

    assert result.success_rate == 1
    assert server.paths == {"/order": 10, "/done": 10}
    assert {body for body in server.bodies if body} == {b'{"item":1}'}


def test_answers_are_checked() -> None:
    """
    An error status, a status that is not the expected one, and a body without the expected text are failures.
    """

    def send(handler: Handler) -> None:
        handler.answer(b"sold out", 503 if handler.path == "/broken" else 200)

    with loaded(send) as server:
        endpoints = [
            Endpoint(f"{server.url}/broken"),
            Endpoint(f"{server.url}/made", expect_status=201),
            Endpoint(f"{server.url}/text", expect_text="in stock"),
            Endpoint(f"{server.url}/right", expect_text="sold"),
            Endpoint(f"{server.url}/head", "HEAD"),
        ]
        result = load_test(endpoints, duration_seconds=1, requests_per_second=100)

    failed = {one.name: one.failures == one.requests for one in result.endpoints}
    assert failed == {
        "GET /broken": True, "GET /made": True, "GET /text": True, "GET /right": False, "HEAD /head": False
    }  # fmt: skip
    assert {error.kind for error in result.errors} == {"status 503", "status 200", "unexpected body"}


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    """
    Chunks, and a body that ends as the server closes the connection, are read as a browser reads them.
    """

    def send(handler: Handler) -> None:
        if handler.path == "/chunks":
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            handler.wfile.write(b"2\r\nok\r\n3\r\n!!!\r\n0\r\n\r\n")
        else:
            handler.send_response(200)
            handler.end_headers()
            handler.wfile.write(b"ok!!!")
            handler.close_connection = True

    with loaded(send) as server:
        endpoints = [Endpoint(server.url + path, expect_text="ok!!!") for path in ("/chunks", "/close")]
        result = load_test(endpoints, duration_seconds=1, requests_per_second=40)

    assert (result.requests, result.failures) == (40, 0)


def test_tls_is_verified_against_a_given_ca(tmp_path: Path) -> None:
    """
    A certificate that no machine trusts is a failure, until its CA is given or verification is off.
    """
    certificate = make_certificate(tmp_path)
    with loaded(certificate=certificate) as server:
        refused = load_test(server.url, 1, 1)
        trusted = load_test(server.url, 1, 1, ca_file=str(certificate))
        unverified = load_test(server.url, 1, 1, verify=False)

    assert (refused.success_rate, [error.kind for error in refused.errors]) == (0, ["TLS certificate"])
    assert (trusted.success_rate, unverified.success_rate) == (1, 1)


def test_the_warm_up_is_counted_apart() -> None:
    """
    Requests of the warm-up are in no other figure.
    """
    with loaded() as server:
        result = load_test(server.url, duration_seconds=1, warm_up_seconds=1, requests_per_second=20)

    assert result.requests == pytest.approx(20, abs=2)
    assert result.requests + result.warm_up_requests == server.requests == 40
    assert result.throughput == pytest.approx(20, rel=0.2)


def test_users_pause_between_requests() -> None:
    """
    A user that thinks for 0.2 s sends at most five requests a second.
    """
    with loaded() as server:
        result = load_test(server.url, 2, 1, ramp_up_seconds=0, think_seconds=0.2)

    assert 4 <= result.requests <= 10


def test_thresholds_decide_what_is_acceptable() -> None:
    """
    Each broken threshold is a problem and the limit of a measure.
    """
    with loaded(after(0.02)) as server:
        result = load_test(server.url, 2, 1, p95_ms=5, max_error_ratio=0.1, min_requests_per_second=1000)

    measures = result.measures()
    assert not result.performance_acceptable
    assert len(result.problems) == 2
    assert [name for name, measure in measures.items() if measure.breaks_limit] == [
        "load_throughput",
        "load_p95_seconds",
    ]
