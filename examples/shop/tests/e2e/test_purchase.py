from collections.abc import Callable
from typing import Any

Call = Callable[..., tuple[int, Any]]


def buy(call: Call, customer: str, search: str) -> dict[str, Any]:
    """
    Search, put the first two finds into a cart, look at it, and buy it.
    """
    _, found = call("GET", f"/products?search={search}")
    _, opened = call("POST", "/carts")
    for product in found[:2]:
        call("POST", f"/carts/{opened['cart']}/lines", sku=product["sku"].lower(), quantity=2)
    _, cart = call("GET", f"/carts/{opened['cart']}")
    status, order = call("POST", "/orders", cart=opened["cart"], customer=customer)

    assert status == 201
    assert order["cents"] == cart["cents"] == 2 * sum(product["cents"] for product in found[:2])
    return dict(order)


def test_from_search_to_order(call: Call) -> None:
    """
    What was put into the cart is what was bought.
    """
    order = buy(call, "ada", "kettle")

    assert call("GET", "/customers/ada/orders") == (200, [order])


def test_customers_do_not_mix(call: Call) -> None:
    """
    Each customer sees their own order alone.
    """
    bought = {customer: buy(call, customer, "lamp") for customer in ("grace", "edsger")}

    for customer, order in bought.items():
        assert call("GET", f"/customers/{customer}/orders") == (200, [order])
