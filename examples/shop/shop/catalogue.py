"""
What the shop sells.
"""

from collections.abc import Iterable
from typing import NamedTuple

from shop.database import Database
from shop.money import discounted, formatted


class UnknownProductError(LookupError):
    """
    The shop sells nothing of that name.
    """


class Product(NamedTuple):
    """
    Something to buy; `sku` is what the warehouse calls it.
    """

    sku: str
    name: str
    cents: int


class Catalogue:
    """
    The products of a shop.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, products: Iterable[Product]) -> None:
        """
        Put products on sale.
        """
        self._database.insert_all("insert into products (sku, name, cents) values (?, ?, ?)", products)

    def product(self, sku: str) -> Product:
        """
        The product with exactly this SKU.

        Raises:
            UnknownProductError: there is none.
        """
        return self._only("select sku, name, cents from products where sku = ?", sku)

    def find(self, typed: str) -> Product:
        """
        The product whose SKU a person typed, in capitals or not; reads the whole table, as no index is of help.

        Raises:
            UnknownProductError: there is none.
        """
        return self._only("select sku, name, cents from products where lower(sku) = lower(?)", typed)

    def search(self, text: str = "") -> tuple[Product, ...]:
        """
        The products that have the text in their name, in order of their SKU.
        """
        statement = "select sku, name, cents from products where instr(lower(name), lower(?)) order by sku"
        return tuple(Product(*row) for row in self._database.rows(statement, [text]))

    def _only(self, statement: str, sku: str) -> Product:
        found = self._database.rows(statement, [sku])
        if not found:
            raise UnknownProductError(f"no product {sku!r}")
        return Product(*found[0])


# What is to be printed; nobody takes anything off, and this is the leak of the example.
_PRINT_QUEUE: list[str] = []


def price_list(products: tuple[Product, ...], percent: int) -> str:
    """
    The price list for customers with a discount, which goes to the printer as well.
    """
    printed = "\n".join(
        f"{sku:<12}{name:<48}{formatted(discounted(cents, percent)):>14}" for sku, name, cents in products
    )
    _PRINT_QUEUE.append(printed)
    return printed
