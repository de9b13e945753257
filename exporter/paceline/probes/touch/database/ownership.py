"""
Whose connection it is: that of the code that opens it, or that of an ORM, which counts its own queries.
"""

from types import FrameType

# Those that are watched themselves.
_ORMS = ("sqlalchemy.", "django.db.")
_DEEPEST = 30


def is_of_orm(frame: FrameType | None) -> bool:
    """
    Whether an ORM is among the callers.
    """
    for _ in range(_DEEPEST):
        if frame is None:
            return False
        if str(frame.f_globals.get("__name__", "")).startswith(_ORMS):
            return True
        frame = frame.f_back
    return False
