"""
Queries in real suites, by library: each test is counted as it says, in any order and in any process.
"""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from support.database_servers import mariadb, postgres
from support.mongo_double import mongo
from support.situations import TOKEN, differences, files_with, run_situations
from support.suite import Suite

_LOCAL = ["sqlite_queries", "async_queries", "aiosqlite_queries", "sqlalchemy_queries", "django_queries"]
_SERVED = ["psycopg_queries", "psycopg2_queries", "asyncpg_queries", "mysql_queries", "pymongo_queries", "orm_queries"]


@pytest.fixture(scope="module")
def servers() -> Iterator[Mapping[str, str]]:
    """
    Where the servers are, as the situations read it.
    """
    with postgres() as address, mariadb() as port, mongo() as mongo_port:
        yield {"POSTGRES": address, "MARIADB_PORT": str(port), "MONGO_PORT": str(mongo_port)}


@pytest.mark.parametrize("library", _LOCAL)
def test_queries_are_counted_by_test_and_part(suite: Suite, library: str) -> None:
    """
    The call, the setup and the background of each test have the queries that it sends, and no secret is kept.
    """
    _check(suite, (library,))


@pytest.mark.stack
@pytest.mark.parametrize(
    ("order", "arguments"),
    [
        ("reversed", ()),
        ("seed 1", ()),
        ("seed 2", ()),
        ("seed 3", ()),
        ("", ("-n", "2")),
        ("seed 4", ("-n", "2")),
    ],
)
def test_order_and_processes_do_not_matter(
    suite: Suite, order: str, arguments: Sequence[str], servers: Mapping[str, str]
) -> None:
    """
    All situations, those with real servers too, are counted the same in any order and by workers of xdist.
    """
    _check(suite, (*_LOCAL, *_SERVED), {**servers, "ORDER": order}, arguments)


def _check(
    suite: Suite, libraries: Sequence[str], environ: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
) -> None:
    result = run_situations(suite, *libraries, arguments=arguments, environ=environ or {})

    assert differences(result) == {}, result.output
    assert result.code == 0
    assert "inside Paceline" not in result.output
    assert files_with(TOKEN, suite.results) == []
    # An unknown number of rows is absent.
    assert all((group.rows or 0) < 10_000 for case in result.run.cases for group in case.queries)
