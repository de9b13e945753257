"""
CPU time that counting adds to one query, command or request, in microseconds, beside OpenTelemetry's instrumentation of
the same library.

Each figure is of a process of its own, which does the same thousands of times; its CPU time is that of the
quickest of many small batches, as whatever else the machine does only adds. In each round, the processes of a library
run one after the other: bare, with Paceline's hooks, with OpenTelemetry's instrumentation and a tracer that keeps spans
in no place. What is added is the difference to the bare one of the same round.

How to read it: `bare` is the query itself, `added` the median over rounds, `lowest` and `highest` the extremes. SQLite
lies in memory; PostgreSQL, Redis and an HTTP server run on loopback, and their CPU is not counted.
"""

import argparse
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from math import isnan, nan
from statistics import median
from typing import Any

from peers import HOW_TO_INSTALL, ROOT, clean_environ, interpreter, is_installed, versions
from tabulate import tabulate

_SECONDS, _BATCH_SECONDS = 2.0, 0.001
_MODES = ("bare", "Paceline", "OpenTelemetry")
_ADDRESS, _REDIS_PORT, _HTTP_PORT = "BENCHMARK_POSTGRES", "BENCHMARK_REDIS", "BENCHMARK_HTTP"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_Query = Callable[[int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """
    A library, the instrumentation of OpenTelemetry for it, and the most that Paceline may add, in microseconds.
    """

    name: str
    target_us: float
    instrumentation: str
    instrumentor: str
    server: str = ""


_LIBRARIES = (
    Library(name="sqlite3", target_us=1.2, instrumentation="sqlite3", instrumentor="SQLite3Instrumentor"),
    Library(name="sqlalchemy", target_us=10, instrumentation="sqlalchemy", instrumentor="SQLAlchemyInstrumentor"),
    Library(name="django", target_us=5, instrumentation="sqlite3", instrumentor="SQLite3Instrumentor"),
    Library(
        name="psycopg", target_us=3, instrumentation="psycopg", instrumentor="PsycopgInstrumentor", server=_ADDRESS
    ),
    Library(name="redis", target_us=3, instrumentation="redis", instrumentor="RedisInstrumentor", server=_REDIS_PORT),
    Library(
        name="requests", target_us=5, instrumentation="requests", instrumentor="RequestsInstrumentor", server=_HTTP_PORT
    ),
    Library(
        name="httpx", target_us=5, instrumentation="httpx", instrumentor="HTTPXClientInstrumentor", server=_HTTP_PORT
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="libraries, separated by commas")
    parser.add_argument("--child", nargs=2, metavar=("LIBRARY", "MODE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(_measured(*options.child)))
        return
    chosen = [one for one in _LIBRARIES if not options.only or one.name in options.only.split(",")]
    print(versions("paceline"))
    print(tabulate(list(_rows(chosen, options.rounds)), headers=_HEADERS, floatfmt=".2f"))


_HEADERS = ("query by", "counted by", "bare µs", "added µs", "lowest", "highest", "target")


def _rows(libraries: list[Library], rounds: int) -> Iterator[tuple[object, ...]]:
    with _servers({library.server for library in libraries}) as environ:
        for library in libraries:
            module = f"opentelemetry.instrumentation.{library.instrumentation}"
            modes = [mode for mode in _MODES if mode != "OpenTelemetry" or is_installed(module)]
            figures = [{mode: _asked(library, mode, environ) for mode in modes} for _ in range(rounds)]
            bare = median(one["bare"] for one in figures)
            for mode in _MODES[1:]:
                if any(isnan(one.get(mode, nan)) for one in figures):
                    reason = "not installed" if mode not in modes else "not for this version"
                    yield library.name, mode, bare, reason, "", "", HOW_TO_INSTALL if mode not in modes else ""
                else:
                    added = [one[mode] - one["bare"] for one in figures]
                    target = _against_target(library, median(added)) if mode == "Paceline" else ""
                    yield library.name, mode, bare, median(added), min(added), max(added), target


def _against_target(library: Library, added: float) -> str:
    return f"at most {library.target_us:g}: {'kept' if added <= library.target_us else 'MISSED'}"


@contextmanager
def _servers(needed: Collection[str]) -> Iterator[dict[str, str]]:
    """
    The servers that are needed, and the variables that say where they are.
    """
    sys.path.append(str(ROOT / "tests"))
    from support.cache_servers import redis  # noqa: PLC0415 - tests start the same servers
    from support.database_servers import postgres  # noqa: PLC0415

    with ExitStack() as stack:
        servers: dict[str, Callable[[], AbstractContextManager[object]]] = {
            _ADDRESS: postgres,
            _REDIS_PORT: redis,
            _HTTP_PORT: _http_server,
        }
        yield {name: str(stack.enter_context(server())) for name, server in servers.items() if name in needed}


@contextmanager
def _http_server() -> Iterator[int]:
    """
    A server in a process of its own that gives each request the same answer.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = multiprocessing.get_context("fork").Process(target=_serve, args=(listener,), daemon=True)
        process.start()
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.join()


def _serve(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            received = b""
            while data := connection.recv(65_536):
                received += data
                if received.endswith(b"\r\n\r\n"):
                    connection.sendall(_ANSWER)
                    received = b""


def _asked(library: Library, mode: str, environ: dict[str, str]) -> float:
    command = [str(interpreter()), __file__, "--child", library.name, mode]
    environ = {**clean_environ(), **environ}
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    figure: float = json.loads(done.stdout)
    return figure


def _measured(name: str, mode: str) -> float:
    """
    The CPU time of one query in microseconds; NaN where the instrumentation is not for this version of the library.
    """
    if not _CONNECT[mode](next(library for library in _LIBRARIES if library.name == name)):
        return nan
    query = _QUERY[name]()
    ended = time.process_time() + _SECONDS
    # Until everything is imported and known.
    queries, quickest = 1, _batch(query, 50)
    while time.process_time() < ended:
        quickest = min(quickest, _batch(query, queries))
        queries = max(1, int(_BATCH_SECONDS / quickest))
    return quickest * 1e6


def _batch(query: _Query, queries: int) -> float:
    started = time.process_time()
    for number in range(queries):
        query(number)
    return (time.process_time() - started) / queries


def _watch(_: Library) -> bool:
    from paceline.probes.touch.hooks import Hooks  # noqa: PLC0415 - in the processes that need it, as all below

    def failed(error: Exception, doing: str) -> None:
        raise SystemExit(f"{doing}: {error!r}")

    hooks = Hooks(str(ROOT), failed)
    hooks.install()
    hooks.attribution.start_test()
    return True


def _instrument(library: Library) -> bool:
    from importlib import import_module  # noqa: PLC0415

    from opentelemetry import trace  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    trace.set_tracer_provider(TracerProvider())
    module = import_module(f"opentelemetry.instrumentation.{library.instrumentation}")
    instrumentor = getattr(module, library.instrumentor)()
    instrumentor.instrument()
    return bool(instrumentor.is_instrumented_by_opentelemetry)


def _sqlite_query() -> _Query:
    import sqlite3  # noqa: PLC0415

    connection = sqlite3.connect(":memory:")
    return lambda number: connection.cursor().execute("select ?", (number,)).fetchone()


def _sqlalchemy_query() -> _Query:
    import sqlalchemy as sa  # noqa: PLC0415
    from sqlalchemy.orm import Session, declarative_base  # noqa: PLC0415

    base: Any = declarative_base()
    item: Any = type("Item", (base,), {"__tablename__": "item", "id": sa.Column(sa.Integer, primary_key=True)})
    session = Session(sa.create_engine("sqlite://"))
    base.metadata.create_all(session.connection())
    return lambda number: session.scalars(sa.select(item).where(item.id == number)).first()


def _django_query() -> _Query:
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection, models  # noqa: PLC0415

    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    settings.configure(DATABASES={"default": database}, DEFAULT_AUTO_FIELD="django.db.models.AutoField")
    django.setup()
    options = type("Meta", (), {"app_label": "shop"})
    item: Any = type("Item", (models.Model,), {"__module__": __name__, "Meta": options})
    with connection.schema_editor() as editor:
        editor.create_model(item)
    return lambda number: item.objects.filter(pk=number).first()


def _psycopg_query() -> _Query:
    import psycopg  # noqa: PLC0415

    connection = psycopg.connect(os.environ[_ADDRESS], autocommit=True)
    return lambda number: connection.execute("select %s::int", (number,)).fetchone()


def _redis_query() -> _Query:
    import redis  # noqa: PLC0415

    client = redis.Redis(port=int(os.environ[_REDIS_PORT]))
    client.set("there", 1)
    return lambda _: client.get("there")


def _requests_query() -> _Query:
    import requests  # noqa: PLC0415

    session, url = requests.Session(), f"http://127.0.0.1:{os.environ[_HTTP_PORT]}/"
    session.trust_env = False
    return lambda _: session.get(url)


def _httpx_query() -> _Query:
    import httpx  # noqa: PLC0415

    client, url = httpx.Client(trust_env=False), f"http://127.0.0.1:{os.environ[_HTTP_PORT]}/"
    return lambda _: client.get(url)


_CONNECT: dict[str, Callable[[Library], bool]] = {
    "bare": lambda _: True,
    "Paceline": _watch,
    "OpenTelemetry": _instrument,
}
_QUERY: dict[str, Callable[[], _Query]] = {
    "sqlite3": _sqlite_query,
    "sqlalchemy": _sqlalchemy_query,
    "django": _django_query,
    "psycopg": _psycopg_query,
    "redis": _redis_query,
    "requests": _requests_query,
    "httpx": _httpx_query,
}


if __name__ == "__main__":
    main()
