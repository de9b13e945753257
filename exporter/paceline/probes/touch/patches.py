"""
Put functions in the place of those of a library, and take them off again.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

_ABSENT: Final = object()


_F = TypeVar("_F", bound=Callable[..., object])
_NAMES = ("__name__", "__qualname__", "__module__", "__doc__")


def looking_like(ours: _F, theirs: Callable[..., object]) -> _F:
    """
    Our function with the names and the signature of theirs.
    """
    for name in _NAMES:
        if hasattr(theirs, name):
            setattr(ours, name, getattr(theirs, name))
    vars(ours)["__wrapped__"] = theirs
    return ours


class Patches:
    """
    What was put in the place of what. An attribute that somebody else has replaced since then stays as it is.
    """

    def __init__(self) -> None:
        self._put: Final[list[tuple[Any, str, object, object]]] = []

    def put(self, owner: Any, name: str, value: object) -> None:
        """
        Put a value in the place of an attribute of a module or a class.
        """
        before = vars(owner).get(name, _ABSENT)
        setattr(owner, name, value)
        self._put.append((owner, name, value, before))

    def restore(self) -> None:
        """
        Take off what is still there, the last first.
        """
        while self._put:
            owner, name, value, before = self._put.pop()
            if vars(owner).get(name) is not value:
                continue
            if before is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
