"""
What a load test refuses before it sends anything.
"""

from typing import Any

import pytest

from paceline.testkit import (
    Endpoint,
    benchmark_test,
    database_performance_test,
    load_test,
    memory_leak_test,
    stress_test,
)
from paceline.testkit.load.server import running_server

_URL = "http://127.0.0.1:1/"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"concurrent_users": 0}, "load_test: concurrent_users is 0, expected a whole number from 1 on"),
        ({"concurrent_users": -1}, "load_test: concurrent_users is -1, expected a whole number from 1 on"),
        ({"duration_seconds": 0}, "load_test: duration_seconds is 0, expected a number above 0"),
        ({"duration_seconds": -1}, "load_test: duration_seconds is -1, expected a number above 0"),
        ({"duration_seconds": float("nan")}, "load_test: duration_seconds is nan, expected a number above 0"),
        ({"requests_per_second": -5}, "load_test: requests_per_second is -5, expected a number above 0"),
        ({"requests_per_second": []}, "load_test: requests_per_second is 0.0, expected a number above 0"),
        ({"requests_per_second": 0}, "load_test: requests_per_second is 0, expected a number above 0"),
        ({"p95_ms": float("nan")}, "load_test: p95_ms is nan, expected a number above 0"),
        ({"max_error_ratio": -0.1}, "load_test: max_error_ratio is -0.1, expected 0 or a number above"),
        ({"min_requests_per_second": -1}, "load_test: min_requests_per_second is -1, expected 0 or a number above"),
        ({"processes": 0}, "load_test: processes is 0, expected a whole number from 1 on"),
        (
            {"name": "Checkout 1"},
            (
                "load_test: the name is 'Checkout 1', expected lowercase letters, digits and underscores, at most 40, "
                "a letter first"
            ),
        ),
        ({"think_seconds": -1}, "load_test: think_seconds is -1, expected 0 or a number above"),
        (
            {"duration_seconds": 1, "ramp_up_seconds": 2},
            "load_test: ramp_up_seconds is 2, expected at most 1, as the test lasts",
        ),
    ],
)
def test_invalid_numbers(arguments: dict[str, Any], message: str) -> None:
    """
    The message says which argument is wrong, what was found and what was expected.
    """
    with pytest.raises(ValueError, match="load_test") as raised:
        load_test(_URL, **arguments)

    assert str(raised.value) == message


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:80", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:x/", "http://a b/"]
)
def test_invalid_urls(url: str) -> None:
    """
    An address that is not one of HTTP is refused.
    """
    with pytest.raises(ValueError, match="expected a URL such as") as raised:
        load_test(url)

    assert (
        str(raised.value) == f"load_test: the endpoint is {url!r}, expected a URL such as 'http://127.0.0.1:8000/cart'"
    )


def test_what_is_no_endpoint_no_server_and_no_function_is_named() -> None:
    """
    The message has the function of the test kit, what was found and what was expected.
    """
    messages = []
    given: Any = 3
    for function in (load_test, stress_test, memory_leak_test, benchmark_test, database_performance_test):
        with pytest.raises(ValueError, match="expected") as raised:
            function(given)
        messages.append(str(raised.value))
    with pytest.raises(ValueError, match="expected") as raised, running_server(given):
        pass
    messages.append(str(raised.value))

    endpoint = "the endpoint is 3, expected a URL, an Endpoint, several of them, or a function"
    function_of_test = "the function is 3, expected a function without arguments"
    assert messages == [
        f"load_test: {endpoint}",
        f"stress_test: {endpoint}",
        f"memory_leak_test: {function_of_test}",
        f"benchmark_test: {function_of_test}",
        f"database_performance_test: {function_of_test}",
        "load_server: the server is 3, expected a command, or an ASGI or WSGI app",
    ]


def test_a_program_that_is_not_installed_is_named() -> None:
    """
    The message has the command and the file that was not found.
    """
    with (
        pytest.raises(RuntimeError, match=r"load_server: \['no-such-program', '\d+'\].*: no-such-program"),
        running_server("no-such-program {port}"),
    ):
        pass


@pytest.mark.parametrize("headers", [{"Content-Length": "3"}, {"a b": "c"}, {"X": "a\r\nY: b"}])
def test_invalid_headers(headers: dict[str, str]) -> None:
    """
    Headers that would break the request are refused.
    """
    with pytest.raises(ValueError, match="load_test: the header"):
        load_test(Endpoint(_URL, headers=headers))


@pytest.mark.parametrize("host", ["shop.example", "10.0.0.1", "localhost.example", "[2001:db8::1]"])
def test_other_hosts_are_refused(host: str) -> None:
    """
    Load goes to this machine, unless the host is allowed by its name.
    """
    with pytest.raises(ValueError, match="--paceline-load-allow"):
        load_test(f"http://{host}/", allow_hosts=["other.example"])
