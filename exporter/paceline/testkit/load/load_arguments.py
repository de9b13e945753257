"""
Checks the arguments of load and stress tests, and makes plans of them.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypedDict

from paceline.errors import ConfigError
from paceline.extras import install_command
from paceline.testkit.arguments import number, whole_number
from paceline.testkit.load.allowed_hosts import check_host
from paceline.testkit.load.endpoint import Endpoint, Locustfile, origin_of, target_of
from paceline.testkit.load.load_plan import LoadPlan
from paceline.testkit.load.session_settings import session_settings

USERS = 20
MOST_USERS = 1000
_TIMEOUT = 30.0
_RAMP_SHARE, _LONGEST_RAMP = 1 / 6, 10.0
Loaded = str | Endpoint | Locustfile | Sequence[str | Endpoint] | Callable[[], Any]


class SendingOptions(TypedDict, total=False):
    """
    How requests are sent.

    `think_seconds` is the pause of a user after an answer. `warm_up_seconds` go before the duration, and their requests
    are counted apart. A request without an answer after `timeout_seconds` (default 30) has failed. Each user sends the
    cookies that it was given unless `keep_cookies` is False, and follows up to 10 redirects unless `follow_redirects`
    is False. `verify` False accepts any certificate; `ca_file` is a CA bundle (PEM). `allow_hosts` are hosts other than
    this machine that load may be sent to. `processes` is the number of worker processes for HTTP (default: one for each
    CPU). `workers` has Locust send the load, with so many workers (default: what --paceline-load-workers says).
    """

    think_seconds: float
    warm_up_seconds: float
    timeout_seconds: float
    keep_cookies: bool
    follow_redirects: bool
    verify: bool
    ca_file: str
    allow_hosts: Collection[str]
    processes: int | None
    workers: int


def plan_of(
    endpoint: Loaded,
    users: int | None,
    rates: Sequence[float],
    times: tuple[float, float | None],
    sending: SendingOptions,
) -> LoadPlan:
    """
    The plan of a load.

    Args:
        endpoint: that is loaded.
        users: None for the default.
        rates: of the open model, checked.
        times: the seconds of the test and of its ramp, None for the default.
        sending: how requests are sent.

    Raises:
        ValueError: an argument is invalid, or a host is not allowed.
    """
    duration_seconds, ramp_up_seconds = number("duration_seconds", times[0]), times[1]
    plan = LoadPlan(
        targets=() if callable(endpoint) else tuple(map(target_of, _endpoints(endpoint))),
        locustfile=_locustfile(endpoint),
        host=endpoint.host if isinstance(endpoint, Locustfile) else "",
        users=_users(users, rates),
        rates=tuple(rates),
        duration_seconds=duration_seconds,
        ramp_up_seconds=_ramp_up(ramp_up_seconds, duration_seconds, rates),
        warm_up_seconds=number("warm_up_seconds", sending.get("warm_up_seconds", 0.0), may_be_zero=True),
        think_seconds=number("think_seconds", sending.get("think_seconds", 0.0), may_be_zero=True),
        timeout_seconds=number("timeout_seconds", sending.get("timeout_seconds", _TIMEOUT)),
        keeps_cookies=sending.get("keep_cookies", True),
        follows_redirects=sending.get("follow_redirects", True),
        allowed_hosts=(*sending.get("allow_hosts", ()), *session_settings().allowed_hosts),
        is_verified=sending.get("verify", True),
        ca_file=sending.get("ca_file", ""),
    )
    for label, count in (("processes", sending.get("processes")), ("workers", sending.get("workers"))):
        if count is not None:
            whole_number(label, count)
    for origin in [*(target.origin for target in plan.targets), *([origin_of(plan.host)] if plan.host else [])]:
        check_host(origin.host, plan.allowed_hosts)
    if plan.locustfile and plan.rates:
        raise ValueError("a locustfile has users of its own, and takes no requests_per_second")
    return plan


def rates_of(rates: float | Sequence[float] | None) -> tuple[float, ...]:
    """
    The rates of the open model, checked; empty where there are users only.
    """
    if rates is None:
        return ()
    several = tuple(rates) if isinstance(rates, Sequence) else (rates,)
    return tuple(number("requests_per_second", rate) for rate in several or (0.0,))


def check_thresholds(
    *,
    p95_ms: float | None = None,
    max_error_ratio: float | None = None,
    min_requests_per_second: float | None = None,
) -> None:
    """
    Raises:
        ValueError: a threshold that is given is negative or no number, or a latency of 0.
    """
    if p95_ms is not None:
        number("p95_ms", p95_ms)
    if max_error_ratio is not None:
        number("max_error_ratio", max_error_ratio, may_be_zero=True)
    if min_requests_per_second is not None:
        number("min_requests_per_second", min_requests_per_second, may_be_zero=True)


def locust_workers(plan: LoadPlan, sending: SendingOptions) -> int:
    """
    How many workers of Locust send a load; 0 where Locust does not.
    """
    if not (plan.targets or plan.locustfile):
        return 0
    return sending.get("workers") or session_settings().workers or (1 if plan.locustfile else 0)


def check_installed(plan: LoadPlan, sending: SendingOptions) -> None:
    """
    Raises:
        ConfigError: a package of the extra is not installed.
    """
    is_locust = locust_workers(plan, sending) > 0
    extra, engine = ("locust", "locust") if is_locust else ("load", "httptools")
    for package in (engine, "hdrh") if plan.targets or is_locust else ("hdrh",):
        if find_spec(package) is None:
            raise ConfigError(f"{package} is not installed; install it with: {install_command(extra)}")


def _locustfile(endpoint: Loaded) -> str:
    if not isinstance(endpoint, Locustfile):
        return ""
    path = Path(endpoint.path).absolute()
    if not path.is_file():
        raise ValueError(f"the locustfile is {endpoint.path!r}, expected a file")
    return str(path)


def _endpoints(endpoint: str | Endpoint | Locustfile | Sequence[str | Endpoint]) -> list[Endpoint]:
    if isinstance(endpoint, Locustfile):
        return []
    if not isinstance(endpoint, str | Endpoint | Iterable):
        raise ValueError(f"the endpoint is {endpoint!r}, expected a URL, an Endpoint, several of them, or a function")  # noqa: TRY004 - as other invalid arguments
    several = [endpoint] if isinstance(endpoint, str | Endpoint) else list(endpoint)
    if not several:
        raise ValueError("there is no endpoint, expected at least one")
    return [one if isinstance(one, Endpoint) else Endpoint(one) for one in several]


def _users(users: int | None, rates: Sequence[float]) -> int:
    if users is None:
        return min(max(USERS, int(max(rates, default=0.0))), MOST_USERS)
    return whole_number("concurrent_users", users)


def _ramp_up(seconds: float | None, duration: float, rates: Sequence[float]) -> float:
    if seconds is None:
        return 0.0 if rates else min(duration * _RAMP_SHARE, _LONGEST_RAMP)
    number("ramp_up_seconds", seconds, may_be_zero=True)
    longest = duration / max(len(rates), 1)
    if seconds > longest:
        raise ValueError(f"ramp_up_seconds is {seconds!r}, expected at most {longest:g}, as the test lasts")
    return seconds
