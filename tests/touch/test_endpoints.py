"""
Endpoints of the project's own web application, by route.
"""

from collections.abc import Mapping

import pytest

from paceline.model import Case
from paceline.usage import UsageKey
from support.suite import Suite

_CONFTEST = """
    import django
    from django.conf import settings

    settings.configure(ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"], SECRET_KEY="x", DEBUG=False, DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
    django.setup()
"""
_URLS = """
    from django.http import HttpResponse
    from django.urls import path

    def order(request, number):
        return HttpResponse(status=500 if number == 500 else 200)

    urlpatterns = [path("orders/<int:number>", order)]
"""
_APPS = """
    import sqlite3

    from flask import Flask
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    def fed():
        db = sqlite3.connect(":memory:")
        db.execute("create table line (id)")
        db.executemany("insert into line values (?)", [(n,) for n in range(5)])
        for (number,) in db.execute("select id from line").fetchall():
            db.execute("select id from line where id = ?", (number,)).fetchone()
        db.close()

    async def order(request):
        if request.path_params["id"] == "500":
            raise ValueError("broken")
        return PlainTextResponse(request.path_params["id"])

    async def lines(request):
        fed()
        return PlainTextResponse("lines")

    inner = Starlette(routes=[Route("/orders/{id}", order)])
    starlette = Starlette(
        routes=[Route("/orders/{id}", order), Route("/lines/{id}", lines), Mount("/api", inner)]
    )
    flask = Flask("shop")

    @flask.route("/orders/<int:number>")
    def flask_order(number):
        if number == 500:
            raise ValueError("broken")
        return str(number)
"""
_TESTS = """
    import asyncio
    import threading
    from urllib.request import urlopen
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    import httpx
    import pytest
    from apps import flask, starlette
    from django.test import Client
    from starlette.testclient import TestClient

    def test_starlette():
        client = TestClient(starlette)
        assert [client.get(f"/orders/{n}").status_code for n in range(3)] == [200] * 3

    def test_starlette_error():
        assert TestClient(starlette, raise_server_exceptions=False).get("/orders/500").status_code == 500

    def test_starlette_mount(): assert TestClient(starlette).get("/api/orders/3").status_code == 200

    def test_starlette_no_route():
        assert TestClient(starlette).get("/secret-token-in-a-url").status_code == 404

    def test_repeated_in_each():
        client = TestClient(starlette)
        for number in range(4): client.get(f"/lines/{number}")

    def test_httpx_asgi():
        async def main():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(starlette), base_url="http://shop") as client:
                await asyncio.gather(*[client.get(f"/orders/{n}") for n in range(4)])
        asyncio.run(main())

    def test_httpx_wsgi():
        with httpx.Client(transport=httpx.WSGITransport(flask), base_url="http://shop") as client:
            assert client.get("/orders/1").status_code == 200

    def test_flask():
        client = flask.test_client()
        assert [client.get(f"/orders/{n}").status_code for n in range(3)] == [200] * 3

    def test_flask_error(): assert flask.test_client().get("/orders/500").status_code == 500

    def test_flask_no_route(): assert flask.test_client().get("/secret").status_code == 404

    def test_flask_over_a_socket():
        class Quiet(WSGIRequestHandler):
            def log_message(self, *_): pass

        with make_server("127.0.0.1", 0, flask, handler_class=Quiet) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            assert urlopen(f"http://127.0.0.1:{server.server_port}/orders/7").status == 200
            server.shutdown()
            thread.join()

    def test_django(): assert [Client().get(f"/orders/{n}").status_code for n in range(2)] == [200] * 2

    def test_django_error():
        assert Client(raise_request_exception=False).get("/orders/500").status_code == 500

    def test_django_no_route(): assert Client().get("/secret").status_code == 404

    def test_nothing(): pass
"""
# Endpoint, answers, errors.
_EXPECTED = {
    "test_starlette": [("GET /orders/{id}", 3, 0)],
    "test_starlette_error": [("GET /orders/{id}", 1, 1)],
    "test_starlette_mount": [("GET /api/orders/{id}", 1, 0)],
    "test_starlette_no_route": [("GET (no route)", 1, 0)],
    "test_repeated_in_each": [("GET /lines/{id}", 4, 0)],
    "test_httpx_asgi": [("GET /orders/{id}", 4, 0)],
    "test_httpx_wsgi": [("GET /orders/<int:number>", 1, 0)],
    "test_flask": [("GET /orders/<int:number>", 3, 0)],
    "test_flask_error": [("GET /orders/<int:number>", 1, 1)],
    "test_flask_no_route": [("GET (no route)", 1, 0)],
    "test_flask_over_a_socket": [("GET /orders/<int:number>", 1, 0)],
    "test_django": [("GET /orders/<int:number>", 2, 0)],
    "test_django_error": [("GET /orders/<int:number>", 1, 1)],
    "test_django_no_route": [("GET (no route)", 1, 0)],
    "test_nothing": [],
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Case]:
    """
    The cases of a suite that was run, by the name of the test.
    """
    suite = Suite(tmp_path_factory.mktemp("suite"))
    for name, content in (
        ("conftest.py", _CONFTEST),
        ("urls.py", _URLS),
        ("apps.py", _APPS),
        ("test_suite.py", _TESTS),
        ("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['.']\n"),
    ):
        suite.write(name, content)
    result = suite.run()

    assert set(result.outcomes.values()) == {"passed"}, result.output
    return {case.id.partition("::")[2]: case for case in result.run.cases}


@pytest.mark.parametrize(("test", "expected"), _EXPECTED.items())
def test_endpoints_are_timed_by_route(
    cases: Mapping[str, Case], test: str, expected: list[tuple[str, int, int]]
) -> None:
    """
    In the process and over a socket; no URL is kept.
    """
    endpoints = cases[test].endpoints

    assert [(one.endpoint, one.requests, one.errors) for one in endpoints] == expected
    assert all(0 < one.p50_seconds <= one.p95_seconds <= one.max_seconds <= one.seconds for one in endpoints)


def test_a_request_in_the_process_is_no_network(cases: Mapping[str, Case]) -> None:
    """
    The same application over a socket is.
    """
    assert UsageKey.NETWORK_REQUESTS not in cases["test_flask"].usage
    assert cases["test_flask_over_a_socket"].usage[UsageKey.NETWORK_REQUESTS] == 1


def test_queries_are_repeated_within_a_request(cases: Mapping[str, Case]) -> None:
    """
    A loop of the test over requests does not hide the loop inside each.
    """
    (repeated,) = (group for group in cases["test_repeated_in_each"].queries if group.is_repeated)

    assert (repeated.count, repeated.place) == (20, "apps.py:14")
