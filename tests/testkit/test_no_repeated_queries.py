"""
The assertion on repeated queries, and repeated queries that the baselines tolerate.
"""

import pytest

from paceline.history.baseline_file import read_baselines
from paceline.usage import UsageKey
from support.command import run_command
from support.suite import Result, Suite

_SHOP = """
    def total(connection, skus=None):
        if skus is None:
            skus = [sku for sku, in connection.execute("select sku from lines").fetchall()]
        return sum(cents_of(connection, sku) for sku in skus)

    def cents_of(connection, sku):
        return connection.execute("select cents from products where sku = ?", (sku,)).fetchone()[0]

    def total_at_once(connection):
        return connection.execute("select sum(cents) from lines join products using (sku)").fetchone()[0]
"""
_TESTS = """
    import sqlite3
    import pytest
    from paceline.testkit import assert_no_repeated_queries as none_repeated
    from shop import total, total_at_once

    @pytest.fixture
    def connection():
        connection = sqlite3.connect(":memory:")
        connection.executescript("create table lines (sku); create table products (sku, cents);")
        connection.executemany("insert into lines values (?)", [(number,) for number in range(5)])
        connection.executemany("insert into products values (?, 1)", [(number,) for number in range(5)])
        yield connection
        connection.close()

    def test_repeats(connection, assert_no_repeated_queries):
        with assert_no_repeated_queries():
            assert total(connection) == 5

    def test_fed_before_the_block(connection):
        skus = [sku for sku, in connection.execute("select sku from lines").fetchall()]
        with none_repeated():
            total(connection, skus)

    @none_repeated()
    def test_decorated(connection):
        total(connection)

    def test_at_once(connection):
        with none_repeated():
            assert total_at_once(connection) == 5

    def test_before_the_block(connection):
        total(connection)
        with none_repeated():
            total_at_once(connection)

    def test_own_error(connection):
        with pytest.raises(ZeroDivisionError), none_repeated():
            total(connection)
            1 / 0
"""
_REPEATING = {"test_repeats", "test_fed_before_the_block", "test_decorated"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """
    A suite in which three of six tests assert that no query is repeated where one is.
    """
    suite = Suite(tmp_path_factory.mktemp("suite"))
    suite.write("pyproject.toml", "[tool.pytest.ini_options]\n")
    suite.write("shop.py", _SHOP)
    suite.write("test_shop.py", _TESTS)
    return suite


@pytest.fixture(scope="module")
def result(kept: Suite) -> Result:
    """
    Its first run.
    """
    return kept.run()


def test_repeated_queries_in_the_block_fail_the_test(result: Result) -> None:
    """
    Also where the query that fed them came before the block; an error of the block itself stays.
    """
    assert {name for name, outcome in result.outcomes.items() if outcome == "failed"} == _REPEATING
    assert set(result.outcomes.values()) == {"passed", "failed"}


def test_the_failure_names_the_line_and_what_fed_it(result: Result) -> None:
    """
    In the words of the verdict; frames of Paceline are no part of the traceback.
    """
    assert (
        "AssertionError: repeated queries (N+1): `select cents from products where sku = ?` at shop.py:5 was sent "
        "5 times, once for each row of another query (`select sku from lines` at shop.py:4); send one query, "
        "with a join or with IN and all keys"
    ) in result.output
    assert "no_repeated_queries.py" not in result.output


def test_the_queries_of_the_block_are_still_those_of_the_test(result: Result) -> None:
    """
    The assertion takes nothing away from the figures.
    """
    assert result.case("test_repeats").usage[UsageKey.DB_QUERIES] == 6
    assert result.case("test_before_the_block").usage[UsageKey.DB_REPEATED_QUERIES] == 5


@pytest.mark.usefixtures("result")
def test_without_the_switch_nothing_is_checked(kept: Suite) -> None:
    """
    Nothing counts queries there.
    """
    assert kept.run(on=False).code == 0


def test_baselines_tolerate_what_a_run_had(kept: Suite, result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    By file and statement, so that lines may move; with a reason, for the assertion and the verdict; a new place is
    none of them, and an entry that matches nothing is named.
    """
    monkeypatch.chdir(kept.folder)
    run_id = result.run.run_id
    told = run_command(("baseline", "queries", "--note", "legacy")).output
    path = kept.folder / "paceline_baselines.json"
    known = read_baselines(path).repeated_queries
    kept.write("shop.py", f"\n\n{_SHOP}")
    tolerated = kept.run("-n", "2")

    assert told.startswith(f"tolerated 1 repeated query of {run_id} in paceline_baselines.json;")
    assert [(one.place, one.reason) for one in known] == [("shop.py:*", "legacy")]
    assert "shop.py:*" in run_command(("baseline", "list")).output
    assert set(tolerated.outcomes.values()) == {"passed"}
    assert tolerated.run.verdicts == ()

    kept.write("shop.py", _SHOP.replace("cents from", "cents, 'new' from"))
    changed = kept.run()

    assert {name for name, outcome in changed.outcomes.items() if outcome == "failed"} == _REPEATING
    assert "paceline_baselines.json has place 'shop.py:*' and statement 'select cents from" in changed.told()

    assert run_command(("baseline", "clear", "shop.py")).output == "removed 1 baseline\n"
    assert read_baselines(path).repeated_queries == ()
