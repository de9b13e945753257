"""
The shop's SQLite file.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

_SETTINGS = "pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on;"
_SCHEMA = """
create table if not exists products (sku text primary key, name text not null, cents integer not null);
create table if not exists carts (id integer primary key);
create table if not exists lines (
    cart integer not null references carts, sku text not null references products, quantity integer not null);
create index if not exists lines_of_cart on lines (cart);
create table if not exists orders (
    number integer primary key, cart integer not null unique, customer text not null, cents integer not null);
"""


class Database:
    """
    An open shop file; threads may share it, one at a time.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.executescript(_SETTINGS + _SCHEMA)

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """
        Ask for rows.
        """
        return self._connection.execute(statement, values).fetchall()

    def insert(self, statement: str, values: Sequence[Any] = ()) -> int:
        """
        Insert one row in a transaction of its own, and return its id.
        """
        with self._connection:
            return int(self._connection.execute(statement, values).lastrowid or 0)

    def insert_all(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """
        Insert many rows in one transaction, or none of them.
        """
        with self._connection:
            self._connection.executemany(statement, values)

    def close(self) -> None:
        """
        Close the file.
        """
        self._connection.close()
