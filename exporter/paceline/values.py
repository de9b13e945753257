"""
Base of the values that everything else is about.
"""

from msgspec import Struct


class Value(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    Base of all values here: compared by content, read strictly.
    """
