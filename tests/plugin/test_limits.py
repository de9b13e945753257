"""
Limits on what a test uses besides time.
"""

import pytest

from paceline.verdict_kinds import VerdictKind
from support.suite import Suite

_ASKING = """
    import pytest, sqlite3

    def ask(times):
        connection = sqlite3.connect(":memory:")
        for number in range(times):
            connection.execute("select 1")
        connection.close()
"""


def test_a_marker_that_limits_queries_fails_the_test(suite: Suite) -> None:
    """
    Three queries where two are allowed, in a test that is quick enough; a test within its limits passes.
    """
    tests = """
    @pytest.mark.performance(budget_ms=60000, queries=2, memory_mib=1000)
    def test_over(): ask(3)

    @pytest.mark.performance(queries=3, requests=0)
    def test_within(): ask(3)

    @pytest.mark.performance_test(max_time=60, max_queries=2, max_memory_mb=1000)
    def test_by_earlier_names(): ask(3)

    @pytest.mark.performance_test(max_time=0.000001, confirm=False)
    def test_longer_than_its_time(): ask(3)
    """
    suite.write("test_shop.py", _ASKING + tests)
    result = suite.run()

    failed = dict.fromkeys(("test_over", "test_by_earlier_names", "test_longer_than_its_time"), "failed")
    assert result.outcomes == {**failed, "test_within": "passed"}
    assert "The test used more than it may: database queries 3, limit 2 (its performance marker)." in result.output
    assert {verdict.kind for verdict in result.run.verdicts} == {VerdictKind.BUDGET}
    (verdict,) = (one for one in result.run.verdicts if one.case == "test_shop.py::test_over")
    assert (verdict.measured, verdict.limit, verdict.unit) == (3, 2, "count")


@pytest.mark.parametrize(
    ("settings", "limit", "source"),
    [
        ("unit = {queries = 1}", 1, "test type unit"),
        ('"test_sh*" = {queries = 2}\nunit = {queries = 1}', 2, "the setting for test_sh*"),
        ('unit = {queries = 1, requests = 0}\n"elsewhere/*" = {queries = 0}', 1, "test type unit"),
    ],
)
def test_a_limit_of_a_setting_is_a_verdict_and_fails_nothing(
    suite: Suite, settings: str, limit: float, source: str
) -> None:
    """
    A pattern of paths wins over the test type; the line that sent most of the queries is named.
    """
    suite.write("pyproject.toml", f"[tool.paceline.limits]\n{settings}\n")
    suite.write("test_shop.py", _ASKING + "\n    def test_asks(): ask(3)\n")
    result = suite.run()

    assert result.code == 0
    (verdict,) = result.run.verdicts
    assert (verdict.limit, verdict.measured) == (limit, 3)
    assert verdict.reason == f"database queries 3, limit {limit} ({source}), most at test_shop.py:7"
    assert ("limits has 'elsewhere/*'" in result.output) is ("elsewhere" in settings)


def test_an_unknown_limit_is_an_error_that_names_the_known_ones(suite: Suite) -> None:
    """
    Before the first test.
    """
    suite.write("pyproject.toml", "[tool.paceline.limits]\nunit = {query = 1}\n")
    suite.write("test_shop.py", "def test_one(): pass")
    result = suite.run()

    assert result.code == 4
    assert "limits.unit" in result.output
    assert "memory_mib, queries, requests" in result.output
