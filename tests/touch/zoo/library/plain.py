"""
A library of books on sqlite3, asked well and badly.
"""

import asyncio


def fill(db, authors=12, books=24):
    db.execute("create table author (id integer primary key, name text)")
    db.execute("create table book (id integer primary key, author integer, title text, month integer)")
    db.execute("create table setting (key text primary key, value text)")
    db.executemany("insert into author values (?, ?)", [(n, f"author {n}") for n in range(authors)])
    db.executemany(
        "insert into book values (?, ?, ?, ?)", [(n, n % authors, f"book {n}", n % 12) for n in range(books)]
    )
    db.executemany("insert into setting values (?, ?)", [(f"key{n}", str(n)) for n in range(6)])
    db.commit()


def author_name(db, number):
    return db.execute("select name from author where id = ?", (number,)).fetchone()[0]


# True.


def titles_with_authors(db):
    return [
        (title, author_name(db, author))
        for title, author in db.execute("select title, author from book order by id").fetchall()
    ]


def two_queries_for_each(db):
    found = []
    for number, author in db.execute("select id, author from book").fetchall():
        name = db.execute("select name from author where id = ?", (author,)).fetchone()
        month = db.execute("select month from book where id = ?", (number,)).fetchone()
        found.append((name, month))
    return found


def nested(db):
    found = []
    for number, name in db.execute("select id, name from author").fetchall():
        books = db.execute("select id, title from book where author = ?", (number,)).fetchall()
        found.append(
            (name, [db.execute("select month from book where id = ?", (book,)).fetchone() for book, _ in books])
        )
    return found


def update_each(db):
    for number, month in db.execute("select id, month from book").fetchall():
        db.execute("update book set month = ? where id = ?", (month + 1, number))


def literals(db):
    return [
        db.execute(f"select name from author where id = {author}").fetchone()
        for (author,) in db.execute("select author from book").fetchall()
    ]


async def one_after_another(db):
    found = []
    for title, author in db.execute("select title, author from book").fetchall():
        await asyncio.sleep(0)
        found.append((title, author_name(db, author)))
    return found


async def _with_author(db, author):
    await asyncio.sleep(0)
    return author_name(db, author)


async def at_once(db):
    authors = db.execute("select author from book").fetchall()
    return await asyncio.gather(*[_with_author(db, author) for (author,) in authors])


def answer(db, path):
    """
    An endpoint: all books, with one query more for each.
    """
    return {"path": path, "books": titles_with_authors(db)}


# Clean.


def joined(db):
    return db.execute("select title, name from book join author on author.id = book.author").fetchall()


def in_list(db):
    books = db.execute("select author from book").fetchall()
    authors = sorted({author for (author,) in books})
    places = ", ".join("?" * len(authors))
    return db.execute(f"select name from author where id in ({places})", authors).fetchall()


def chunks(db, size=4):
    authors = [author for (author,) in db.execute("select author from book").fetchall()]
    found = []
    for start in range(0, len(authors), size):
        part = authors[start : start + size]
        found += db.execute(f"select name from author where id in ({', '.join('?' * len(part))})", part).fetchall()
    return found


def pages(db, size=4):
    total = db.execute("select count(*) from book").fetchone()[0]
    return [
        db.execute("select title from book order by id limit ? offset ?", (size, start)).fetchall()
        for start in range(0, total, size)
    ]


def keyset_pages(db, size=4):
    last, found = -1, []
    db.execute("select max(id) from book").fetchone()
    while rows := db.execute("select id from book where id > ? order by id limit ?", (last, size)).fetchall():
        last = rows[-1][0]
        found += rows
    return found


def by_month(db):
    year = db.execute("select max(month) from book").fetchone()
    return year, [
        db.execute("select count(*) from book where month = ?", (month,)).fetchone()[0] for month in range(12)
    ]


def settings(db):
    db.execute("select count(*) from setting").fetchone()
    return [db.execute("select value from setting where key = ?", (f"key{n}",)).fetchone() for n in range(6)]


def poll(db):
    db.execute("select count(*) from author").fetchone()
    return [db.execute("select count(*) from book").fetchone() for _ in range(10)]


def wait_for(db, number):
    return db.execute("select title from book where id = ?", (number,)).fetchone()


def insert_all(db, rows):
    known = {number for (number,) in db.execute("select id from author").fetchall()}
    db.executemany("insert into author values (?, ?)", [row for row in rows if row[0] not in known])


def create_author(db, number):
    db.execute("insert into author values (?, ?)", (number, f"author {number}"))
    return db.execute("select id, name from author where id = ?", (number,)).fetchone()


def five_lines(db):
    db.execute("select id from author order by id limit 5").fetchall()
    return [
        author_name(db, 0),
        author_name(db, 1),
        author_name(db, 2),
        author_name(db, 3),
        author_name(db, 4),
    ]


def migrate(db):
    for number, statement in enumerate(("alter table book add a text", "alter table book add b text")):
        db.execute(statement)
        db.execute("insert into setting values (?, ?)", (f"migration {number}", "done"))


def retry(db):
    db.execute("select count(*) from author").fetchone()
    for _ in range(4):
        row = db.execute("select name from author where id = ?", (3,)).fetchone()
    return row
