"""
Spans of the application: they belong to the test that runs, and count where no hook saw what they stand for.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from paceline.usage import UsageKey
from support.receiving import receiving
from support.suite import Result, Suite

_APP = """
    import json
    import os

    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

    class Lines(SpanExporter):
        def export(self, spans):
            with open(os.environ["SPANS"], "a") as file:
                for span in spans:
                    parent = span.parent.span_id if span.parent else 0
                    ids = span.context.trace_id, span.context.span_id, parent
                    print(json.dumps([span.name, *ids, span.start_time, span.end_time]), file=file)
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Lines()))
    trace.set_tracer_provider(provider)
    tracer = provider.get_tracer("shop")

    def client(name, scope="shop", **attributes):
        attributes = {key.replace("_", "."): value for key, value in attributes.items()}
        tracer = provider.get_tracer(scope)
        return tracer.start_as_current_span(name, kind=trace.SpanKind.CLIENT, attributes=attributes)
"""
_CONFTEST = """
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    import pytest

    @pytest.fixture(scope="session")
    def url():
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                headers = self.headers.get_all("traceparent") or []
                body = ",".join(headers).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_): pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()
"""
_TESTS = """
    import asyncio
    import os
    import sqlite3
    from concurrent.futures import ThreadPoolExecutor
    from urllib.request import Request, urlopen

    import aiohttp
    import httpx
    import pytest
    from app import client, tracer

    HAS_HEADERS = "HEADERS" in os.environ
    OWN = "00-" + 32 * "a" + "-" + 16 * "b" + "-01"

    def test_sold():
        with tracer.start_as_current_span("sold"):
            with tracer.start_as_current_span("counted"):
                pass

    def test_pool():
        def work():
            with tracer.start_as_current_span("pooled"):
                pass
        with ThreadPoolExecutor() as pool:
            pool.submit(work).result()

    @pytest.mark.asyncio(loop_scope="module")
    async def test_loop():
        with tracer.start_as_current_span("first"):
            await asyncio.sleep(0)

    @pytest.mark.asyncio(loop_scope="module")
    async def test_loop_again():
        with tracer.start_as_current_span("second"):
            await asyncio.sleep(0)

    @pytest.mark.parametrize("library", ["urllib", "httpx", "aiohttp"])
    def test_header(library, url):
        async def by_aiohttp(headers):
            async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
                return await response.text()

        get = {
            "urllib": lambda headers: urlopen(Request(url, headers=headers)).read().decode(),
            "httpx": lambda headers: httpx.get(url, headers=headers).text,
            "aiohttp": lambda headers: asyncio.run(by_aiohttp(headers)),
        }[library]
        with tracer.start_as_current_span("asked") as span:
            context = span.get_span_context()
            expected = f"00-{context.trace_id:032x}-{context.span_id:016x}-01" if HAS_HEADERS else ""
            assert get({}) == expected
        assert get({"traceparent": OWN}) == OWN

    def test_unwatched():
        with client("select", db_system="cassandra", db_statement="select * from item where id = 'secret'"):
            with client("connect", db_system="cassandra"):
                pass
        with client("get", db_system_name="redis"):
            pass
        with client("GET", http_request_method="GET", server_address="shop.internal", http_response_status_code=200):
            pass

    def test_watched():
        with client("select", db_system="sqlite"):
            sqlite3.connect(":memory:").execute("select 1").fetchall()
        with client("select", "opentelemetry.instrumentation.sqlalchemy", db_system="sqlite"):
            pass
