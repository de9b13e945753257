"""
The shop as its customers see it.
"""

import json
import threading
import time
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import urlopen
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from corner.web import app


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_cart(url: str) -> None:
    with urlopen(f"{url}/cart/7") as answer:
        assert int(json.load(answer)["total"]) > 0


def test_unknown(url: str) -> None:
    with pytest.raises(HTTPError):
        urlopen(f"{url}/nowhere")


def test_three_carts(url: str) -> None:
    for number in range(3):
        with urlopen(f"{url}/cart/{number}") as answer:
            assert answer.status == 200


def test_waits_for_stock() -> None:
    time.sleep(0.05)
