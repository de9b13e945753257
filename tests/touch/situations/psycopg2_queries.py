import io
import os

import psycopg2
import pytest
from psycopg2 import extras, sql

counts = pytest.mark.counts
ADDRESS = os.environ["POSTGRES"]


@pytest.fixture
def connection():
    found = psycopg2.connect(ADDRESS)
    found.cursor().execute("create temporary table item (number integer, name text)")
    yield found
    found.close()


@counts(3, setup=1)
def test_execute(connection):
    with connection, connection.cursor() as cursor:
        cursor.execute("insert into item values (%s, %s)", (1, "a"))
        cursor.execute(b"select number from item where name = %(name)s", {"name": "a"})
        assert cursor.fetchall() == [(1,)]
        cursor.executemany("insert into item values (%s, %s)", [(1, "a"), (2, "b")])


@counts(3, setup=1)
def test_classes(connection):
    with connection.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        cursor.execute("select 1 as one")
        assert cursor.fetchone() == {"one": 1}
    with connection.cursor(None, extras.NamedTupleCursor) as cursor:
        cursor.execute("select 1 as one")
        assert cursor.fetchone().one == 1
    with connection.cursor("mine") as cursor:
        cursor.execute("select generate_series(1, 20)")
        assert len(cursor.fetchall()) == 20


@counts(1)
def test_factory():
    connection = psycopg2.connect(ADDRESS, connection_factory=extras.RealDictConnection)
    cursor = connection.cursor()
    assert isinstance(connection, extras.RealDictConnection)
    cursor.execute("select 1 as one")
    assert cursor.fetchone() == {"one": 1}
    connection.close()


@counts(2)
def test_logging_connection():
    log = io.StringIO()
    connection = psycopg2.connect(ADDRESS, connection_factory=extras.LoggingConnection)
    connection.initialize(log)
    connection.cursor().execute("select 1")
    connection.cursor(cursor_factory=extras.LoggingCursor).execute("select 2")
    assert log.getvalue().count("select") == 2
    connection.close()


@counts(2, setup=1)
def test_values(connection):
    extras.execute_values(connection.cursor(), "insert into item values %s", [(n, "a") for n in range(150)])


@counts(5, setup=1)
def test_copies_and_procedures(connection):
    cursor = connection.cursor()
    cursor.copy_from(io.StringIO("1\ta\n"), "item")
    cursor.copy_to(io.StringIO(), "item")
    cursor.copy_expert("copy item to stdout", io.StringIO())
    cursor.callproc("abs", (-1,))
    assert cursor.fetchone() == (1,)
    with pytest.raises(psycopg2.errors.UndefinedTable):
        cursor.execute("select * from nowhere")


@counts(2, setup=1)
def test_secrets(connection, token):
    cursor = connection.cursor()
    cursor.execute(sql.SQL("select {}, %s").format(sql.Literal(token)), (token,))
    extras.execute_values(cursor, "insert into item values %s", [(1, token)])


@counts(1, setup=1)
def test_types_can_be_registered(connection):
    extras.register_uuid(conn_or_curs=connection)
    extras.register_default_jsonb(connection)
    cursor = connection.cursor()
    cursor.execute("select '{\"a\": 1}'::jsonb")
    assert cursor.fetchone() == ({"a": 1},)


@counts(3, setup=1)
def test_arguments_by_name(connection):
    cursor = connection.cursor(name=None, cursor_factory=None)
    cursor.execute(query="select %s", vars=(1,))
    cursor.executemany(query="select %s", vars_list=[(1,)])
    cursor.callproc("abs", (-1,))
