"""
Runs and live reports as JSON documents.
"""

from codecs import BOM_UTF8

from msgspec import DecodeError, Struct, json

from paceline.errors import DocumentError
from paceline.live_report import LiveReport
from paceline.model import SCHEMA, Run


class _Version(Struct):
    schema: int | None = None


def encode_run(run: Run) -> bytes:
    """
    The run as a JSON document.
    """
    return json.encode(run)


def decode_run(document: bytes, where: str) -> Run:
    """
    Read a run back from its JSON document.

    Args:
        document: JSON in UTF-8.
        where: what to call the document in an error, for example its path.

    Raises:
        DocumentError: it is not JSON, not a run, or of a version that this release does not know.
    """
    try:
        version = json.decode(document, type=_Version).schema
        if version is not None and version > SCHEMA:
            raise DocumentError(f"{where}: a run document of version {version}, expected at most {SCHEMA}")
        run = json.decode(document, type=Run)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentError(f"{where}: not a run document: {_fault(document, error)}") from error
    if version is None:
        raise DocumentError(f"{where}: schema is absent, expected {SCHEMA}")
    return run


def decode_live_report(document: bytes, where: str) -> LiveReport:
    """
    Read a report of a run under way from its JSON document.

    Raises:
        DocumentError: it is not JSON, or no such report.
    """
    try:
        return json.decode(document, type=LiveReport)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentError(f"{where}: not a live report: {_fault(document, error)}") from error


def _fault(document: bytes, error: Exception) -> str:
    if document.startswith(BOM_UTF8):
        return "a byte order mark, expected JSON without one"
    return "values nested too deeply" if isinstance(error, RecursionError) else str(error)
