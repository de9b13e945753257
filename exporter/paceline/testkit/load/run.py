"""
Runs a load test.
"""

from collections.abc import Sequence
from typing import Unpack

from paceline.kit_results.load import LoadResult
from paceline.testkit.arguments import arguments_of, check_name
from paceline.testkit.kept_results import keep
from paceline.testkit.load.load_arguments import (
    Loaded,
    SendingOptions,
    check_installed,
    check_thresholds,
    plan_of,
    rates_of,
)
from paceline.testkit.load.session_settings import interrupt


def load_test(  # noqa: PLR0913 - each describes the load
    endpoint: Loaded,
    concurrent_users: int | None = None,
    duration_seconds: float = 60.0,
    ramp_up_seconds: float | None = None,
    *,
    requests_per_second: float | Sequence[float] | None = None,
    p95_ms: float | None = None,
    max_error_ratio: float | None = None,
    min_requests_per_second: float | None = None,
    name: str = "",
    **sending: Unpack[SendingOptions],
) -> LoadResult:
    """
    Send load to an endpoint, and measure latency, throughput and errors.

    Latency is measured from the due time of a request. A request that is not answered a second after the end has
    failed. Ctrl-C ends the test early; its figures are kept with the test.

    Args:
        endpoint: a URL, an `Endpoint`, several of them, or a function without arguments, sync or async. A call of a
            function failed if it raises or returns False.
        concurrent_users: users at a time, each of which sends its next request after the answer (default 20). With
            `requests_per_second`, the maximum of requests in flight (default: as many as are sent in a second, 20 to
            1000).
        duration_seconds: how long requests are sent.
        ramp_up_seconds: time until all users have started (default: a sixth of the duration, at most 10 s), or until
            the rate is reached (default 0).
        requests_per_second: requests are sent at this rate, however long the answers take. Several rates share the
            duration equally.
        p95_ms: the highest 95% latency that is acceptable, in milliseconds.
        max_error_ratio: the highest share of failed requests that is acceptable.
        min_requests_per_second: the lowest throughput that is acceptable.
        name: distinguishes several load tests in one test.
        sending: how requests are sent, as in `SendingOptions`.

    Raises:
        ValueError: an argument is invalid, or the host is not allowed.
        ConfigError: the packages of paceline[load] are not installed.
    """
    __tracebackhide__ = True
    with arguments_of("load_test"):
        plan = plan_of(
            endpoint, concurrent_users, rates_of(requests_per_second), (duration_seconds, ramp_up_seconds), sending
        )
        check_thresholds(
            p95_ms=p95_ms, max_error_ratio=max_error_ratio, min_requests_per_second=min_requests_per_second
        )
        check_name(name)
        check_installed(plan, sending)
    asked = LoadResult(
        name=name,
        duration_seconds=duration_seconds,
        elapsed_seconds=0.0,
        p95_ms=p95_ms,
        max_error_ratio=max_error_ratio,
        min_requests_per_second=min_requests_per_second,
    )
    from paceline.testkit.load.send_load import send_load  # noqa: PLC0415 - needs the packages of the extra

    function = endpoint if callable(endpoint) else None
    result = keep(send_load(plan, function, sending, asked))
    if result.interrupted:
        interrupt(f"The load test was interrupted: {result.summary()}.")
    return result
