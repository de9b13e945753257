"""
Runs and live reports as JSON documents.

A newer release may have written fields that this one does not know. They are kept beside the known ones, and written
again where they were.
"""

from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar

from msgspec import DecodeError, Raw, Struct, ValidationError, inspect, json

from paceline.errors import DocumentError, NewerDocumentError
from paceline.live_report import LiveReport
from paceline.model import SCHEMA, Run
from paceline.values import UNKNOWN_FIELDS, UNKNOWN_MARK, DocumentValue

_S = TypeVar("_S", bound=Struct)
_Fields = dict[str, Raw]
# The fields of an object and the names of those that are known in, the fields out.
_Rewrite = Callable[[_Fields, frozenset[str]], _Fields]
_MARK = UNKNOWN_MARK.encode()


class _Version(Struct):
    schema: int | None = None


def encode_run(run: Run) -> bytes:
    """
    The run as a JSON document.
    """
    return encode(run)


def decode_run(document: bytes, where: str) -> Run:
    """
    Read a run back from its JSON document.

    Args:
        document: JSON in UTF-8.
        where: what to call the document in an error, for example its path.

    Raises:
        DocumentError: the document is not JSON, not a run, or of a schema that this release does not know.
    """
    try:
        version = json.decode(document, type=_Version).schema
        if version is not None and version > SCHEMA:
            raise NewerDocumentError(f"{where}: a run document of version {version}, expected at most {SCHEMA}")
        run = decode(document, Run)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentError(f"{where}: not a run document: {_fault(document, error)}") from error
    if version is None:
        raise DocumentError(f"{where}: schema is absent, expected {SCHEMA}")
    return run


def decode_live_report(document: bytes, where: str) -> LiveReport:
    """
    Read a report of a run under way from its JSON document.

    Raises:
        DocumentError: the document is not JSON, or not a live report.
    """
    try:
        return json.decode(document, type=LiveReport)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentError(f"{where}: not a live report: {_fault(document, error)}") from error


def _fault(document: bytes, error: Exception) -> str:
    if document.startswith(BOM_UTF8):
        return "a byte order mark, expected JSON without one"
    return "values nested too deeply" if isinstance(error, RecursionError) else str(error)


def encode(value: Struct) -> bytes:
    """
    A value as JSON, each object in it with its unknown fields.
    """
    document = json.encode(value)
    return _rewritten(document, _type_info(type(value)), _with_unknown) if _MARK in document else document


def decode(document: bytes, kind: type[_S]) -> _S:
    """
    Read a value back from JSON, each object in it with its unknown fields.

    Raises:
        DecodeError: the document is not JSON, or not a value of this kind.
        UnicodeDecodeError: the document is not UTF-8.
    """
    try:
        return json.decode(document, type=kind)
    except ValidationError:
        # Only a document with unknown fields pays for taking it apart.
        parted = _rewritten(json.format(document, indent=-1), _type_info(kind), _with_unknown_apart)
        if _MARK not in parted:
            raise
        parted.decode()
        return json.decode(parted, type=kind)


def _with_unknown(fields: _Fields, known: frozenset[str]) -> _Fields:
    unknown = json.decode(fields.pop(UNKNOWN_FIELDS, b"{}"), type=_Fields)
    return {**fields, **{name: value for name, value in unknown.items() if name not in known}}


def _with_unknown_apart(fields: _Fields, known: frozenset[str]) -> _Fields:
    unknown = {name: fields.pop(name) for name in fields.keys() - known}
    return {**fields, UNKNOWN_FIELDS: Raw(json.encode(unknown))} if unknown else fields


def _rewritten(document: bytes | Raw, kind: inspect.Type, rewrite: _Rewrite) -> bytes:
    """
    The document with each of its objects rewritten. A part that is not of its type stays as it is.
    """
    try:
        return json.encode(_rewritten_parts(document, kind, rewrite))
    except ValidationError:
        return bytes(document)


def _rewritten_parts(document: bytes | Raw, kind: inspect.Type, rewrite: _Rewrite) -> object:
    match kind:
        case inspect.StructType(cls=cls):
            fields = json.decode(document, type=_Fields)
            for name, inner in _objects_in(cls).items():
                if name in fields:
                    fields[name] = Raw(_rewritten(fields[name], inner, rewrite))
            return rewrite(fields, _known_names(cls)) if issubclass(cls, DocumentValue) else fields
        case inspect.DictType(value_type=inner):
            entries = json.decode(document, type=_Fields)
            return {key: Raw(_rewritten(value, inner, rewrite)) for key, value in entries.items()}
        case inspect.VarTupleType(item_type=inner):
            return [Raw(_rewritten(item, inner, rewrite)) for item in json.decode(document, type=list[Raw])]
        case inspect.UnionType(types=(inner, *_)):
            return Raw(_rewritten(document, inner, rewrite))
    return Raw(document)


@cache
def _type_info(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


@cache
def _known_names(kind: type[Struct]) -> frozenset[str]:
    return frozenset(kind.__struct_encode_fields__) - {UNKNOWN_FIELDS}


@cache
def _objects_in(kind: type[Struct]) -> Mapping[str, inspect.Type]:
    """
    The fields that are objects or have objects in them, with their types.
    """
    found = _type_info(kind)
    fields = found.fields if isinstance(found, inspect.StructType) else ()
    return {field.encode_name: field.type for field in fields if _has_objects(field.type)}


def _has_objects(kind: inspect.Type) -> bool:
    match kind:
        case inspect.StructType():
            return True
        case inspect.DictType(value_type=inner) | inspect.VarTupleType(item_type=inner):
            return _has_objects(inner)
        case inspect.UnionType(types=(inner, *_)):
            return _has_objects(inner)
    return False
