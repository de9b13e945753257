"""
Hooks in libraries: they leave no trace, and their faults reach no test.
"""

import sqlite3
from itertools import accumulate
from typing import Any

from paceline.probes.touch.hooks import Hooks
from paceline.usage import UsageKey
from support.suite import Suite

_COUNTED = """
    import sqlite3

    def test_one():
        connection = sqlite3.connect(":memory:")
        assert connection.execute("select 1").fetchone() == (1,)
        connection.close()

    test_two = test_one
"""
_TOUCHED = {str(key) for key in UsageKey if key.quantity.is_touched}
_LIBRARIES = ["sqlalchemy", "django", "psycopg", "psycopg2", "asyncpg", "pymysql", "aiomysql", "pymongo", "aiosqlite"]
_MODULES = [
    *(library for library in _LIBRARIES if library != "django"),
    "django.db",
    "playwright.sync_api",
    "playwright.async_api",
    "selenium.webdriver.remote.webdriver",
    "selenium.webdriver.common.service",
    "opentelemetry.context",
    "opentelemetry.sdk.trace",
]


def test_hooks_are_taken_off(tmp_path: str) -> None:
    """
    A library is the same after the session as before, also where somebody replaced a function in between.
    """
    before, failures = (sqlite3.connect, sqlite3.dbapi2.connect), []
    replacement: Any = sqlite3.Connection
    hooks = Hooks(str(tmp_path), lambda error, doing: failures.append((error, doing)))

    hooks.install()
    during, sqlite3.dbapi2.connect = sqlite3.connect, replacement
    connection = sqlite3.connect(":memory:")
    connection.execute("select 1")
    connection.close()
    hooks.remove()

    assert during is not before[0]
    assert (sqlite3.connect, sqlite3.dbapi2.connect) == (before[0], replacement)
    assert failures == []
    sqlite3.dbapi2.connect = before[1]


def test_a_failing_hook_ends_the_counting(suite: Suite) -> None:
    """
    Tests pass, one message says what failed, and each test from then on lacks the figures.
    """
    suite.write("test_shop.py", _COUNTED)
    suite.write(
        "conftest.py",
        """
        import pytest
        from paceline.probes.touch.database import queries

        @pytest.fixture(autouse=True)
        def broken(monkeypatch):
            def fail(*_, **__):
                raise RuntimeError("broken")
            monkeypatch.setattr(queries, "read_statement", fail)
        """,
    )

    result = suite.run()

    assert result.outcomes == {"test_one": "passed", "test_two": "passed"}
    assert result.told().count("counting queries of sqlite3 failed inside Paceline") == 1
    for case in result.run.cases:
        assert set(case.lacking) == _TOUCHED
        assert not _TOUCHED & set(case.usage)


def test_a_library_whose_inside_changed_stays_off(suite: Suite) -> None:
    """
    Tests pass, one message names each library, and the figures are lacking.
    """
    for module in _MODULES:
        for package in accumulate(module.split("."), "{}/{}".format):
            suite.write(f"{package}/__init__.py", "")
    imports = [f"import {module}" for module in _MODULES]
    suite.write("test_shop.py", "\n".join([*imports, "def test_one():", "    pass"]))

    result = suite.run(environ={"PYTHONPATH": str(suite.folder)})

    assert result.outcomes == {"test_one": "passed"}, result.output
    for module in _MODULES:
        assert result.told().count(f"watching {module} failed inside Paceline") == 1
    assert set(result.case("test_one").lacking) == _TOUCHED


def test_a_failing_query_shows_no_line_of_paceline(suite: Suite) -> None:
    """
    The traceback of a query that fails ends in the line that sends it.
    """
    suite.write(
        "test_shop.py",
        """
        import sqlite3

        def test_one():
            sqlite3.connect(":memory:").execute("select * from nowhere")
        """,
    )

    result = suite.run()

    assert "no such table: nowhere" in result.output
    assert "touch" not in result.output


def test_no_library_is_imported_for_its_own_sake(suite: Suite) -> None:
    """
    A suite without a database has the same modules as without Paceline.
    """
    suite.write(
        "test_shop.py", f"import sys\n\n\ndef test_one():\n    assert not {set(_LIBRARIES)} & set(sys.modules)\n"
    )

    assert suite.run().outcomes == {"test_one": "passed"}
