"""
Whose connection it is: that of the code that opens it, or that of a library above, which counts its own queries.
"""

import contextlib
from types import FrameType
from typing import Final

OWNED: Final = "paceline_owned"
# Those that are watched themselves, by the modules that open connections.
_LAYERS = ("sqlalchemy.", "django.db.backends.", "aiosqlite.")
_DEEPEST = 30


def is_of_layer(frame: FrameType | None) -> bool:
    """
    Whether a library that counts its own queries is among the callers.
    """
    for _ in range(_DEEPEST):
        if frame is None:
            return False
        if str(frame.f_globals.get("__name__", "")).startswith(_LAYERS):
            return True
        frame = frame.f_back
    return False


def mark_as_owned(connection: object) -> None:
    """
    Note on a connection that a library above counts its queries.
    """
    with contextlib.suppress(AttributeError, TypeError):  # a connection without attributes is not looked at either
        setattr(connection, OWNED, True)
