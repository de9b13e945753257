"""
Bases of the values that everything else is about.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Self, TypeVar

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

# No field and no safe text has a control character, and one byte is found fast.
UNKNOWN_MARK = "\x7f"
UNKNOWN_FIELDS = f"{UNKNOWN_MARK}unknown fields"
OTHER = "other"
NotNegative = Annotated[float, Meta(ge=0)]
# A larger number fits neither into SQLite nor into all formats of metrics.
_LARGEST_COUNT = 2**63 - 1
Count = Annotated[int, Meta(ge=0, le=_LARGEST_COUNT)]
PositiveCount = Annotated[int, Meta(ge=1, le=_LARGEST_COUNT)]
_E = TypeVar("_E", bound="OpenEnum")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Value(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, repr_omit_defaults=True):
    """
    Base of all values: compared by content, read strictly.
    """


class DocumentValue(Value, frozen=True, kw_only=True):
    """
    Base of the values in a run document.

    `unknown_fields` has the fields that a newer release wrote, as JSON by name.
    """

    unknown_fields: Mapping[str, Raw] | UnsetType = field(default=UNSET, name=UNKNOWN_FIELDS)


class OpenEnum(StrEnum):
    """
    Names that a newer release may add to; a name that this release does not know is kept as it is.

    An unknown name has at most 64 letters, digits and underscores, so that any page and any terminal can show it.
    """

    @property
    def is_known(self) -> bool:
        return self._value_ in type(self)._value2member_map_

    @property
    def label(self) -> str:
        """
        The name as the value of a label: `other` for an unknown one, so that documents cannot make new series.
        """
        return self._value_ if self.is_known else OTHER

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return _unknown(cls, value) if isinstance(value, str) and _NAME.fullmatch(value) else None

    @classmethod
    def of_unknown(cls, name: str) -> Self:
        """
        A member for a name that this release does not know; it is in no list of members.
        """
        member = str.__new__(cls, name)
        member._name_, member._value_ = name, name
        return member


@lru_cache(maxsize=1024)
def _unknown(kind: type[_E], name: str) -> _E:
    return kind.of_unknown(name)
