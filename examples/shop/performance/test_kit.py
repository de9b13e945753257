"""
One test of each kind of the test kit. In release 2 of the shop, the total of a cart takes a query for each line.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from shop.cart import Cart
from shop.catalogue import Catalogue, Product
from shop.database import Database
from shop.money import discounted

from paceline.testkit import database_performance_test, memory_leak_test


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """
    An open shop with a hundred products.
    """
    with closing(Database(tmp_path / "shop.sqlite")) as database:
        Catalogue(database).add(Product(f"SKU-{n}", f"Lamp {n}", 500 + n) for n in range(100))
        yield database


@pytest.mark.benchmark_test(max_avg_ms=1)
def test_a_discount_is_quick() -> None:
    assert discounted(1000, 10) == 900


def test_searching_keeps_no_memory(database: Database) -> None:
    catalogue = Catalogue(database)

    assert not memory_leak_test(lambda: catalogue.search("Lamp"), iterations=20).leak_detected


def test_the_total_of_a_cart_takes_one_query(database: Database) -> None:
    carts = [Cart.open(database)]

    def fill(lines: int) -> None:
        carts[0] = Cart.open(database)
        carts[0].add({f"SKU-{n}": 1 for n in range(lines)})

    def total() -> int:
        return carts[0].total()

    database_performance_test(total, iterations=10, max_queries=1, scale=fill, rows=5)
