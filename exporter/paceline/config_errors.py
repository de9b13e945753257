"""
What is wrong with a setting, in plain words.

msgspec says what a type does not allow; here it is said which setting that is, what it has, and what may stand there.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import ValidationError

from paceline.verdict_kinds import FAILING_KINDS

Check = Callable[[Any], object]

_KINDS = {
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "str": "a text",
    "array": "a list",
    "object": "a table",
}
_LIMITS = {">": "above", ">=": "of at least", "<": "below", "<=": "of at most"}
_KIND = re.compile(r"Expected `(?P<kind>\w+)(?: \| null)?`(?: of length)?(?: (?P<sign>[<>]=?) (?P<limit>[\d.]+))?")

# What a check of our own says of a kind that exists and cannot be meant.
NO_FAILING_KIND = "No kind to fail on"

_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`")


class Wrong(NamedTuple):
    """
    The innermost wrong value: where it stands, and what msgspec says of it alone.
    """

    path: tuple[str, ...]
    value: object
    message: str
    is_item: bool = False


def find_wrong(value: object, check: Check, path: tuple[str, ...]) -> Wrong | None:
    """
    Take a value apart until the piece is found that cannot be.

    Args:
        value: what was given.
        check: raises msgspec's ValidationError where a value cannot stand in this place.
        path: the place.

    Returns:
        None where nothing is wrong.
    """
    try:
        check(value)
    except ValidationError as error:
        message = str(error)
        unknown = _UNKNOWN.match(message)
        if unknown and isinstance(value, dict) and unknown[1] in value:
            return Wrong((*path, unknown[1]), value[unknown[1]], message)
        return _innermost(value, check, path) or Wrong(path, value, message)
    return None


def explain(wrong: Wrong, names: Mapping[str, str], fields_at: Callable[[tuple[str, ...]], tuple[str, ...]]) -> str:
    """
    Say it in one sentence.

    Args:
        wrong: what is wrong.
        names: what the first part of a path is called where the user wrote it.
        fields_at: the keys that may stand in a table, by its place.
    """
    first, *rest = wrong.path
    place = ".".join((names.get(first, first), *rest))
    if _UNKNOWN.match(wrong.message):
        return f"unknown key {place!r}, expected one of {', '.join(sorted(fields_at(wrong.path[:-1])))}"
    if "at `key`" in wrong.message:
        table, key = place.removesuffix(f".{rest[-1]}"), rest[-1]
        return f"{table}: the key {key!r} is no test type, expected 1 to 100 letters, digits, '.', '+', '-' or '_'"
    return f"{place} {'has' if wrong.is_item else 'is'} {wrong.value!r}, expected {_expected(wrong.message)}"


def _innermost(value: object, check: Check, path: tuple[str, ...]) -> Wrong | None:
    if isinstance(value, dict):
        pieces = (find_wrong(inner, _within(check, key), (*path, str(key))) for key, inner in value.items())
        return next((piece for piece in pieces if piece), None)
    if isinstance(value, list):
        items = (find_wrong(inner, lambda one: check([one]), path) for inner in value)
        wrong = next((item for item in items if item), None)
        return wrong._replace(is_item=True) if wrong else None
    return None


def _within(check: Check, key: str) -> Check:
    return lambda value: check({key: value})


def _expected(message: str) -> str:
    if message.startswith(("Invalid enum value", NO_FAILING_KIND)):
        return f"one of {', '.join(FAILING_KINDS)}"
    found = _KIND.match(message)
    if found is None:
        return message
    kind, limit = _KINDS.get(found["kind"], found["kind"]), found["limit"]
    if limit is None or "got" in message:
        return kind
    number = f"{float(limit):.10g}"
    if found["kind"] != "str":
        return f"{kind} {_LIMITS[found['sign']]} {number}"
    return f"{kind} that is not empty" if found["sign"] == ">=" else f"{kind} of at most {number} characters"
