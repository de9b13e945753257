"""
Orders in a database.
"""

import sqlite3
from pathlib import Path


def connect(path: str | Path = ":memory:") -> sqlite3.Connection:
    db = sqlite3.connect(path)
    db.execute("create table customers (id integer primary key, name text)")
    db.execute("create table orders (id integer primary key, customer integer, cents integer)")
    return db


def fill(db: sqlite3.Connection, orders: int = 50) -> None:
    db.executemany("insert into customers values (?, ?)", [(n, f"c{n}") for n in range(20)])
    db.executemany("insert into orders values (?, ?, ?)", [(n, n % 20, n * 10) for n in range(orders)])
    db.commit()


def order_rows(db: sqlite3.Connection) -> list[tuple[int, str, int]]:
    query = "select o.id, c.name, o.cents from orders o join customers c on c.id = o.customer order by o.id"
    return db.execute(query).fetchall()


def revenue(db: sqlite3.Connection) -> int:
    return int(db.execute("select sum(cents) from orders").fetchone()[0])


def top(db: sqlite3.Connection, n: int = 3) -> list[tuple[int, int]]:
    query = "select customer, sum(cents) s from orders group by 1 order by s desc limit ?"
    return db.execute(query, (n,)).fetchall()
