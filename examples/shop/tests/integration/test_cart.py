from typing import Any

import pytest
from shop.cart import Cart, UnknownCartError
from shop.catalogue import Product
from shop.database import Database


@pytest.fixture
def cart(database: Database) -> Cart:
    return Cart.open(database)


def test_new_cart_is_empty(cart: Cart) -> None:
    """
    A cart without lines costs nothing.
    """
    assert cart.total() == 0
    assert cart.lines() == []


@pytest.mark.parametrize("quantity", [1, 250])
def test_quantity_multiplies_the_price(cart: Cart, quantity: int) -> None:
    """
    A line costs its product's price times its quantity.
    """
    cart.add({"SKU-0100": quantity})

    assert cart.total() == 1000 * quantity


def test_total_of_a_large_cart(cart: Cart, products: tuple[Product, ...], paceline: Any) -> None:
    """
    The total of a hundred lines is the sum of their prices.
    """
    bought = products[::10]
    cart.add({product.sku: 2 for product in bought})
    total = cart.total()
    paceline.record("lines", len(bought))

    assert total == 2 * sum(product.cents for product in bought)


def test_quantity_of_nothing_is_refused(cart: Cart) -> None:
    """
    A line with no quantity is refused, and the cart stays as it was.
    """
    with pytest.raises(ValueError, match="a quantity is less than 1"):
        cart.add({"SKU-0001": 1, "SKU-0002": 0})

    assert cart.lines() == []


def test_unknown_cart_is_no_empty_cart(database: Database) -> None:
    """
    A number that no cart has is an error.
    """
    with pytest.raises(UnknownCartError, match="no cart 99"):
        Cart(database, 99)
