from collections.abc import Callable
from typing import Any

import pytest
from shop.catalogue import Product

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def cart(call: Call) -> int:
    _, answer = call("POST", "/carts")
    return int(answer["cart"])


def test_search(call: Call) -> None:
    """
    The API searches in names.
    """
    status, answer = call("GET", "/products?search=number%20234")

    assert (status, answer) == (200, [{"sku": "SKU-0234", "name": "Mirror number 234", "cents": 1670}])


def test_typed_sku(call: Call) -> None:
    """
    The API takes an SKU as people type it.
    """
    assert call("GET", "/products/sku-0042")[1]["cents"] == 710


def test_offer_is_a_teapot(call: Call, products: tuple[Product, ...]) -> None:
    """
    The offer of the day is one of the teapots.
    """
    assert Product(**call("GET", "/offer")[1]) in products[::5]


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/products/none", "no product 'none'"),
        ("/carts/99999", "no cart 99999"),
        ("/elsewhere", "no route GET /elsewhere"),
    ],
)
def test_what_is_not_there(call: Call, path: str, error: str) -> None:
    """
    What is not there is answered with 404 and a reason.
    """
    assert call("GET", path) == (404, {"error": error})


def test_line_of_nothing(call: Call, cart: int) -> None:
    """
    A quantity of 0 is answered with 400 and a reason.
    """
    answer = call("POST", f"/carts/{cart}/lines", sku="SKU-0001", quantity=0)

    assert answer == (400, {"error": "a quantity is less than 1"})


@pytest.fixture
def large_cart(call: Call, products: tuple[Product, ...]) -> int:
    """
    A cart of four hundred lines.
    """
    _, answer = call("POST", "/carts", lines={product.sku: 1 for product in products[:400]})
    return int(answer["cart"])


def test_large_cart_is_shown_at_each_click(call: Call, large_cart: int) -> None:
    """
    A customer who looks at a large cart ten times sees the same total ten times.
    """
    totals = {call("GET", f"/carts/{large_cart}")[1]["cents"] for _ in range(10)}

    assert totals == {sum(500 + 5 * n for n in range(400))}
