"""
The values that travel between a load test and the processes that send its requests.
"""

from collections.abc import Mapping

from paceline.testkit.load.endpoint import Target
from paceline.values import Value

# Answers that come this long after the end still count.
GRACE_SECONDS = 1.0


class LoadPlan(Value, frozen=True, kw_only=True):
    """
    The load that all workers together send.

    Users are closed: each sends its next request after the answer, and `think_seconds`. With `rates`, requests are due
    at these rates per second, each for an equal part of the time, and `users` is the most that may be in flight.
    `warm_up_seconds` go before `duration_seconds` and are counted apart. A plan with a `locustfile` has no targets: its
    users do what the file says, and send their requests to `host`.
    """

    targets: tuple[Target, ...] = ()
    users: int
    rates: tuple[float, ...] = ()
    duration_seconds: float
    ramp_up_seconds: float = 0.0
    warm_up_seconds: float = 0.0
    think_seconds: float = 0.0
    timeout_seconds: float = 30.0
    keeps_cookies: bool = True
    follows_redirects: bool = True
    allowed_hosts: tuple[str, ...] = ()
    is_verified: bool = True
    ca_file: str = ""
    locustfile: str = ""
    host: str = ""

    @property
    def whole_seconds(self) -> float:
        """
        The seconds in which requests are sent.
        """
        return self.warm_up_seconds + self.duration_seconds


class LoadOrder(Value, frozen=True, kw_only=True):
    """
    A plan and the share of one worker in it.
    """

    plan: LoadPlan
    worker: int
    workers: int


class ErrorCount(Value, frozen=True, kw_only=True):
    """
    Failures of one kind, and the text of the first.
    """

    count: int
    example: str


class WorkerInterval(Value, frozen=True, kw_only=True):
    """
    What a worker counted in a second of the test. `latencies` and `failures` are by the number of the target;
    `latencies` and `lags` count microseconds. `warm_up` are requests of the warm-up.
    """

    second: int
    seconds: float = 1.0
    users: int = 0
    latencies: Mapping[int, Mapping[int, int]] = {}
    failures: Mapping[int, int] = {}
    errors: Mapping[str, ErrorCount] = {}
    lags: Mapping[int, int] = {}
    received_bytes: int = 0
    warm_up: int = 0


class WorkerDone(Value, frozen=True, kw_only=True):
    """
    The last message of a worker: when its last answer came, in seconds since the start, and its CPU time.
    """

    elapsed_seconds: float
    cpu_seconds: float
    cpu_wait_seconds: float | None = None


class WorkerMessage(Value, frozen=True, kw_only=True):
    """
    A line from a worker: it is ready, it counted an interval, it is done, or it has a problem. A master sends the lines
    of all its workers.
    """

    ready: str = ""
    interval: WorkerInterval | None = None
    done: WorkerDone | None = None
    problem: str = ""


class LocustOrder(Value, frozen=True, kw_only=True):
    """
    Where a master and its workers meet. The master waits for `workers` at most `wait_seconds`, and then goes on
    without those that did not connect. The order of a worker has no plan: it gets it from the master.
    """

    host: str
    port: int
    workers: int = 0
    wait_seconds: float = 0.0
    plan: LoadPlan | None = None
