"""
The functions by which calls grew.
"""

from paceline.analysis.work_causes import Change, Group, groups_of

_BEFORE = {"load": 1, "do_load": 2, "get_value": 12, "field": 10}


def _change(name: str, after: dict[str, int], before: dict[str, int] = _BEFORE) -> Change:
    return Change(name, before, after)


def _functions(groups: list[Group]) -> list[tuple[str, list[str]]]:
    return [(group.function, [change.test for change in group.changes]) for group in groups]


def test_the_outermost_function_that_grew_is_the_cause() -> None:
    """
    Its caller did not grow, and the functions that it calls grew with it; a helper that others call too grew less.
    """
    after = {"get_value": 16, "load": 1, "do_load": 6, "field": 30}

    assert _functions(groups_of([_change("a", after), _change("b", after)])) == [("do_load", ["a", "b"])]


def test_a_function_that_was_not_called_before_is_a_cause() -> None:
    """
    It comes first where it calls what grew.
    """
    after = {"load": 1, "check": 3, "do_load": 6, "get_value": 36, "field": 30}

    assert _functions(groups_of([_change("a", after)])) == [("check", ["a"])]


def test_one_change_is_one_group() -> None:
    """
    A test in which it grew by more, as it calls itself, is in the group of the others.
    """
    once = {"load": 1, "do_load": 6, "get_value": 36, "field": 30}
    nested = {"load": 1, "do_load": 12, "nested": 3, "get_value": 100, "field": 90}
    changes = [_change("a", once), _change("b", once), _change("c", nested, {**_BEFORE, "nested": 1})]

    assert _functions(groups_of(changes)) == [("do_load", ["a", "b", "c"])]


def test_two_changes_are_two_groups() -> None:
    """
    The one of more tests first.
    """
    dumps = _change("d", {"dump": 9}, {"dump": 3})
    loads = [_change(name, {**_BEFORE, "do_load": 6}) for name in "ab"]

    assert _functions(groups_of([dumps, *loads])) == [("do_load", ["a", "b"]), ("dump", ["d"])]


def test_tests_without_vectors_have_no_function() -> None:
    """
    They are a group of their own.
    """
    changes = [_change("a", {}, _BEFORE), _change("b", _BEFORE, {}), _change("c", {**_BEFORE, "field": 99})]

    assert _functions(groups_of(changes)) == [("field", ["c"]), ("", ["a", "b"])]
