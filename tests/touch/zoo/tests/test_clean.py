from urllib.request import urlopen

import pytest
from library import mapped, plain, views


def test_joined(db):
    assert len(plain.joined(db)) == 24


def test_in_list(db):
    assert len(plain.in_list(db)) == 12


def test_chunks(db):
    assert plain.chunks(db)


def test_pages(db):
    assert len(plain.pages(db)) == 6


def test_keyset_pages(db):
    assert len(plain.keyset_pages(db)) == 24


def test_twelve_months(db):
    assert len(plain.by_month(db)[1]) == 12


def test_settings_by_key(db):
    assert len(plain.settings(db)) == 6


def test_poll(db):
    assert len(plain.poll(db)) == 10


def test_loop_of_the_test_over_a_service(db):
    numbers = [number for (number,) in db.execute("select id from book").fetchall()]
    for number in numbers:
        assert plain.wait_for(db, number)


def test_insert_all(db):
    plain.insert_all(db, [(100 + n, "new") for n in range(20)])


def test_factory(db):
    db.execute("select id from author").fetchall()
    assert [plain.create_author(db, 100 + number) for number in range(12)]


def test_rows_that_the_test_makes(db):
    db.execute("select id from author").fetchall()
    for number in range(12):
        db.execute("insert into author values (?, ?)", (100 + number, "new"))


def test_five_calls_in_five_lines(db):
    assert len(plain.five_lines(db)) == 5


def test_migration(db):
    plain.migrate(db)


def test_retry(db):
    assert plain.retry(db)


@pytest.mark.parametrize("number", range(3))
def test_one_query(db, number):
    assert plain.author_name(db, number)


def test_joined_endpoint_in_a_loop(served):
    for _ in range(12):
        assert urlopen(f"{served}/joined").status == 200


def test_select_in(session):
    assert len(mapped.select_in(session)) == 12


def test_joined_load(session):
    assert len(mapped.joined(session)) == 24


def test_orm_pages(session):
    assert len(mapped.pages(session)) == 24


def test_unit_of_work(session):
    mapped.unit_of_work(session)


def test_add_all(session):
    mapped.add_all(session)


def test_django_select_related(django_library):
    assert "book 3 by author 3" in views.related()


def test_django_prefetch_related(django_library):
    assert len(views.prefetched()) == 12


def test_django_pages(django_library):
    assert len(views.pages()) == 6
