"""
Orders in a database.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from corner import store
from corner.cart import Cart


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    db = store.connect()
    store.fill(db)
    yield db
    db.close()


def test_revenue(db: sqlite3.Connection) -> None:
    assert store.revenue(db) == 12250


def test_orders(db: sqlite3.Connection) -> None:
    assert len(store.order_rows(db)) == 50


def test_top(db: sqlite3.Connection) -> None:
    assert len(store.top(db)) == 3


def test_row(db: sqlite3.Connection) -> None:
    assert store.order_rows(db)[1] == (1, "c1", 10)


def test_file(tmp_path: Path) -> None:
    db = store.connect(tmp_path / "shop.sqlite")
    store.fill(db, 500)
    assert store.revenue(db) == 1247500
    db.close()


def test_orders_are_priced(db: sqlite3.Connection) -> None:
    assert Cart((name, 1) for _, name, _ in store.order_rows(db)).total() > 0
