"""
What a customer is about to buy.
"""

from collections.abc import Mapping

from shop.catalogue import Catalogue
from shop.database import Database
from shop.release import release

_TOTAL = "select sum(quantity * cents) from lines join products using (sku) where cart = ?"


class UnknownCartError(LookupError):
    """
    There is no cart of that number.
    """


class Cart:
    """
    One customer's cart.
    """

    def __init__(self, database: Database, number: int) -> None:
        self.number = number
        self._database = database
        if not database.rows("select id from carts where id = ?", [number]):
            raise UnknownCartError(f"no cart {number}")

    @classmethod
    def open(cls, database: Database) -> "Cart":
        """
        A new, empty cart.
        """
        return cls(database, database.insert("insert into carts default values"))

    def add(self, quantities: Mapping[str, int]) -> None:
        """
        Put products in: SKU to quantity.

        Raises:
            ValueError: a quantity is less than 1.
        """
        if any(quantity < 1 for quantity in quantities.values()):
            raise ValueError("a quantity is less than 1")
        rows = ((self.number, sku, quantity) for sku, quantity in quantities.items())
        self._database.insert_all("insert into lines (cart, sku, quantity) values (?, ?, ?)", rows)

    def lines(self) -> list[tuple[str, int]]:
        """
        SKU and quantity of each line, in the order in which they were put in.
        """
        return self._database.rows("select sku, quantity from lines where cart = ? order by rowid", [self.number])

    def total(self) -> int:
        """
        The price of all lines in cents: one query in release 1, one more for each line since release 2.
        """
        if release() >= 2:
            find = Catalogue(self._database).find
            return sum(find(sku).cents * quantity for sku, quantity in self.lines())
        return int(self._database.rows(_TOTAL, [self.number])[0][0] or 0)
