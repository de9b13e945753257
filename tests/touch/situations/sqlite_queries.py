import os
import queue
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import EARLY_CONNECT

counts = pytest.mark.counts
_POOL = ThreadPoolExecutor(max_workers=2)


class LoggingConnection(sqlite3.Connection):
    """
    Overrides what Paceline watches.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.log = []

    def execute(self, sql, *args):
        self.log.append(sql)
        return super().execute(sql, *args)

    def cursor(self, *args):
        self.log.append("cursor")
        return super().cursor(*args)


class SlottedCursor(sqlite3.Cursor):
    __slots__ = ("log",)

    def execute(self, sql, *args):
        self.log = sql
        return super().execute(sql, *args)


@pytest.fixture
def connection(tmp_path):
    found = sqlite3.connect(tmp_path / "shop.db", isolation_level=None, check_same_thread=False)
    found.execute("create table item (number integer, name text)")
    yield found
    found.execute("drop table item")
    found.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    found = sqlite3.connect(tmp_path_factory.mktemp("shared") / "shop.db", check_same_thread=False)
    found.execute("create table item (number integer)")
    found.execute("insert into item values (1)")
    yield found
    found.close()


@counts(3, setup=1)
def test_cursor(connection):
    cursor = connection.cursor()
    cursor.execute("insert into item values (?, ?)", (1, "a"))
    cursor.execute("select * from item")
    assert cursor.fetchall() == [(1, "a")]
    cursor.execute("select count(*) from item where number = :number", {"number": 1})


@counts(2, setup=1)
def test_connection(connection):
    connection.execute("insert into item values (1, 'a')")
    assert list(connection.execute("select * from item")) == [(1, "a")]


@counts(2, setup=1)
def test_chained(connection):
    connection.execute("insert into item values (1, 'a')").execute("select * from item")


@counts(2, setup=1)
def test_many(connection):
    connection.executemany("insert into item values (?, ?)", ((number, "a") for number in range(50)))
    connection.cursor().executemany("insert into item values (?, ?)", [(1, "b")])


@counts(2, setup=1)
def test_scripts(connection):
    connection.executescript("insert into item values (1, 'a'); insert into item values (2, 'b')")
    connection.cursor().executescript("delete from item")


@counts(3, setup=1)
def test_failures(connection):
    for statement, parameters in (("select * from nowhere", ()), ("selekt", ()), ("select ?", ())):
        with pytest.raises(sqlite3.Error):
            connection.execute(statement, parameters)


@counts(1, setup=1)
def test_transactions(connection):
    connection.execute("BEGIN")
    connection.execute("/* why */ SAVEPOINT first")
    connection.execute("insert into item values (1, 'a')")
    connection.execute("release first")
    connection.execute("  commit")
    connection.execute("PRAGMA user_version")
    connection.commit()


@counts(5)
def test_no_statement():
    connection = sqlite3.connect(":memory:")
    for statement in (None, 3, b"select 1", bytearray(b"select 1"), ["select 1"]):
        with pytest.raises(TypeError):
            connection.cursor().execute(statement)
    connection.close()


@counts(2)
def test_factory():
    with sqlite3.connect(":memory:", factory=LoggingConnection) as connection:
        assert isinstance(connection, LoggingConnection)
        assert type(connection).__name__ == "LoggingConnection"
        connection.execute("select 1")
        connection.cursor().execute("select 2")
        assert connection.log == ["select 1", "cursor"]
    connection.close()


# Deprecated since Python 3.13.
@pytest.mark.filterwarnings("ignore:Passing more than 1 positional argument:DeprecationWarning")
@counts(1)
def test_positional_factory():
    connection = sqlite3.connect(":memory:", 5.0, 0, None, True, LoggingConnection)
    assert isinstance(connection, LoggingConnection)
    connection.execute("select 1")
    connection.close()


@counts(0)
def test_factory_that_is_no_class():
    connection = sqlite3.connect(":memory:", factory=lambda *args, **kwargs: sqlite3.Connection(*args, **kwargs))
    assert type(connection) is sqlite3.Connection
    connection.execute("select 1")
    connection.close()


@counts(2)
def test_cursor_classes():
    connection = sqlite3.connect(":memory:")
    cursor = connection.cursor(SlottedCursor)
    cursor.execute("select 1")
    assert isinstance(cursor, SlottedCursor)
    assert cursor.log == "select 1"
    assert cursor.fetchone() == (1,)
    connection.cursor(factory=lambda owner: sqlite3.Cursor(owner)).execute("select 1")
    connection.cursor(sqlite3.Cursor).execute("select 1")
    connection.close()


@counts(1)
def test_rows():
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    row = connection.execute("select 1 as number").fetchone()
    assert row["number"] == 1
    connection.close()


@counts(1)
def test_early_import():
    connection = EARLY_CONNECT(":memory:")
    connection.execute("select 1")
    connection.close()


@counts(1)
def test_other_name():
    connection = sqlite3.dbapi2.connect(":memory:")
    connection.execute("select 1")
    connection.close()


@counts(0)
def test_patched_by_the_test(monkeypatch):
    monkeypatch.setattr(sqlite3, "connect", lambda *_: "mine")
    assert sqlite3.connect(":memory:") == "mine"


@counts(1)
def test_patch_was_taken_off():
    connection = sqlite3.connect(":memory:")
    connection.execute("select 1")
    connection.close()


@counts(4, setup=1)
def test_thread(connection):
    thread = threading.Thread(target=lambda: [connection.execute("select 1") for _ in range(4)])
    thread.start()
    thread.join()


@counts(4)
def test_pool_of_the_module(shared):
    assert list(_POOL.map(lambda _: len(shared.execute("select * from item").fetchall()), range(4))) == [1] * 4


@counts(1)
def test_wider_fixture_is_not_the_tests(shared):
    shared.execute("select * from item")


@counts(1)
def test_wider_fixture_made_in_the_call(request):
    request.getfixturevalue("shared").execute("select * from item")


class Poller:
    """
    A thread that sends queries when it is asked.
    """

    def __init__(self):
        self._asked = queue.Queue()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def ask(self, queries):
        self._asked.put(queries)
        self._asked.join()

    def stop(self):
        self._asked.put(None)
        self._thread.join()

    def _serve(self):
        connection = sqlite3.connect(":memory:")
        while (queries := self._asked.get()) is not None:
            for _ in range(queries):
                connection.execute("select 1")
            self._asked.task_done()
        connection.close()


@pytest.fixture(scope="session")
def poller():
    found = Poller()
    yield found
    found.stop()


@counts(1, background=6)
def test_thread_of_a_wider_fixture(shared, poller):
    poller.ask(6)
    shared.execute("select 1")


@counts(8000, background=3)
def test_many_threads_beside_it(poller):
    def send():
        connection = sqlite3.connect(":memory:")
        for number in range(1000):
            connection.execute("select ?", (number,))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    poller.ask(3)
    for thread in threads:
        thread.join()


@counts(1)
def test_secrets(token):
    connection = sqlite3.connect(":memory:")
    connection.execute(f"select '{token}', \"{token}\" = ?  -- {token}", (token,))
    connection.close()


@counts(1)
def test_large_statement(token):
    connection = sqlite3.connect(":memory:")
    text = "x" * (1 << 20)
    assert connection.execute(f"select '{token}{text}'").fetchone()[0].endswith(text)
    connection.close()


@counts(1)
def test_of_a_forked_child_is_the_childs():
    connection = sqlite3.connect(":memory:")
    child = os.fork()
    if child == 0:
        try:
            sqlite3.connect(":memory:").execute("select 1")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    connection.execute("select 1")
    connection.close()
