"""
Stress tests: the breaking point, and what broke first.
"""

import socket
import time
from threading import BoundedSemaphore
from typing import Any

import pytest

from paceline.kit_results import LoadResult
from paceline.testkit import stress_test
from support.loaded import Handler, loaded


def test_all_loads_are_carried() -> None:
    """
    Without a failure there is no breaking point, and the last load is the highest that was asked for.
    """
    result = stress_test(lambda: time.sleep(0.01), 1, 6, 2, 0.3)

    assert [step.load for step in result.results] == [1, 3, 5, 6]
    assert (result.max_successful_load, result.breaking_point, result.broke_by) == (6, None, "")
    assert result.performance_summary == (True, 6, "")


def test_a_function_that_fails_breaks_at_the_first_step() -> None:
    """
    Nothing was carried, and no more load is tried.
    """
    result = stress_test(lambda: False, 2, 10, 2, 0.3)

    assert (result.max_successful_load, result.breaking_point, len(result.results)) == (0, 2, 1)
    assert result.performance_summary == (False, 0, "errors")
    assert result.measures()["stress_max_load"].value == 0


def test_a_closed_port_breaks_at_the_first_step() -> None:
    """
    No load is carried where no server listens.
    """
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    result = stress_test(f"http://127.0.0.1:{port}", 1, 10, 2, 0.5)

    assert (result.max_successful_load, result.breaking_point, len(result.results)) == (0, 1, 1)
    assert result.performance_summary == (False, 0, "errors")


def test_a_function_that_never_returns_ends_in_time() -> None:
    """
    The first step ends the test, and without a load that was carried there is nothing to refine.
    """
    started = time.monotonic()
    result = stress_test(lambda: time.sleep(30), 10, 20, 2, 0.5, refine=True)

    assert time.monotonic() - started < 0.5 + 5
    assert (result.max_successful_load, result.breaking_point, len(result.results)) == (0, 10, 1)


def test_bisection_finds_the_lowest_load_that_fails() -> None:
    """
    Between the last load that was carried and the first that was not, loads are tried until the two are neighbours.
    """

    def more_than_five(result: LoadResult) -> str:
        return "too many" if result.users > 5 else ""

    result = stress_test(lambda: time.sleep(0.01), 1, 20, 8, 0.2, failure=more_than_five, refine=True)

    assert [step.load for step in result.results] == [1, 9, 5, 7, 6]
    assert (result.max_successful_load, result.breaking_point, result.broke_by) == (5, 6, "too many")


def test_latency_that_grows_with_the_load_breaks_a_server() -> None:
    """
    A server that answers two requests at a time keeps each of many users waiting.
    """
    two = BoundedSemaphore(2)

    def send(handler: Handler) -> None:
        with two:
            time.sleep(0.05)
        handler.answer()

    with loaded(send) as server:
        result = stress_test(server.url, 1, 21, 10, 1, p95_ms=250)

    assert result.max_successful_load in {1, 11}
    assert result.breaking_point in {11, 21}
    assert result.broke_by.startswith("latency")


def test_loads_may_be_rates() -> None:
    """
    A step is then so many requests a second.
    """
    result = stress_test(lambda: time.sleep(0.001), 10, 20, 10, 0.5, as_rate=True)

    assert [step.result.requests for step in result.results] == [5, 10]
    assert result.measures()["stress_max_load"].unit == "requests/s"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"initial_load": 0}, "stress_test: initial_load is 0, expected a whole number from 1 on"),
        ({"step_size": -1}, "stress_test: step_size is -1, expected a whole number from 1 on"),
        ({"initial_load": 9, "max_load": 5}, "stress_test: max_load is 5, expected at least initial_load, which is 9"),
        ({"p95_ms": 0}, "stress_test: p95_ms is 0, expected a number above 0"),
        ({"max_error_ratio": -1}, "stress_test: max_error_ratio is -1, expected 0 or a number above"),
        ({"step_duration_seconds": 0}, "stress_test: step_duration_seconds is 0, expected a number above 0"),
    ],
)
def test_invalid_loads(arguments: dict[str, Any], message: str) -> None:
    """
    The message says which argument is wrong, what was found and what was expected.
    """
    with pytest.raises(ValueError, match="stress_test") as raised:
        stress_test(lambda: None, **arguments)

    assert str(raised.value) == message


def test_an_invalid_name_is_refused_before_the_first_step() -> None:
    """
    Minutes of measuring are not lost to a name.
    """
    calls: list[int] = []
    with pytest.raises(ValueError, match="stress_test: the name is"):
        stress_test(lambda: calls.append(1), 1, 1, 1, 0.2, name="Checkout 1")

    assert calls == []
