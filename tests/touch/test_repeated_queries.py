"""
Repeated queries (N+1) in a zoo of tests: those that repeat a query, and those that only look so.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy

from paceline.model import Case
from paceline.query_group import QueryGroup
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.suite import Result, Suite

_ZOO = Path(__file__).parent / "zoo"
# SQLAlchemy 1.4 asks SQLite for the key of each new row by a statement of its own.
_ROW_BY_ROW = {"tests/test_clean.py::test_add_all"} if sqlalchemy.__version__.startswith("1.") else set()


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """
    One run of the zoo.
    """
    folder = tmp_path_factory.mktemp("zoo") / "library"
    shutil.copytree(_ZOO, folder)
    return Suite(folder).run()


@pytest.fixture(scope="module")
def cases(result: Result) -> Mapping[str, Case]:
    """
    The cases of its tests, all of which pass.
    """
    assert set(result.outcomes.values()) == {"passed"}
    return {case.id: case for case in result.run.cases}


def test_repeated_queries_are_named(cases: Mapping[str, Case]) -> None:
    """
    Each test that sends a query for each row of another one has a repeated query.
    """
    repeating = {case_id for case_id in cases if "test_repeated.py" in case_id}

    assert repeating
    assert {case_id for case_id in repeating if not _repeated(cases[case_id])} == set()


def test_other_queries_are_not(cases: Mapping[str, Case]) -> None:
    """
    Pages, lists of values, polling, settings, factories and loops of a test over a service are no repeated queries.
    """
    clean = {case_id for case_id in cases if "test_clean.py" in case_id}

    assert clean
    assert {case_id for case_id in clean if _repeated(cases[case_id])} == _ROW_BY_ROW


@pytest.mark.parametrize(
    ("test", "place", "source", "count"),
    [
        ("test_raw", "library/plain.py:29", "library/plain.py:30", 24),
        ("test_lazy", "library/mapped.py:42", "library/mapped.py:42", 12),
        ("test_endpoint_in_a_loop", "library/plain.py:29", "library/plain.py:30", 96),
        ("test_raw_in_the_test", "tests/test_repeated.py:13", "tests/test_repeated.py:12", 24),
    ],
)
def test_the_lines_are_those_of_the_loop_and_of_what_fed_it(
    cases: Mapping[str, Case], test: str, place: str, source: str, count: int
) -> None:
    """
    Not lines of a library, nor of a helper that sends whatever it is given.
    """
    repeated = _repeated(cases[f"tests/test_repeated.py::{test}"])

    assert [(group.place, group.fed_from, group.count) for group in repeated] == [(place, source, count)]


def test_a_nested_loop_repeats_on_both_levels(cases: Mapping[str, Case]) -> None:
    """
    A query for each author and one for each of their books.
    """
    case = cases["tests/test_repeated.py::test_nested"]

    assert [group.count for group in _repeated(case)] == [24, 12]
    assert case.usage[UsageKey.DB_REPEATED_QUERIES] == 36


def test_the_fix_is_that_of_the_library(result: Result) -> None:
    """
    Each place is one finding, with the way out that its library has.
    """
    found = [verdict for verdict in result.run.verdicts if verdict.kind is VerdictKind.REPEATED_QUERIES]
    words = {
        "test_raw": "IN",
        "test_lazy_parent": "selectinload",
        "test_django_reverse": "prefetch_related",
    }

    assert {verdict.case: verdict for verdict in found if verdict.standing} == {}
    for test, word in words.items():
        reasons = [one.reason for one in found if f"::{test}" in " ".join([one.case or "", *one.tests])]
        assert any(word in reason for reason in reasons), test


def _repeated(case: Case) -> list[QueryGroup]:
    return [group for group in case.queries if group.is_repeated]
