"""
Values of parameters in the ids of tests, where the name of a parameter or their look says that they are secrets.
"""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

import pytest
from _pytest.compat import ascii_escaped  # as pytest writes a value into an id
from _pytest.mark import ParameterSet  # what pytest.param makes

from paceline.redaction import is_secret, without_secrets

# A value so long is looked for within others, as in an id that the project makes itself; a shorter one is a word.
_LONG = 5


def masked_id(item: pytest.Item) -> str:
    """
    The id of a test, with secrets as pytest shows what it cannot write: the name of the parameter and the position of
    the value, which tells two of them apart, whichever tests run, and betrays neither.
    """
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return item.nodeid
    shown, looks_so = callspec.id, _looks_secret(callspec.id)
    for name, value in callspec.params.items():
        for text in _texts(value):
            if is_secret(name, text) or (looks_so and _looks_secret(text)):
                shown = masked_text(shown, text, f"{name}{_position(item, name, value)}")
    if looks_so and _looks_secret(shown):  # an id that the project made itself
        places = [f"{name}{_position(item, name, value)}" for name, value in callspec.params.items()]
        shown = "-".join([*places, without_secrets(shown)])
    return f"{item.nodeid.removesuffix(f'[{callspec.id}]')}[{shown}]" if shown != callspec.id else item.nodeid


def _looks_secret(text: str) -> bool:
    return without_secrets(text) != text


def _position(item: pytest.Item, name: str, value: object) -> int:
    """
    Where a value stands among those that its marker lists. What pytest counts itself is the same for a fixture, and
    for a marker the test, which moves when another marker gets a value.
    """
    for marker in item.iter_markers("parametrize"):
        given: dict[str, Any] = dict(zip(("argnames", "argvalues"), marker.args, strict=False)) | {**marker.kwargs}
        names, rows = given.get("argnames", ""), given.get("argvalues")
        names = [one.strip() for one in names.split(",")] if isinstance(names, str) else [*names]
        if name in names and isinstance(rows, Sequence):
            column = [_cell(row, names.index(name), len(names)) for row in rows]
            # Values of a project may answer anything to "==".
            return next((n for n, cell in enumerate(column) if type(cell) is type(value) and cell == value), 0)
    return int(item.callspec.indices.get(name, 0))  # type: ignore[attr-defined]


def _cell(row: Any, number: int, width: int) -> object:  # noqa: ANN401 - whatever a project tests with
    if isinstance(row, ParameterSet):
        return row.values[number]
    return row if width == 1 else next(islice(row, number, None), None)


def _texts(value: object) -> set[str]:
    if isinstance(value, str | bytes):
        plain = value if isinstance(value, str) else value.decode("utf-8", "replace")
        return {text for text in (ascii_escaped(value), plain) if text}
    return {str(value)} if isinstance(value, int | float) and not isinstance(value, bool) else set()


def masked_text(shown: str, text: str, name: str) -> str:
    """
    What an id shows of parameters, without one value.

    Args:
        shown: values with hyphens between them.
        text: the value, as it is shown.
        name: what stands in its place.
    """
    # pytest puts a number behind what comes twice.
    word = rf"(?<![^-]){re.escape(text)}(?:_?\d+)?(?![^-])"
    pattern = word if len(text) < _LONG else f"{word}|{re.escape(text)}"
    return re.sub(pattern, lambda _: name, shown)
