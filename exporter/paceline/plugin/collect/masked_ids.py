"""
Values of parameters in the ids of tests, where the name of a parameter or their look says that they are secrets.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

import pytest
from _pytest.compat import ascii_escaped  # as pytest writes a value into an id
from _pytest.mark import ParameterSet  # what pytest.param makes

from paceline.identity import LONGEST_LOOKED_AT
from paceline.redaction import is_secret, without_secrets

# A value so long is no common word: another parameter that has it betrays it, and so does an id that the project makes.
_LONG = 5
# One so long is looked for within the values of others, as an address has the password.
_LONG_WITHIN = 10


def masked_id(item: pytest.Item) -> str:
    """
    The id of a test, with secrets as pytest shows what it cannot write: the name of the parameter and the position of
    the value, which tells two of them apart, whichever tests run, and betrays neither.
    """
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return item.nodeid
    if len(callspec.id) > LONGEST_LOOKED_AT:
        return f"{item.nodeid.removesuffix(f'[{callspec.id}]')}[{'-'.join(_places(item, callspec.params))}]"
    shown, looks_so = callspec.id, _looks_secret(callspec.id)
    secrets = {
        name: texts
        for name, value in callspec.params.items()
        if (texts := [one for one in _texts(value) if is_secret(name, one) or (looks_so and _looks_secret(one))])
    }
    if secrets:
        places = {name: f"{name}{_position(item, name, callspec.params[name])}" for name in secrets}
        shown = masked(shown, callspec.params, secrets, places)
    if looks_so and _looks_secret(shown):  # an id that the project made itself
        shown = "-".join([*_places(item, callspec.params), without_secrets(shown)])
    return f"{item.nodeid.removesuffix(f'[{callspec.id}]')}[{shown}]" if shown != callspec.id else item.nodeid


def _places(item: pytest.Item, params: Mapping[str, object]) -> list[str]:
    return [f"{name}{_position(item, name, value)}" for name, value in params.items()]


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
            return next((n for n, cell in enumerate(column) if _is_same(cell, value)), 0)
    return int(item.callspec.indices.get(name, 0))  # type: ignore[attr-defined]


def _is_same(cell: object, value: object) -> bool:
    """
    Whether two values are equal. The values of a project may raise at "==", or answer neither true nor false.
    """
    if cell is value:
        return True
    try:
        return type(cell) is type(value) and bool(cell == value)
    except Exception:  # noqa: BLE001 - arrays, frames and fakes raise whatever they like
        return False


def _cell(row: Any, number: int, width: int) -> object:  # noqa: ANN401 - whatever a project tests with
    if isinstance(row, ParameterSet):
        return row.values[number]
    return row if width == 1 else next(islice(row, number, None), None)


def _texts(value: object) -> set[str]:
    try:
        return _written(value)
    except Exception:  # noqa: BLE001 - a number of a project may raise where it is written as text
        return set()


def _written(value: object) -> set[str]:
    if isinstance(value, str | bytes):
        # Of a subclass, the text alone: it may compare and hash in its own way.
        plain = str.__str__(value) if isinstance(value, str) else value.decode("utf-8", "replace")
        return {text for text in (ascii_escaped(plain if isinstance(value, str) else value), plain) if text}
    return {str(value)} if isinstance(value, int | float) and not isinstance(value, bool) else set()


def masked(
    shown: str, params: Mapping[str, object], secrets: Mapping[str, Collection[str]], places: Mapping[str, str]
) -> str:
    """
    What an id shows of parameters, without some values.

    Args:
        shown: the values of all parameters, with hyphens between them, unless the project made the id itself.
        params: the values by name, in that order.
        secrets: the values that are not to be shown, as pytest writes them.
        places: what stands in the place of each.
    """
    found = _layout(params, secrets).fullmatch(shown)
    if found is not None:
        # Those behind first, so that the others stay where they were found.
        for number, name in reversed([(number, name) for number, name in enumerate(params) if name in secrets]):
            # pytest numbers duplicate ids, which distinguishes the tests.
            twice = found[f"n{number}"]
            place = f"{places[name]}_{twice}" if twice else places[name]
            shown = f"{shown[: found.start(f'v{number}')]}{place}{shown[found.end(f'v{number}') :]}"
    for name, texts in secrets.items():
        for text in texts:
            shown = _without(shown, text, places[name], is_own=found is None)
    return shown


def _layout(params: Mapping[str, object], secrets: Mapping[str, Collection[str]]) -> re.Pattern[str]:
    fields = []
    for number, (name, value) in enumerate(params.items()):
        texts = "|".join(map(re.escape, secrets.get(name) or _texts(value)))
        if name in secrets:
            fields.append(rf"(?P<v{number}>(?:{texts})(?:_?(?P<n{number}>\d+))?)")
        else:
            fields.append(rf"(?:(?:{texts})(?:_?\d+)?|.*?)" if texts else ".*?")
    return re.compile("-".join(fields), re.DOTALL)


def _without(shown: str, text: str, place: str, *, is_own: bool) -> str:
    if len(text) >= (_LONG if is_own else _LONG_WITHIN):
        return shown.replace(text, place)
    if len(text) < _LONG and not is_own:
        return shown
    return re.sub(rf"(?<![^-]){re.escape(text)}(?![^-])", lambda _: place, shown)