"""


@dataclass(frozen=True)
class Told:
    """
    The run, the spans that Paceline sent by name, and those of the application by name: trace, id, parent, times.
    """

    result: Result
    sent: Mapping[str, Span]
    spans: Mapping[str, list[Any]]

    def parent_of(self, name: str) -> str:
        """
        The name of the test that is the parent of a span; "" for none.
        """
        _, parent = self.spans[name][0], self.spans[name][2]
        return next((one.name.partition("::")[2] for one in self.sent.values() if _number(one.span_id) == parent), "")


@pytest.fixture(scope="module", params=[(), ("-n", "2")], ids=["alone", "workers"])
def traced(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """
    The suite with traces, whose requests get headers; in this process or in workers of xdist.
    """
    folder = tmp_path_factory.mktemp("traced")
    with receiving(status=200) as server:
        options = (*request.param, "--paceline-otlp", server.url, "--paceline-otlp-traces")
        result = _run(folder, options, "trace_requests = true", {"HEADERS": "yes"})
        requests = [one for one in server.requests if one.path == "/v1/traces"]
    messages = [ExportTraceServiceRequest.FromString(_unpacked(one.body)) for one in requests]
    sent = [span for message in messages for span in message.resource_spans[0].scope_spans[0].spans]
    return Told(result, {span.name: span for span in sent}, _spans(folder))


def test_spans_of_the_application_belong_to_the_test(traced: Told) -> None:
    """
    Also in a pool, and in a loop that an earlier test began; a span inside another one belongs to that.
    """
    names = {"sold": "test_sold", "pooled": "test_pool", "first": "test_loop", "second": "test_loop_again"}

    assert set(traced.result.outcomes.values()) == {"passed"}, traced.result.output
    assert {name: traced.parent_of(name) for name in names} == names
    assert traced.spans["counted"][2] == traced.spans["sold"][1]
    assert {span[0] for span in traced.spans.values()} == {_number(span.trace_id) for span in traced.sent.values()}


def test_spans_of_tests_lie_around_those_of_the_application(traced: Told) -> None:
    """
    As the run knows when each test began. A monotonic clock may drift from the other by some milliseconds.
    """
    for name, test in {"sold": "test_sold", "second": "test_loop_again"}.items():
        span = traced.sent[f"test_shop.py::{test}"]
        *_, start, end = traced.spans[name]
        assert span.start_time_unix_nano - 20e6 < start <= end < span.end_time_unix_nano + 20e6


def test_what_no_hook_saw_counts_by_its_span(traced: Told) -> None:
    """
    Once, however many spans are made of it, and without its literals.
    """
    case = traced.result.case("test_unwatched")
    keys = (UsageKey.DB_QUERIES, UsageKey.CACHE_COMMANDS, UsageKey.NETWORK_REQUESTS)

    assert [case.usage.get(key) for key in keys] == [1, 1, 1]
    assert [host.host for host in case.hosts] == ["shop.internal"]
    assert [query.library for query in case.queries] == ["cassandra"]
    assert "secret" not in (traced.result.results / "latest_report.json").read_text("utf-8")


def test_what_a_hook_saw_does_not_count_by_its_span(traced: Told) -> None:
    """
    A query of sqlite3 in a span of a database is one, and a span of a library that is watched is none.
    """
    assert traced.result.case("test_watched").usage[UsageKey.DB_QUERIES] == 1


def test_without_traces_nothing_is_changed(tmp_path: Path) -> None:
    """
    Spans have no parent and requests no header, and what no hook saw counts all the same; also where OpenTelemetry was
    there before Paceline, as with `opentelemetry-instrument`.
    """
    result = _run(tmp_path, ("-p", "app"), "", {})
    spans = _spans(tmp_path)

    assert set(result.outcomes.values()) == {"passed"}, result.output
    assert {spans[name][2] for name in ("sold", "pooled", "first", "second", "asked")} == {0}
    assert result.case("test_unwatched").usage[UsageKey.DB_QUERIES] == 1


def _run(folder: Path, options: tuple[str, ...], setting: str, environ: Mapping[str, str]) -> Result:
    suite = Suite(folder)
    suite.write("app.py", _APP)
    suite.write("conftest.py", _CONFTEST)
    suite.write("test_shop.py", _TESTS)
    suite.write("pyproject.toml", f"[tool.paceline]\n{setting}\n")
    variables = {"SPANS": str(folder / "spans.jsonl"), "PYTHONPATH": str(folder), **environ}
    return suite.run(*options, environ=variables)


def _spans(folder: Path) -> Mapping[str, list[Any]]:
    lines = (folder / "spans.jsonl").read_text("utf-8").splitlines()
    return {name: span for name, *span in map(json.loads, lines)}


def _number(identifier: bytes) -> int:
    return int.from_bytes(identifier)


def _unpacked(body: bytes) -> bytes:
    return gzip.decompress(body)
