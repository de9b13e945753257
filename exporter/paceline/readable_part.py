"""
The part of a value that can be read back from its document.

A value that is made in memory is not checked. One figure beyond its bounds, such as a count that another library gives,
would make the whole document unreadable.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, UNSET, DecodeError, EncodeError, Struct, json
from msgspec.structs import FieldInfo, fields, replace

from paceline.documents import decode, encode
from paceline.errors import DocumentError
from paceline.formatting import counted

_S = TypeVar("_S", bound=Struct)
# What reading a document raises, and what writing one of a value of another library does.
NOT_READABLE = (DecodeError, EncodeError, TypeError, ValueError, OverflowError)
_SHOWN = 3
_LOST: Final = object()


def readable_part(value: _S, where: str) -> tuple[_S, str]:
    """
    Leave out of a value what cannot be read back from JSON.

    An entry of a mapping or of a tuple is left out alone, and a field where it can be empty. Elsewhere the object that
    has the field is left out.

    Args:
        value: the value.
        where: what to call it in an error.

    Returns:
        The part, and what was left out, as text: "" where that is nothing.

    Raises:
        DocumentError: nothing of it can be read.
    """
    lost: list[str] = []
    part = _part_of(value, type(value), "", lost)
    shown = "; ".join(lost[:_SHOWN]) + (f" and {counted(len(lost) - _SHOWN, 'more')}" if len(lost) > _SHOWN else "")
    if part is _LOST:
        raise DocumentError(f"{where}: out of its bounds: {shown}")
    return part, shown


def _part_of(value: Any, kind: Any, where: str, lost: list[str]) -> Any:  # noqa: ANN401 - of the type in an annotation
    if value is UNSET or _is_readable(value, kind):
        return value
    before = len(lost)
    match value:
        case Struct():
            part = _part_of_struct(value, where, lost)
        case Mapping():
            parts = {key: _part_of(item, _inner(kind), f"{where} {key}", lost) for key, item in value.items()}
            part = {key: item for key, item in parts.items() if item is not _LOST}
        case tuple():
            items = [_part_of(item, _inner(kind), f"{where} {_name_of(item)}".rstrip(), lost) for item in value]
            part = tuple(item for item in items if item is not _LOST)
        case _:
            part = _LOST
    if len(lost) == before:
        lost.append(f"{where.strip()} {value!r:.60}")
        return _LOST
    return part


def _part_of_struct(value: Struct, where: str, lost: list[str]) -> Any:  # noqa: ANN401 - of the type of the value
    parts = {}
    for name, (kind, empty) in _fields_of(type(value)).items():
        known = getattr(value, name)
        part = _part_of(known, kind, f"{where} {name}", lost)
        parts[name] = empty if part is _LOST else part
    return _LOST if _LOST in parts.values() else replace(value, **parts)


def _is_readable(value: object, kind: Any) -> bool:  # noqa: ANN401 - as above
    try:
        if isinstance(value, Struct):
            decode(encode(value), type(value))
        else:
            json.decode(json.encode(value), type=kind)
    except NOT_READABLE:
        return False
    return True


@cache
def _fields_of(kind: type[Struct]) -> Mapping[str, tuple[Any, object]]:
    """
    The type of each field, and what it is when it is empty: None, or a mapping or tuple without entries.
    """
    types = get_type_hints(kind, include_extras=True)
    return {field.name: (types[field.name], _empty(field)) for field in fields(kind)}


def _empty(field: FieldInfo) -> object:
    default = field.default_factory() if field.default_factory is not NODEFAULT else field.default
    return default if default is None or default in ({}, ()) else _LOST


def _inner(kind: Any) -> Any:  # noqa: ANN401 - as above
    """
    The type of the values of a mapping, or of the items of a tuple.
    """
    if get_origin(kind) is Annotated:
        return _inner(get_args(kind)[0])
    arguments = [argument for argument in get_args(kind) if argument is not Ellipsis]
    return arguments[-1] if arguments else Any


def _name_of(item: object) -> str:
    return str(getattr(item, "id", ""))
