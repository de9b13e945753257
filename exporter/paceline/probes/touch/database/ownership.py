"""
Whose connection it is: that of the code that opens it, or that of a library above, which counts its own queries.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from paceline.probes.touch.patches import Patches

# The modules that open connections, of libraries that count their own queries.
ORMS: Final = ("sqlalchemy.", "django.db.backends.")
_DEEPEST = 30


def is_of_layer(frame: FrameType | None, layers: tuple[str, ...] = ORMS) -> bool:
    """
    Whether a library that counts its own queries is among the callers.
    """
    for _ in range(_DEEPEST):
        if frame is None:
            return False
        if str(frame.f_globals.get("__name__", "")).startswith(layers):
            return True
        frame = frame.f_back
    return False


def owned_connections(connection: type, patches: Patches) -> Callable[[Any], bool]:
    """
    Decide for each connection of a class by its first query whether it is that of a library above, as pools open
    connections in threads of their own.

    Returns:
        a function to be called by the one that stands for a method of the library.
    """
    patches.put(connection, "paceline_owned", None)

    def is_owned(connection: Any) -> bool:
        # A cursor that was closed has no connection.
        owned: bool | None = getattr(connection, "paceline_owned", False)
        if owned is None:
            owned = connection.paceline_owned = is_of_layer(sys._getframe(2))  # noqa: SLF001 - as `inspect` does
        return owned

    return is_owned
