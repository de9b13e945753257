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
        self._undo: Final[list[Callable[[], None]]] = []

    def put(self, owner: Any, name: str, value: object) -> None:
        """
        Put a value in the place of an attribute of a module or a class.
        """
        before = vars(owner).get(name, _ABSENT)
        setattr(owner, name, value)
        self._undo.append(lambda: _restore(owner, name, value, before))

    def wrap(self, owner: Any, name: str, wrapped: Callable[[Any], Any]) -> None:
        """
        Put a wrapper in the place of a function of a module or a class.

        Args:
            owner: that has the function, itself or by a base class.
            name: of the function.
            wrapped: takes the function, and returns the wrapper.

        Raises:
            AttributeError: there is no such function.
        """
        function = getattr(owner, name)
        self.put(owner, name, looking_like(wrapped(function), function))

    def on_restore(self, undo: Callable[[], None]) -> None:
        """
        Call a function when the patches are taken off.
        """
        self._undo.append(undo)

    def restore(self) -> None:
        """
        Take off what is still there, the last first.
        """
        while self._undo:
            self._undo.pop()()


def _restore(owner: Any, name: str, value: object, before: object) -> None:
    if vars(owner).get(name) is not value:
        return
    if before is _ABSENT:
        delattr(owner, name)
    else:
        setattr(owner, name, before)
