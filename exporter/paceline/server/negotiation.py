"""
The format and the encoding that a request accepts.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from msgspec import Struct


class Format(StrEnum):
    """
    The two formats of exposition, as a Content-Type names them.
    """

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class _Entry(Struct, frozen=True):
    """
    One entry of a header, such as `text/plain;version=0.0.4;q=0.5`.
    """

    name: str
    parameters: Mapping[str, str]

    @property
    def weight(self) -> float:
        """
        Its q; an entry with an invalid one is as if it had none.
        """
        try:
            return float(self.parameters.get("q", "1"))
        except ValueError:
            return 1.0


def chosen_format(accept: str) -> Format:
    """
    The format for a request that accepts this: OpenMetrics 1.0.0 where it is accepted at least as gladly as text.
    """
    entries = list(_entries(accept))
    openmetrics = max((one.weight for one in entries if _is_openmetrics(one)), default=0.0)
    text = max((one.weight for one in entries if one.name == "text/plain"), default=0.0)
    return Format.OPENMETRICS if openmetrics > 0 and openmetrics >= text else Format.TEXT


def accepts_gzip(accept_encoding: str) -> bool:
    """
    Whether a request that accepts this encoding may be answered with gzip.
    """
    weights = {one.name: one.weight for one in _entries(accept_encoding)}
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _is_openmetrics(entry: _Entry) -> bool:
    return entry.name == "application/openmetrics-text" and entry.parameters.get("version", "1.0.0") == "1.0.0"


def _entries(header: str) -> Iterator[_Entry]:
    for text in header.split(","):
        name, *parameters = text.split(";")
        pairs = (one.partition("=") for one in parameters)
        yield _Entry(name.strip().lower(), {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs})
