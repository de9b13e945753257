"""
The setting that ignores repeated queries.
"""

import tomllib

import pytest
from msgspec import convert

from paceline.analysis.ignored_queries import QuerySettings, setting_for, with_ignored
from paceline.query_group import QueryGroup


@pytest.mark.parametrize("statement", ["select ?", 'select "a" from [b] where c = ?', "select " + "x, " * 60, ""])
@pytest.mark.parametrize("place", ["shop/cart.py:62", "C:\\shop\\cart.py:62", ""])
def test_the_line_of_a_setting_ignores_the_query_that_it_was_made_for(statement: str, place: str) -> None:
    """
    Long statements, quotes, and queries without a place among them.
    """
    group = QueryGroup(statement=statement, place=place, count=9, fed_by="select b")
    line = setting_for(group)
    settings = convert(tomllib.loads(line), QuerySettings)

    assert "\n" not in line
    assert [one.ignored for one in with_ignored([group], settings.ignore)] == ["…"]
