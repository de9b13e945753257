"""
Limits that a marker sets on the response time of an endpoint.
"""

import pytest

from paceline.verdict_kinds import VerdictKind
from support.suite import Result, Suite

_APPLICATIONS = """
    import time

    from flask import Flask
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    SECONDS = [0.0]

    async def order(request):
        time.sleep(SECONDS.pop(0) if len(SECONDS) > 1 else SECONDS[0])
        return PlainTextResponse("an order")

    orders = Route("/orders/{id:int}", order, methods=["GET", "DELETE"])
    asgi = Starlette(routes=[orders, Mount("/api", routes=[Route("/orders/{id}", order)])])
    wsgi = Flask("shop")

    @wsgi.route("/orders/<int:id>")
    def get_order(id):
        time.sleep(SECONDS[0])
        return "an order"
"""
_TESTS = """
    import pytest
    from shop import SECONDS, asgi, wsgi
    from starlette.testclient import TestClient

    limited = pytest.mark.performance
    client = TestClient(asgi)

    def get(path, times=3):
        for number in range(times):
            assert client.get(path.format(number)).status_code == 200

    @limited(endpoint="/orders/{id}", p95_ms=200)
    def test_within():
        SECONDS[:] = [0.0]
        get("/orders/{}")

    @limited(endpoint="GET /orders/{id}", p95_ms=200)
    def test_over():
        SECONDS[:] = [0.25]
        get("/orders/{}", times=1)

    @limited(endpoint="/orders/{id}", p95_ms=200, confirm=False)
    def test_over_and_not_again():
        SECONDS[:] = [0.25]
        get("/orders/{}", times=1)

    FIRST = []

    @limited(endpoint="/orders/{id}", p95_ms=200)
    def test_over_once():
        SECONDS[:] = [0.0 if FIRST else 0.25]
        FIRST.append(1)
        get("/orders/{}")

    @limited(endpoint="GET /orders/{id}", p95_ms=200)
    def test_another_is_slow():
        SECONDS[:] = [0.0, 0.0, 0.25]
        get("/orders/{}", times=2)
        get("/api/orders/{}", times=1)

    @limited(endpoint="/orders/{id}", p95_ms=200)
    def test_flask():
        SECONDS[:] = [0.25]
        assert wsgi.test_client().get("/orders/3").status_code == 200

    @limited(endpoint="/order/{id}", p95_ms=200)
    def test_unknown():
        SECONDS[:] = [0.0]
        get("/orders/{}")
        client.delete("/orders/1")

    @limited(endpoint="/orders/{id}", p95_ms=200)
    def test_asks_nothing(): pass
"""
_FAILED = {"test_over", "test_over_and_not_again", "test_flask", "test_unknown", "test_asks_nothing"}


@pytest.fixture(scope="module", params=[(), ("-n", "1")], ids=["alone", "worker"])
def result(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """
    One run of tests that ask slow and quick endpoints.
    """
    suite = Suite(tmp_path_factory.mktemp("suite"))
    suite.write("pyproject.toml", "[tool.paceline]\nbudgets_ms = {unit = 60000}\n")
    suite.write("shop.py", _APPLICATIONS)
    suite.write("test_shop.py", _TESTS)
    return suite.run(*request.param)


def test_a_slow_endpoint_fails_the_test(result: Result) -> None:
    """
    Where it is slow each time that the test is measured; only the endpoint that the marker names counts.
    """
    assert {name for name, outcome in result.outcomes.items() if outcome == "failed"} == _FAILED
    assert set(result.outcomes.values()) == {"passed", "failed"}


def test_the_limit_is_a_figure_and_a_verdict(result: Result) -> None:
    """
    By route and method, whatever framework answers; a repeat that kept the limit is the figure.
    """
    measure = result.case("test_within").measures["GET /orders/{id} p95"]
    flask = result.case("test_flask").measures["GET /orders/<int:id> p95"]
    broken = {one.case: one for one in result.run.verdicts if one.kind is VerdictKind.BUDGET}
    slow = {"test_over", "test_over_and_not_again", "test_flask"}

    assert (measure.limit, measure.unit, measure.breaks_limit) == (0.2, "seconds", False)
    assert flask.value >= 0.25
    assert result.case("test_over_once").measures["GET /orders/{id} p95"].value < 0.2
    assert {case_id.partition("::")[2] for case_id in broken if case_id} == slow
    assert broken["test_shop.py::test_over"].reason.startswith("GET /orders/{id} p95 ")
    assert "The test used more than it may: GET /orders/{id} p95 " in result.output


def test_an_endpoint_that_was_not_asked_is_named(result: Result) -> None:
    """
    With those that were.
    """
    unknown = "performance(endpoint='/order/{id}'): the test asked"
    assert f"{unknown} DELETE /orders/{{id}}, GET /orders/{{id}}, expected that endpoint" in result.output
    assert "performance(endpoint='/orders/{id}'): the test asked no endpoint, expected that endpoint" in result.output


@pytest.mark.parametrize(
    "marker", ['endpoint="/orders/{id}"', "p95_ms=50", 'endpoint="", p95_ms=50', "endpoint=3, p95_ms=50"]
)
def test_a_limit_needs_an_endpoint_and_a_time(suite: Suite, marker: str) -> None:
    """
    An error at collection.
    """
    suite.write("test_shop.py", f"import pytest\n@pytest.mark.performance({marker})\ndef test_one(): pass\n")
    result = suite.run()

    assert result.code == 2
    assert "expected performance(" in result.output
    assert "endpoint=<route>, p95_ms=<milliseconds>" in result.output
