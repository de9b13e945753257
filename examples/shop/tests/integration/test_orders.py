import sqlite3

import pytest
from shop.cart import Cart
from shop.database import Database
from shop.orders import EmptyCartError, Orders


@pytest.fixture
def orders(database: Database) -> Orders:
    return Orders(database)


@pytest.fixture
def cart(database: Database) -> Cart:
    cart = Cart.open(database)
    cart.add({"SKU-0000": 2, "SKU-0001": 1})
    return cart


def test_order_keeps_the_price(orders: Orders, cart: Cart) -> None:
    """
    An order costs what its cart cost.
    """
    assert orders.place(cart, "ada").cents == 1505


def test_cart_is_bought_once(orders: Orders, cart: Cart) -> None:
    """
    A second order of one cart is refused, and leaves the first.
    """
    orders.place(cart, "ada")

    with pytest.raises(sqlite3.IntegrityError):
        orders.place(cart, "ada")
    assert len(orders.of("ada")) == 1


def test_empty_cart_is_not_bought(orders: Orders, database: Database) -> None:
    """
    There is no order without lines.
    """
    with pytest.raises(EmptyCartError, match="cart 1 is empty"):
        orders.place(Cart.open(database), "ada")


def test_customers_see_their_own_orders(orders: Orders, database: Database) -> None:
    """
    Three orders of two customers are kept apart and in order.
    """
    for number in range(3):
        cart = Cart.open(database)
        cart.add({f"SKU-{number:04}": 1})
        orders.place(cart, "ada" if number % 2 else "grace")

    assert [order.number for order in orders.of("grace")] == [1, 3]
