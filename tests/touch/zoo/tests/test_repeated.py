from urllib.request import urlopen

from library import mapped, plain, views
from sqlalchemy import select


def test_raw(db):
    assert len(plain.titles_with_authors(db)) == 24


def test_raw_in_the_test(db):
    for (author,) in db.execute("select author from book").fetchall():
        assert db.execute("select name from author where id = ?", (author,)).fetchone()


def test_two_for_each(db):
    assert len(plain.two_queries_for_each(db)) == 24


def test_nested(db):
    assert len(plain.nested(db)) == 12


def test_update_each(db):
    plain.update_each(db)


def test_literals(db):
    assert len(plain.literals(db)) == 24


async def test_async_loop(db):
    assert len(await plain.one_after_another(db)) == 24


async def test_gather(db):
    assert len(await plain.at_once(db)) == 24


def test_endpoint(served):
    assert urlopen(f"{served}/books").status == 200


def test_endpoint_in_a_loop(served):
    for number in range(4):
        assert urlopen(f"{served}/books?{number}").status == 200


def test_lazy(session):
    assert len(mapped.lazy(session)) == 12


def test_lazy_parent(session):
    assert len(mapped.lazy_parent(session)) == 24


def test_lazy_in_the_test(session):
    for author in session.scalars(select(mapped.Author)).all():
        assert author.books


def test_get_each(session):
    assert len(mapped.get_each(session)) == 24


def test_first_of_each(session):
    assert len(mapped.first_of_each(session)) == 12


def test_django_template(django_library):
    assert "book 3 by author 3" in views.in_template()


def test_django_reverse(django_library):
    assert len(views.reverse()) == 12


def test_django_get(django_library):
    assert len(views.get_each()) == 24


def test_raw_from_three_lines(db):
    db.execute("insert into book (title, author) select title, author from book")
    assert len(plain.titles_with_authors(db)) == 48
    db.execute("delete from book where author = 1")
    assert plain.titles_with_authors(db)
    assert plain.titles_with_authors(db)
