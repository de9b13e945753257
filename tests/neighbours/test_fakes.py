"""
Beside tools that put something else in the place of clocks, files, sockets and requests, for a test or for the session.
"""

from pathlib import Path
from typing import Any

import pytest

from paceline.translated_names import RunCount
from paceline.usage import UsageKey
from support.neighbours import Neighbour, differences, misjudged, observe

_FREEZER = """
    import datetime

    import pytest
    from freezegun import freeze_time

    @pytest.fixture
    def frozen():
        with freeze_time("2021-06-01"):
            yield

    def test_in_a_fixture(frozen):
        assert datetime.date.today().year == 2021

    @freeze_time("2021-06-01")
    def test_decorated():
        assert datetime.date.today().year == 2021

    def test_ticking():
        with freeze_time("2021-06-01", auto_tick_seconds=15):
            first = datetime.datetime.now()
            assert (datetime.datetime.now() - first).seconds == 15
"""
_FROZEN_SESSION = """
    import datetime

    import pytest
    from freezegun import freeze_time

    @pytest.fixture(scope="session", autouse=True)
    def frozen():
        with freeze_time("2021-06-01"):
            yield

    def test_today():
        assert datetime.date.today().year == 2021
"""
_TRAVELLER = """
    import datetime
    import time

    import pytest
    import time_machine

    @time_machine.travel("2021-06-01")
    def test_travels():
        assert datetime.date.today().year == 2021

    def test_by_fixture(time_machine):
        time_machine.move_to("2021-06-01", tick=False)
        assert time.time() == time.time()
        time_machine.shift(86400)
        assert datetime.date.today().day == 2

    @pytest.mark.time_machine("2021-06-01")
    def test_marked():
        assert datetime.date.today().year == 2021
"""
_TRAVELLING_SESSION = """
    import datetime

    import pytest
    import time_machine

    @pytest.fixture(scope="session", autouse=True)
    def travelled():
        with time_machine.travel("2021-06-01", tick=False):
            yield

    def test_today():
        assert datetime.date.today().year == 2021
"""
_BLOCKED = """
    import socket

    import pytest
    from pytest_socket import SocketBlockedError

    def test_blocked():
        with pytest.raises(SocketBlockedError):
            socket.socket()

    def test_of_unix(socket_enabled):
        socket.socket().close()
"""
_RESPONSES = """
    import requests
    import responses

    @responses.activate
    def test_answers():
        responses.get("http://shop.test/", json={"open": True})
        assert requests.get("http://shop.test/").json() == {"open": True}
        assert len(responses.calls) == 1
"""
_REQUESTS_MOCK = """
    import requests

    def test_answers(requests_mock):
        requests_mock.get("http://shop.test/", text="open")
        assert requests.get("http://shop.test/").text == "open"
        assert requests_mock.call_count == 1
"""
_RECORDING = """
    import threading
    import urllib.request
    from http.server import BaseHTTPRequestHandler, HTTPServer

    import pytest

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"open")

        def log_message(self, *words): pass

    @pytest.fixture(scope="module")
    def address():
        with HTTPServer(("127.0.0.1", 0), Shop) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()
            thread.join()

    @pytest.mark.vcr
    def test_asks(address):
        with urllib.request.urlopen(address) as answer:
            assert answer.read() == b"open"

    @pytest.mark.vcr
    def test_asks_nobody(): pass
"""


def _cassettes(folder: Path) -> Any:
    return {path.name: path.read_text("utf-8").count("uri:") for path in folder.rglob("*.yaml")}


NEIGHBOURS = [
    Neighbour("freezegun", files={"test_faked.py": _FREEZER}),
    Neighbour("freezegun-session", files={"test_faked.py": _FROZEN_SESSION}),
    Neighbour("time-machine", ("time_machine",), files={"test_faked.py": _TRAVELLER}),
    Neighbour("time-machine-session", files={"test_faked.py": _TRAVELLING_SESSION}),
    Neighbour("socket", ("pytest_socket",), ("--disable-socket",), {"test_faked.py": _BLOCKED}, is_clean=False),
    Neighbour("responses", files={"test_faked.py": _RESPONSES}),
    Neighbour("requests-mock", ("requests_mock",), files={"test_faked.py": _REQUESTS_MOCK}),
    Neighbour("recording", ("recording",), ("--record-mode=once",), {"test_faked.py": _RECORDING}, _cassettes),
]


@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=str)
def test_a_fake_is_the_test_s_alone(neighbour: Neighbour, tmp_path: Path) -> None:
    """
    Tests that fake something pass as they do without Paceline, and only a test with a fake may lack a figure.
    """
    plain = observe(neighbour, tmp_path / "plain", on=False)
    seen = observe(neighbour, tmp_path / "on", on=True)
    honest = [case for case in seen.result.run.cases if case.id.startswith("test_shop.py") and case.duration_seconds]

    assert differences(seen, plain) == {}
    assert misjudged(seen.result.run, plain) == {}
    assert [case.id for case in honest if UsageKey.CPU_SECONDS not in case.usage] == []
    assert seen.result.run.counts[RunCount.INTERNAL_FAILURES] == 0
