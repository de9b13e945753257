"""
A worker of Locust: it connects to its master, and sends its share of the plan by the users of Locust.
"""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import accumulate, cycle, islice
from random import Random
from threading import Event, Thread
from typing import Any, BinaryIO, Final
from urllib.parse import urljoin

import gevent
import locust
from gevent.os import tp_read
from locust.env import Environment
from locust.util.load_locustfile import load_locustfile
from msgspec import json

from paceline.testkit.load.allowed_hosts import is_allowed
from paceline.testkit.load.calls import Call, Calls, be_user
from paceline.testkit.load.endpoint import Message, Target, origin_of
from paceline.testkit.load.load_plan import LoadOrder, LoadPlan, LocustOrder, WorkerDone, WorkerMessage
from paceline.testkit.load.locust_master import HELLO, MESSAGE, START, STOP
from paceline.testkit.load.schedule import user_starts
from paceline.testkit.load.tally import Failure, Tally
from paceline.version import __version__

_POLL_SECONDS = 0.1
_ERROR, _SEE_OTHER, _MOST_REDIRECTS = 400, 303, 10
_REDIRECTS, _AS_GET = frozenset({301, 302, 303, 307, 308}), frozenset({301, 302})
_SHOWN = frozenset({"host", "content-length", "user-agent"})


def run(orders: BinaryIO, _: BinaryIO) -> None:
    """
    Be a worker until the end of the orders.
    """
    order = json.decode(orders.readline(), type=LocustOrder)
    gevent.spawn(serve, order.host, order.port)
    while tp_read(orders.fileno(), 1 << 10):
        pass
    os._exit(0)


def serve(host: str, port: int) -> None:
    """
    Be a worker of a master, until the master is gone.
    """
    _Worker(host, port).runner.greenlet.join()


class _Worker:
    """
    A worker, which sends one plan.
    """

    def __init__(self, host: str, port: int) -> None:
        self._environment: Final = Environment()
        self._environment.stop_timeout = 0
        self._stop: Final = Event()
        self.runner: Final = self._environment.create_worker_runner(host, port)
        self.runner.register_message(START, self._on_start, concurrent=True)
        self.runner.register_message(STOP, lambda **_: self._stop.set())
        self.runner.send_message(HELLO, {"version": __version__})

    def _on_start(self, msg: Any, **_: object) -> None:  # noqa: ANN401 - Locust has its own type
        order = json.decode(msg.data["order"], type=LoadOrder)
        plan, cpu = order.plan, time.process_time()
        calls, tally = Calls(plan, time.monotonic(), order.worker, order.workers), Tally(max(len(plan.targets), 1))
        if plan.locustfile:
            self._spawn_users_of_file(plan, order, calls, tally)
        else:
            self._spawn_users(plan, order, calls)
        self._follow(plan, order, calls, tally)
        elapsed = max(min(calls.end, time.monotonic()), calls.last) - calls.start
        done = WorkerDone(elapsed_seconds=elapsed, cpu_seconds=time.process_time() - cpu)
        self._send(WorkerMessage(done=done))

    def _spawn_users(self, plan: LoadPlan, order: LoadOrder, calls: Calls) -> None:
        requests = _Requests(plan, order)
        starts = user_starts(plan.users, 0.0 if plan.rates else plan.ramp_up_seconds, order.worker, order.workers)
        for number, begin in enumerate(starts):
            client = _client(plan, self._environment)
            arguments = (calls, number, calls.start + begin, requests.chooser(client), self._stop)
            Thread(target=be_user, args=arguments, daemon=True).start()

    def _spawn_users_of_file(self, plan: LoadPlan, order: LoadOrder, calls: Calls, tally: Tally) -> None:
        sys.path.insert(0, os.path.dirname(plan.locustfile))  # noqa: PTH120 - as Locust does it
        classes = next(part for part in load_locustfile(plan.locustfile) if isinstance(part, dict))
        self._environment.user_classes = list(classes.values())
        self._environment.host = plan.host
        for user_class in self._environment.user_classes:
            user_class.host = plan.host
        self._environment.events.request.add_listener(_counter(tally, calls))
        names = cycle(sorted(classes))
        starts = user_starts(plan.users, plan.ramp_up_seconds, order.worker, order.workers)
        for begin, name in zip(starts, names, strict=False):
            gevent.spawn_later(begin, self._spawn_user, name, calls)

    def _spawn_user(self, name: str, calls: Calls) -> None:
        if time.monotonic() < calls.end and not self._stop.is_set():
            self.runner.spawn_users({name: 1})

    def _follow(self, plan: LoadPlan, order: LoadOrder, calls: Calls, tally: Tally) -> None:
        second, users = 0, len(user_starts(plan.users, 0.0, order.worker, order.workers))
        while time.monotonic() < calls.gives_up_at and not self._stop.is_set():
            self._stop.wait(_POLL_SECONDS)
            calls.drain(tally)
            tally.has_users(users)
            now = time.monotonic()
            if now >= calls.start + second + 1 and second < plan.whole_seconds:
                self._send(WorkerMessage(interval=tally.take(second)))
                second += 1
            if now >= calls.end and (plan.locustfile or not calls.in_flight):
                break
        calls.end = min(calls.end, time.monotonic())
        self._stop.set()
        if plan.locustfile:
            self.runner.stop()
        calls.drain(tally)
        calls.give_up(tally)
        self._send(WorkerMessage(interval=tally.take(int(plan.whole_seconds))))

    def _send(self, message: WorkerMessage) -> None:
        self.runner.send_message(MESSAGE, {"line": json.encode(message).decode()})


