"""
The requests that a test sends, by whatever library.
"""

import subprocess
import sys
from collections.abc import Mapping

import pytest

from paceline.model import Case, HostTraffic
from paceline.usage import UsageKey
from support.suite import Suite

_CONFTEST = """
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    import pytest

    @pytest.fixture(scope="session")
    def url():
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                is_moved = self.path == "/moved"
                body = b"" if is_moved else b"x" * 100
                self.send_response(302 if is_moved else 200)
                if is_moved: self.send_header("location", "/")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_): pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()

    @pytest.fixture(scope="session")
    def closed():
        import socket
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{taken.getsockname()[1]}"
"""
_TESTS = """
    import asyncio
    import socket
    import urllib.error
    from urllib.request import urlopen

    import aiohttp
    import httpx
    import httpx2
    import pytest
    import requests
    import urllib3

    def test_urllib(url): urlopen(url).read()

    def test_urllib_redirect(url): urlopen(url + "/moved").read()

    def test_urllib_refused(closed):
        with pytest.raises(urllib.error.URLError): urlopen(closed)

    def test_requests(url): assert len(requests.get(url).content) == 100

    def test_requests_redirect(url): requests.get(url + "/moved")

    def test_requests_session(url):
        with requests.Session() as session:
            for _ in range(3): session.get(url)

    def test_requests_refused(closed):
        with pytest.raises(requests.ConnectionError): requests.get(closed)

    def test_urllib3(url): urllib3.PoolManager().request("GET", url)

    def test_httpx(url): httpx.get(url)

    def test_httpx_redirect(url): httpx.get(url + "/moved", follow_redirects=True)

    def test_httpx_refused(closed):
        with pytest.raises(httpx.ConnectError): httpx.get(closed)

    def test_httpx2(url): httpx2.get(url)

    def test_httpx_async(url):
        async def main():
            async with httpx.AsyncClient() as client:
                await asyncio.gather(*[client.get(url) for _ in range(4)])
        asyncio.run(main())

    def test_httpx_application():
        async def application(scope, receive, send):
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        async def main():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(application)) as client:
                return await client.get("http://shop/")
        assert asyncio.run(main()).status_code == 204

    def test_aiohttp(url):
        async def main():
            async with aiohttp.ClientSession() as session:
                async with session.get(url) as response: await response.read()
        asyncio.run(main())

    def test_aiohttp_redirect(url):
        async def main():
            async with aiohttp.ClientSession() as session:
                async with session.get(url + "/moved") as response: await response.read()
        asyncio.run(main())

    def test_aiohttp_refused(closed):
        async def main():
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.ClientConnectionError): await session.get(closed)
        asyncio.run(main())

    def test_socket(url):
        host, port = url.removeprefix("http://").split(":")
        socket.create_connection((host, int(port))).close()

    def test_nothing(): pass
"""
# Requests, those without an answer, and bytes received.
_EXPECTED = {
    "test_urllib": (1, 0, 100),
    "test_urllib_redirect": (2, 0, 100),
    "test_urllib_refused": (1, 1, 0),
    "test_requests": (1, 0, 100),
    "test_requests_redirect": (2, 0, 100),
    "test_requests_session": (3, 0, 300),
    "test_requests_refused": (1, 1, 0),
    "test_urllib3": (1, 0, 100),
    "test_httpx": (1, 0, 100),
    "test_httpx_redirect": (2, 0, 100),
    "test_httpx_refused": (1, 1, 0),
    "test_httpx2": (1, 0, 100),
    "test_httpx_async": (4, 0, 400),
    "test_httpx_application": (0, 0, 0),
    "test_aiohttp": (1, 0, 100),
    "test_aiohttp_redirect": (2, 0, 100),
    "test_aiohttp_refused": (0, 0, 0),
    "test_socket": (0, 0, 0),
    "test_nothing": (0, 0, 0),
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Case]:
    """
    The cases of a suite that was run, by the name of the test.
    """
    suite = Suite(tmp_path_factory.mktemp("suite"))
    suite.write("conftest.py", _CONFTEST)
    suite.write("test_suite.py", _TESTS)
    result = suite.run()

    assert set(result.outcomes.values()) == {"passed"}, result.output
    return {case.id.partition("::")[2]: case for case in result.run.cases}


@pytest.mark.parametrize(("test", "expected"), _EXPECTED.items())
def test_requests_are_counted(cases: Mapping[str, Case], test: str, expected: tuple[int, int, int]) -> None:
    """
    Redirects and requests without an answer are requests; an application in the process is no network.
    """
    keys = (UsageKey.NETWORK_REQUESTS, UsageKey.NETWORK_ERRORS, UsageKey.NETWORK_RECEIVED_BYTES)

    assert tuple(cases[test].usage.get(key, 0) for key in keys) == expected


def test_connections_are_counted_where_no_library_is_watched(cases: Mapping[str, Case]) -> None:
    """
    A bare socket is a connection, and so is each that a library of Python opens.
    """
    connections = {test: cases[test].usage.get(UsageKey.NETWORK_CONNECTIONS) for test in cases}

    assert connections["test_socket"] == 1
    assert connections["test_requests_session"] == 1
    assert connections["test_aiohttp_refused"] == 1
    assert connections["test_nothing"] is None


def test_hosts_are_kept_by_name(cases: Mapping[str, Case]) -> None:
    """
    With what was exchanged with each.
    """
    (host,) = cases["test_requests_session"].hosts

    assert host == HostTraffic(host="127.0.0.1", requests=3, connections=1, received_bytes=300, seconds=host.seconds)
    assert 0 < host.seconds == cases["test_requests_session"].usage[UsageKey.NETWORK_SECONDS]
    assert cases["test_nothing"].hosts == ()


def test_libraries_are_as_they_were(tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    When pytest is done, each function is the library's own again.
    """
    suite = Suite(tmp_path_factory.mktemp("suite"))
    suite.write("test_suite.py", "def test_it(): import httpx, sqlite3, sqlalchemy, aiohttp, urllib3")
    suite.write(
        "run.py",
        """
        import http.client, pytest, socket, sqlite3
        names = (sqlite3, "connect"), (http.client.HTTPConnection, "putrequest")
        before = [getattr(*name) for name in names]
        connect = socket.socket.connect
        assert pytest.main(["--paceline", "-q", "-p", "no:asyncio"]) == 0
        assert [getattr(*name) for name in names] == before
        assert socket.socket.connect is connect
        assert "connect" not in vars(socket.socket)
        import httpx
        assert "paceline" not in httpx.HTTPTransport.handle_request.__code__.co_filename
        """,
    )
    process = subprocess.run(
        [sys.executable, "run.py"],
        cwd=suite.folder,
        env=suite.environ,
        timeout=60,
        check=False,
        capture_output=True,
        text=True,
    )

    assert process.returncode == 0, process.stderr


def test_no_library_is_imported_for_its_own_sake(tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    A suite that imports none of them has none of them.
    """
    suite = Suite(tmp_path_factory.mktemp("suite"))
    suite.write(
        "test_suite.py",
        """
        import sys

        def test_it():
            watched = {"sqlalchemy", "django", "psycopg", "asyncpg", "httpx", "httpx2", "aiohttp", "redis", "pymongo"}
            assert watched & set(sys.modules) == set()
        """,
    )

    assert suite.run("-p", "no:anyio").code == 0
