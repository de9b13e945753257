"""
What is known of a statement by its text.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.probes.touch.database.statements import fingerprint_of, read_statement

_SECRET = "hunter-2"
_LARGE = 1 << 20


@pytest.mark.parametrize(
    ("text", "fingerprint"),
    [
        ("select * from item where id = 5", "select * from item where id = ?"),
        ("select *\n  from item -- all of them\n", "select * from item"),
        ("/* hunter-2 */ select 1", "select ?"),
        ("select 'hunter-2', 'it''s hunter-2'", "select ?, ?"),
        (r"select E'it\'s hunter-2', x'AB', 1e5, -3.2, 0xFF", "select ?, ?, ?, ?, ?"),
        ("select $$hunter-2$$, $tag$ 'hunter-2' $tag$, t1.c2", "select ?, ?, t1.c2"),
        (
            "select * from item where a = $1 and b = :name and c = %(name)s and d = %s",
            "select * from item where a = ? and b = ? and c = ? and d = ?",
        ),
        ("select * from item where id in (1, 2, 3)", "select * from item where id in (...)"),
        ("insert into item values (1, 'a'), (2, 'b')", "insert into item values (...)"),
        ('select "item"."id" from "item"', 'select "item"."id" from "item"'),
        ('select * from "item" where name = "hunter2"', 'select * from "item" where name = ?'),
        ('insert into item values ("hunter2", "hunter3")', "insert into item values (...)"),
        ('select "hunter-2" like "hunter2"', "select ? like ?"),
        ("selekt (((", "selekt ((("),
        ("", ""),
    ],
)
def test_a_fingerprint_has_no_literal_and_no_comment(text: str, fingerprint: str) -> None:
    """
    Literals, parameters and comments of standard SQL are gone, names are not.
    """
    assert fingerprint_of(text) == fingerprint


@pytest.mark.parametrize(
    ("text", "fingerprint"),
    [
        (r'select "se\"cret hunter-2", `name` from item', "select ?, `name` from item"),
        (r"select 'it\'s hunter-2' # hunter-2", "select ?"),
        ("select 5-- hunter-2", "select ?"),
        ("select 5--2", "select ?-?"),
    ],
)
def test_mysql_has_strings_in_double_quotes_and_backslashes(text: str, fingerprint: str) -> None:
    """
    Strings and comments of MySQL are gone, names in backticks are not.
    """
    assert fingerprint_of(text, escapes=True) == fingerprint


@pytest.mark.parametrize("opening", ["'", "E'", "$$", "/*", "--", "x'", '= "'])
def test_what_is_not_closed_is_masked_to_the_end(opening: str) -> None:
    """
    A statement that no parser takes keeps no secret either.
    """
    assert _SECRET not in fingerprint_of(f"select {opening}{_SECRET} and")


@given(st.text(alphabet="'\"$\\-/*eE =,(x5\n", max_size=20), st.booleans())
def test_any_text_has_a_fingerprint(text: str, escapes: bool) -> None:
    """
    Whatever the text, it has a fingerprint, which is hardly longer.
    """
    assert len(fingerprint_of(text, escapes=escapes)) <= 2 * len(text) + 3


@pytest.mark.parametrize(
    "unit", ["x'", "'", '"', '= "a', "$a", "/*", "(", "values (", "0", " ", "?,", "(?,", "(),", "(...),"]
)
def test_a_large_statement_is_cut(unit: str) -> None:
    """
    Of a statement of 1 MB there is a fingerprint of some hundred characters.
    """
    assert len(read_statement(unit * _LARGE).fingerprint) <= 501


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN",
        "  commit;",
        "/* why */ SET x = 1",
        "savepoint a",
        "PRAGMA user_version",
        "show tables",
        "(rollback)",
        " -- nothing",
    ],
)
def test_statements_of_the_connection_do_not_count(text: str) -> None:
    """
    What opens, ends and sets up transactions and connections is no query.
    """
    assert not read_statement(text).is_counted


@pytest.mark.parametrize(
    "text",
    ["select 1", "with a as (select 1) select * from a", "(select 1) union select 2", "call f()", "selekt"],
)
def test_everything_else_counts(text: str) -> None:
    """
    What asks for data or changes it is a query, also where it is not valid.
    """
    assert read_statement(text).is_counted


def test_the_shape_of_a_statement() -> None:
    """
    A list of values asks for many, an offset or a key with a limit reads a page.
    """
    many = read_statement("select * from item where id in (?, ?)")
    page = read_statement("select * from item where id > ? order by id limit 10")
    offset = read_statement("select * from item limit 10 offset 20")

    assert (many.asks_for_many, many.is_page, many.has_offset) == (True, False, False)
    assert (page.asks_for_many, page.is_page, page.has_offset) == (False, True, False)
    assert (offset.asks_for_many, offset.is_page, offset.has_offset) == (False, False, True)