def _counter(tally: Tally, calls: Calls) -> Any:  # noqa: ANN401 - a listener of Locust
    def count(response_time: float, exception: BaseException | None, response_length: int, **_: object) -> None:
        if time.monotonic() < calls.counted_from:
            tally.warm_up()
        elif exception is not None:
            tally.failure(0, Failure(type(exception).__name__, str(exception)))
        else:
            tally.answer(0, response_time / 1e3)
        tally.received(int(response_length or 0))

    return count


class _Requests:
    """
    The requests of a plan, for all users of a worker.
    """

    def __init__(self, plan: LoadPlan, order: LoadOrder) -> None:
        self._plan: Final = plan
        self._messages: Final[list[Iterator[Message]]] = [
            islice(cycle(target.messages), order.worker % len(target.messages), None) for target in plan.targets
        ]
        self._weights: Final = list(accumulate(target.weight for target in plan.targets))
        self._random: Final = Random(order.worker)  # noqa: S311 - no secret

    def chooser(self, client: Any) -> Any:  # noqa: ANN401 - Locust's client
        """
        What chooses the requests of one user.
        """

        def choose() -> tuple[int, Call]:
            point = self._random.random() * self._weights[-1]
            number = next(number for number, weight in enumerate(self._weights) if point < weight)
            message = next(self._messages[number])
            return number, lambda: _failure(client, self._plan, self._plan.targets[number], message)

        return choose


def _client(plan: LoadPlan, environment: Environment) -> Any:  # noqa: ANN401 - Locust's client
    seconds, verified, ca_file = plan.timeout_seconds, plan.is_verified, plan.ca_file

    def context() -> Any:  # noqa: ANN401 - gevent's
        return gevent.ssl.create_default_context(cafile=ca_file or None)

    class User(locust.FastHttpUser):
        """
        Has the client of a user.
        """

        abstract = True
        host = ""
        network_timeout = connection_timeout = seconds
        insecure = not verified
        ssl_context_factory = staticmethod(context) if verified else None

    return User(environment).client


def _failure(client: Any, plan: LoadPlan, target: Target, message: Message) -> Failure | None:  # noqa: ANN401
    origin, method, body = target.origin, target.method, message.body
    url = f"{origin.scheme}://{origin.authority}{message.path}"
    for _ in range(_MOST_REDIRECTS + 1):
        if not plan.keeps_cookies:
            client.cookiejar.clear()
        answer = client.request(method, url, data=body, headers=_headers(message), allow_redirects=False)
        if answer.status_code not in _REDIRECTS or not plan.follows_redirects or target.expect_status is not None:
            return _checked(answer, target)
        url = urljoin(url, answer.headers["location"])
        if not is_allowed(origin_of(url).host, plan.allowed_hosts):
            return Failure("redirect to a host that is not allowed", f"{target.name}: redirected to {url}")
        if answer.status_code == _SEE_OTHER or (answer.status_code in _AS_GET and method == "POST"):
            method, body = "GET", b""
    return Failure("too many redirects", f"{target.name}: more than {_MOST_REDIRECTS} redirects")


def _headers(message: Message) -> Mapping[str, str]:
    lines = message.head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(": ") for line in lines if line)
    return {name: value for name, _, value in pairs if name.lower() not in _SHOWN} | {"Accept-Encoding": "identity"}


def _checked(answer: Any, target: Target) -> Failure | None:  # noqa: ANN401 - of Locust
    status, wanted = answer.status_code, target.expect_status
    if not status:
        error = getattr(answer, "error", None)
        return Failure(type(error).__name__, f"{target.name}: {error}")
    if status != wanted if wanted is not None else status >= _ERROR:
        return Failure(f"status {status}", f"{target.name}: status {status}")
    if target.expect_text and target.expect_text not in (answer.content or b""):
        return Failure("unexpected body", f"{target.name}: {(answer.content or b'')[:100]!r}")
    return None
