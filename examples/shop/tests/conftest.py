import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from shop.api import make_app
from shop.catalogue import Catalogue, Product
from shop.database import Database

Call = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="session")
def products() -> tuple[Product, ...]:
    """
    A thousand products, from 5.00 to 54.95 EUR.
    """
    kinds = ("Teapot", "Lamp", "Chair", "Kettle", "Mirror")
    return tuple(Product(f"SKU-{n:04}", f"{kinds[n % 5]} number {n}", 500 + 5 * n) for n in range(1000))


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory, products: tuple[Product, ...]) -> Path:
    """
    A closed shop file with all products on sale, to be copied.
    """
    path = tmp_path_factory.mktemp("stocked") / "shop.sqlite"
    with closing(Database(path)) as database:
        Catalogue(database).add(products)
    return path


@pytest.fixture
def database(tmp_path: Path, stocked: Path) -> Iterator[Database]:
    """
    An open shop of the test's own.
    """
    with closing(Database(Path(shutil.copy(stocked, tmp_path)))) as database:
        yield database


@pytest.fixture
def catalogue(database: Database) -> Catalogue:
    return Catalogue(database)


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """
        Nothing is logged.
        """


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, stocked: Path) -> Iterator[Database]:
    """
    The open shop that is served for the tests of a module.
    """
    with closing(Database(Path(shutil.copy(stocked, tmp_path_factory.mktemp("served"))))) as database:
        yield database


@pytest.fixture(scope="module")
def port(served: Database) -> Iterator[int]:
    """
    The port of a shop that is served on loopback for the tests of a module.
    """
    with make_server("127.0.0.1", 0, make_app(served), handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def call(port: int) -> Call:
    """
    Calls the served shop: status and decoded answer of `call("POST", "/carts", key=value)`.
    """

    def call(method: str, path: str, **values: Any) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(method, path, body=json.dumps(values) if values else None)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    return call
