"""
Runs a load test.
"""

from collections.abc import Callable, Collection, Sequence
from math import isfinite
from typing import Any

from paceline.errors import ConfigError
from paceline.kit_results.load import LoadResult
from paceline.testkit.load.allowed_hosts import check_host
from paceline.testkit.load.endpoint import Endpoint, target_of
from paceline.testkit.load.plan import LoadPlan

_USERS = 20
_MOST_USERS = 1000
_RAMP_SHARE, _LONGEST_RAMP = 1 / 6, 10.0
Loaded = str | Endpoint | Sequence[str | Endpoint] | Callable[[], Any]


def load_test(  # noqa: PLR0913 - each describes the load
    endpoint: Loaded,
    concurrent_users: int | None = None,
    duration_seconds: float = 60.0,
    ramp_up_seconds: float | None = None,
    *,
    requests_per_second: float | Sequence[float] | None = None,
    think_seconds: float = 0.0,
    warm_up_seconds: float = 0.0,
    timeout_seconds: float = 30.0,
    keep_cookies: bool = True,
    follow_redirects: bool = True,
    verify: bool = True,
    ca_file: str = "",
    allow_hosts: Collection[str] = (),
    processes: int | None = None,
    p95_ms: float | None = None,
    max_error_ratio: float | None = None,
    min_requests_per_second: float | None = None,
    name: str = "",
) -> LoadResult:
    """
    Send load to an endpoint and measure how it does.

    Latency counts from the moment at which a request was due. A request that is not answered a second after the end
    has failed. Ctrl-C ends the test early; what was measured is kept with the test.

    Args:
        endpoint: a URL, an `Endpoint`, several of them, or a function without arguments, sync or async. A call of a
            function failed if it raises or returns False.
        concurrent_users: users at a time, each of which sends its next request after the answer (default 20). With
            `requests_per_second`, the most requests that may be in flight (default: as many as are sent in a second,
            20 to 1000).
        duration_seconds: how long requests are sent.
        ramp_up_seconds: until all users are there (default: a sixth of the duration, at most 10 s), or until
            the rate is reached (default 0).
        requests_per_second: requests are due at this rate, however long the answers take. Several rates each have an
            equal part of the duration.
        think_seconds: the pause of a user after an answer.
        warm_up_seconds: time before the duration whose requests are counted apart.
        timeout_seconds: a request without an answer after this time has failed.
        keep_cookies: whether each user sends the cookies that it was given.
        follow_redirects: whether redirects are followed, up to 10, and only to hosts that are allowed.
        verify: whether the certificates of servers are verified.
        ca_file: CA bundle (PEM) for servers (default: that of the machine).
        allow_hosts: hosts other than this machine that load may be sent to.
        processes: worker processes for HTTP (default: one for each CPU).
        p95_ms: the highest 95% latency that is acceptable, in milliseconds.
        max_error_ratio: the highest share of failed requests that is acceptable.
        min_requests_per_second: the lowest throughput that is acceptable.
        name: tells several load tests in one test apart.

    Raises:
        ValueError: an argument is invalid, or the host is not allowed.
        ConfigError: the packages of paceline[load] are not installed.
    """
    rates = _rates(requests_per_second)
    for label, value, least in (
        ("duration_seconds", duration_seconds, None),
        ("timeout_seconds", timeout_seconds, None),
        ("think_seconds", think_seconds, 0.0),
        ("warm_up_seconds", warm_up_seconds, 0.0),
    ):
        _check_number(label, value, least)
    plan = LoadPlan(
        targets=() if callable(endpoint) else tuple(map(target_of, _endpoints(endpoint))),
        users=_users(concurrent_users, rates),
        rates=rates,
        duration_seconds=duration_seconds,
        ramp_up_seconds=_ramp_up(ramp_up_seconds, duration_seconds, rates),
        warm_up_seconds=warm_up_seconds,
        think_seconds=think_seconds,
        timeout_seconds=timeout_seconds,
        keeps_cookies=keep_cookies,
        follows_redirects=follow_redirects,
        allowed_hosts=tuple(allow_hosts),
        is_verified=verify,
        ca_file=ca_file,
    )
    for target in plan.targets:
        check_host(target.origin.host, plan.allowed_hosts)
    _check_installed()
    from paceline.testkit.load.measured import measured  # noqa: PLC0415 - needs the packages of the extra

    return measured(
        plan,
        endpoint if callable(endpoint) else None,
        processes,
        LoadResult(
            name=name,
            duration_seconds=duration_seconds,
            elapsed_seconds=0.0,
            p95_ms=p95_ms,
            max_error_ratio=max_error_ratio,
            min_requests_per_second=min_requests_per_second,
        ),
    )


def _endpoints(endpoint: str | Endpoint | Sequence[str | Endpoint]) -> list[Endpoint]:
    several = [endpoint] if isinstance(endpoint, str | Endpoint) else list(endpoint)
    if not several:
        raise ValueError("load_test: there is no endpoint, expected at least one")
    return [one if isinstance(one, Endpoint) else Endpoint(one) for one in several]


def _rates(rates: float | Sequence[float] | None) -> tuple[float, ...]:
    if rates is None:
        return ()
    several = tuple(rates) if isinstance(rates, Sequence) else (rates,)
    for rate in several or (0.0,):
        _check_number("requests_per_second", rate, None)
    return tuple(map(float, several))


def _users(users: int | None, rates: Sequence[float]) -> int:
    if users is None:
        return min(max(_USERS, int(max(rates, default=0.0))), _MOST_USERS)
    if isinstance(users, bool) or not isinstance(users, int) or users < 1:
        raise ValueError(f"load_test: concurrent_users is {users!r}, expected a whole number from 1 on")
    return users


def _ramp_up(seconds: float | None, duration: float, rates: Sequence[float]) -> float:
    if seconds is None:
        return 0.0 if rates else min(duration * _RAMP_SHARE, _LONGEST_RAMP)
    _check_number("ramp_up_seconds", seconds, 0.0)
    longest = duration / max(len(rates), 1)
    if seconds > longest:
        raise ValueError(f"load_test: ramp_up_seconds is {seconds!r}, expected at most {longest:g}, as the test lasts")
    return seconds


def _check_number(label: str, value: float, least: float | None) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if not is_number or (value <= 0 if least is None else value < least):
        expected = "a number above 0" if least is None else "0 or a number above"
        raise ValueError(f"load_test: {label} is {value!r}, expected {expected}")


def _check_installed() -> None:
    try:
        import hdrh  # noqa: F401, PLC0415
        import httptools  # noqa: F401, PLC0415
    except ImportError as error:
        raise ConfigError(f"load_test: {error.name} is not installed; pip install 'paceline[load]'") from error
