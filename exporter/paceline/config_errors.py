"""
Why a value of a configuration does not fit its type, in words that come from the type.
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, NamedTuple, get_args, get_origin

from msgspec import Struct, ValidationError, convert, inspect, structs

from paceline.redaction import without_secrets

_NUMBERS = {inspect.IntType: "a whole number", inspect.FloatType: "a number"}
_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
_KINDS = {
    inspect.BoolType: "true or false",
    inspect.VarTupleType: "a list",
    inspect.DictType: "a table",
    inspect.StructType: "a table",
}


class Wrong(NamedTuple):
    """
    The innermost value that does not fit its type: the keys that lead to it, what was found, what was expected.
    """

    path: tuple[str, ...]
    found: str
    expected: str

    def message(self, names: Mapping[str, str]) -> str:
        """
        One sentence.

        Args:
            names: how the user wrote the first key of a path, where that is not the key.
        """
        first, *rest = self.path or ("the file",)
        return f"{'.'.join((names.get(first, first), *rest))} {self.found}, expected {self.expected}"


def find_wrong(value: object, kind: object, path: tuple[str, ...] = ()) -> Wrong | None:
    """
    Find the innermost value that does not fit its type; None where all fit.

    Args:
        value: of dictionaries, lists, strings, numbers and truth values.
        kind: the type, as in an annotation.
        path: the keys that lead to the value.
    """
    try:
        convert(value, kind)
    except ValidationError:
        return next(_wrong_pieces(value, kind, path), None) or Wrong(path, f"is {_shown(value)}", expected(kind))
    return None


def _shown(value: object) -> str:
    # An address with a password may stand where another type is expected.
    return without_secrets(repr(value))


def expected(kind: object) -> str:
    """
    The values that a type admits, in words: its `description`, else its kind and its limits.
    """
    return _in_words(inspect.type_info(kind))


def one_of(names: Iterable[str]) -> str:
    """
    A choice of names, in words.
    """
    return f"one of {', '.join(names)}"


def _wrong_pieces(value: object, kind: object, path: tuple[str, ...]) -> Iterator[Wrong]:
    kind = _without_limits(kind)
    if isinstance(value, dict) and get_origin(kind) is Mapping:
        yield from _wrong_entries(value, kind, path)
    elif isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, Struct):
        yield from _wrong_fields(value, kind, path)
    elif isinstance(value, list) and get_origin(kind) is tuple:
        yield from _wrong_items(value, kind, path)


def _wrong_items(items: list[object], kind: object, path: tuple[str, ...]) -> Iterator[Wrong]:
    for item in items:
        if wrong := find_wrong(item, get_args(kind)[0], path):
            yield wrong._replace(found=f"has {_shown(item)}") if wrong.path == path else wrong


def _wrong_entries(table: dict[object, object], kind: object, path: tuple[str, ...]) -> Iterator[Wrong]:
    key_kind, value_kind = get_args(kind)
    for key, value in table.items():
        if find_wrong(key, key_kind):
            yield Wrong(path, f"has the key {_shown(key)}", expected(key_kind))
        if wrong := find_wrong(value, value_kind, (*path, str(key))):
            yield wrong


def _wrong_fields(table: dict[object, object], kind: type[Struct], path: tuple[str, ...]) -> Iterator[Wrong]:
    fields = {field.encode_name: field for field in structs.fields(kind)}
    for name, value in table.items():
        key = str(name)
        if key not in fields:
            yield Wrong((*path, key), f"is an unknown key{_similar(key, fields)}", one_of(sorted(fields)))
        elif wrong := find_wrong(value, fields[key].type, (*path, key)):
            yield wrong
    for key, field in fields.items():
        if field.required and key not in table:
            yield Wrong((*path, key), "is absent", expected(field.type))


def _similar(key: str, known: Iterable[str]) -> str:
    found = get_close_matches(key, known, n=1)
    return f" (did you mean {found[0]}?)" if found else ""


def _without_limits(kind: object) -> object:
    if get_origin(kind) is Annotated:
        return _without_limits(get_args(kind)[0])
    admitted = [one for one in get_args(kind) if one is not type(None)]
    return _without_limits(admitted[0]) if type(None) in get_args(kind) else kind


def _in_words(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata(type=inner, extra_json_schema=schema):
            return str((schema or {}).get("description") or _in_words(inner))
        case inspect.UnionType(types=kinds):
            return " or ".join(_in_words(one) for one in kinds if not isinstance(one, inspect.NoneType))
        case inspect.IntType() | inspect.FloatType():
            return _number(kind)
        case inspect.StrType():
            return _string(kind)
        case inspect.EnumType(cls=choices):
            return one_of(str(choice.value) for choice in choices)
    return _KINDS[type(kind)]


def _number(kind: inspect.IntType | inspect.FloatType) -> str:
    given = {name: getattr(kind, name) for name in _BOUNDS}
    if given["ge"] is not None and given["le"] is not None:
        return f"{_NUMBERS[type(kind)]} from {given['ge']:.10g} to {given['le']:.10g}"
    limits = " and ".join(f"{word} {given[name]:.10g}" for name, word in _BOUNDS.items() if given[name] is not None)
    return f"{_NUMBERS[type(kind)]} {'of ' if limits.startswith('at ') else ''}{limits}".rstrip()


def _string(kind: inspect.StrType) -> str:
    if kind.max_length is not None:
        return f"a string of at most {kind.max_length} characters"
    return "a string that is not empty" if kind.min_length else "a string"
