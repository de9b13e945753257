"""
Carts and prices.
"""

import pytest
from corner.cart import Cart, discount, price, receipt


def test_empty() -> None:
    assert Cart().total() == 0


@pytest.mark.parametrize("count", [1, 5, 20, 60])
def test_total(count: int) -> None:
    assert Cart((n, 1) for n in range(count)).total() > 0


def test_add() -> None:
    cart = Cart()
    cart.add("a")
    cart.add("a", 2)
    assert cart.lines == {"a": 3}


def test_json() -> None:
    assert Cart([("b", 1), ("a", 2)]).as_json() == '{"a": 2, "b": 1}'


@pytest.mark.parametrize(("percent", "left"), [(0, 1000), (10, 900), (100, 0)])
def test_discount(percent: int, left: int) -> None:
    assert discount(1000, percent) == left


def test_discount_refused() -> None:
    with pytest.raises(ValueError, match="percent"):
        discount(1, 101)


def test_prices_differ() -> None:
    assert len({price(n) for n in range(40)}) > 30


@pytest.mark.parametrize("tier", [2, 8, 16])
def test_tier(tier: int) -> None:
    assert price("x", tier) != price("x")


def test_receipt() -> None:
    assert receipt({f"sku {n}": n for n in range(8000)}).startswith("SKU.0")
