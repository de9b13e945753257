"""
What customers have bought.
"""

from typing import NamedTuple

from shop.cart import Cart
from shop.database import Database


class EmptyCartError(ValueError):
    """
    A cart without lines was to be ordered.
    """


class Order(NamedTuple):
    """
    A cart that was bought.
    """

    number: int
    customer: str
    cents: int


class Orders:
    """
    The orders of a shop.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def place(self, cart: Cart, customer: str) -> Order:
        """
        Buy a cart; a cart can be bought once.

        Raises:
            EmptyCartError: it has no lines.
            sqlite3.IntegrityError: it was bought before.
        """
        if not cart.lines():
            raise EmptyCartError(f"cart {cart.number} is empty")
        cents = cart.total()
        statement = "insert into orders (cart, customer, cents) values (?, ?, ?)"
        return Order(self._database.insert(statement, [cart.number, customer, cents]), customer, cents)

    def of(self, customer: str) -> list[Order]:
        """
        A customer's orders, the oldest first.
        """
        statement = "select number, customer, cents from orders where customer = ? order by number"
        return [Order(*row) for row in self._database.rows(statement, [customer])]
