"""
Queries in real suites, by library: each test is counted as it says, in any order and in any process.
"""

import pytest

from support.situations import TOKEN, differences, files_with, run_situations
from support.suite import Suite

_LIBRARIES = ["sqlite_queries", "sqlalchemy_queries", "django_queries"]


@pytest.mark.parametrize("library", _LIBRARIES)
def test_queries_are_counted_by_test_and_part(suite: Suite, library: str) -> None:
    """
    The call, the setup and the background of each test have the queries that it sends, and no secret is kept.
    """
    result = run_situations(suite, library)

    assert differences(result) == {}, result.output
    assert result.code == 0
    assert "inside Paceline" not in result.output
    assert files_with(TOKEN, suite.results) == []
