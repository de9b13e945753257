"""
The shop's JSON API as a WSGI application.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from shop.cart import Cart
from shop.catalogue import Catalogue
from shop.database import Database
from shop.offers import offer_of, today
from shop.orders import Orders


class Request(NamedTuple):
    """
    What a route needs: the open shop, the parts of the path, and the decoded query or body.
    """

    database: Database
    path: Mapping[str, str]
    values: Mapping[str, Any]


class Answer(NamedTuple):
    """
    What a route gives back.
    """

    status: HTTPStatus
    content: Any


def make_app(database: Database) -> Callable[[Mapping[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """
    The application over an open shop; it answers one request at a time.
    """

    def app(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, content = _answer(database, environ)
        start_response(f"{status.value} {status.phrase}", [("Content-Type", "application/json")])
        return [json.dumps(content).encode()]

    return app


def _answer(database: Database, environ: Mapping[str, Any]) -> Answer:
    called = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    for pattern, route in _ROUTES.items():
        if match := re.fullmatch(pattern, called):
            try:
                return route(Request(database, match.groupdict(), _values(environ)))
            except LookupError as error:
                return Answer(HTTPStatus.NOT_FOUND, {"error": str(error)})
            except (ValueError, sqlite3.IntegrityError) as error:
                return Answer(HTTPStatus.BAD_REQUEST, {"error": str(error)})
    return Answer(HTTPStatus.NOT_FOUND, {"error": f"no route {called}"})


def _values(environ: Mapping[str, Any]) -> Mapping[str, Any]:
    if environ["REQUEST_METHOD"] == "GET":
        return {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    return dict(json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)) or "{}"))


def _search(request: Request) -> Answer:
    products = Catalogue(request.database).search(request.values.get("search", ""))
    return Answer(HTTPStatus.OK, [product._asdict() for product in products])


def _product(request: Request) -> Answer:
    return Answer(HTTPStatus.OK, Catalogue(request.database).find(request.path["sku"])._asdict())


def _offer(request: Request) -> Answer:
    return Answer(HTTPStatus.OK, offer_of(today(), Catalogue(request.database).search("teapot"))._asdict())


def _open_cart(request: Request) -> Answer:
    cart = Cart.open(request.database)
    cart.add(request.values.get("lines", {}))
    return Answer(HTTPStatus.CREATED, {"cart": cart.number})


def _add_line(request: Request) -> Answer:
    product = Catalogue(request.database).find(request.values["sku"])
    Cart(request.database, int(request.path["cart"])).add({product.sku: int(request.values.get("quantity", 1))})
    return Answer(HTTPStatus.CREATED, product._asdict())


def _cart(request: Request) -> Answer:
    cart = Cart(request.database, int(request.path["cart"]))
    return Answer(HTTPStatus.OK, {"lines": cart.lines(), "cents": cart.total()})


def _order(request: Request) -> Answer:
    cart = Cart(request.database, int(request.values["cart"]))
    return Answer(HTTPStatus.CREATED, Orders(request.database).place(cart, request.values["customer"])._asdict())


def _orders(request: Request) -> Answer:
    orders = Orders(request.database).of(request.path["customer"])
    return Answer(HTTPStatus.OK, [order._asdict() for order in orders])


_ROUTES: Mapping[str, Callable[[Request], Answer]] = {
    r"GET /products": _search,
    r"GET /products/(?P<sku>[^/]+)": _product,
    r"GET /offer": _offer,
    r"POST /carts": _open_cart,
    r"GET /carts/(?P<cart>\d+)": _cart,
    r"POST /carts/(?P<cart>\d+)/lines": _add_line,
    r"POST /orders": _order,
    r"GET /customers/(?P<customer>[^/]+)/orders": _orders,
}
