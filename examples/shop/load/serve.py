"""
Serves a shop of its own, in which cart 1 has two hundred lines: `python serve.py PORT`.
"""

import sys
import tempfile
from contextlib import closing
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

sys.path.insert(0, str(Path(__file__).parents[1]))

from shop.api import make_app
from shop.cart import Cart
from shop.catalogue import Catalogue, Product
from shop.database import Database


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """
        Nothing is logged.
        """


def main(port: int) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(Database(Path(folder, "shop.sqlite"))) as database:
        Catalogue(database).add(Product(f"SKU-{n:04}", f"Lamp number {n}", 500 + n) for n in range(1000))
        Cart.open(database).add({f"SKU-{n:04}": 1 for n in range(200)})
        with make_server("127.0.0.1", port, make_app(database), handler_class=QuietHandler) as server:
            server.serve_forever()


main(int(sys.argv[1]))
