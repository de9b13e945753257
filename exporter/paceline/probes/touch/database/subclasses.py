"""
Subclasses of the classes of users that watch what their base class in a library does.
"""

from typing import Any, Final


class Subclasses:
    """
    One subclass for each class of the user.

    The class of Paceline stands between that of the user and that of the library, so that a method which the user
    overrides is called first.

    Args:
        ours: a subclass of the library's class.
    """

    def __init__(self, ours: type) -> None:
        self._ours: Final = ours
        self._of: Final[dict[type, type]] = {}

    def of(self, base: type) -> type:
        found = self._of.get(base)
        if found is None:
            found = self._of[base] = base if issubclass(base, self._ours) else _mixed(base, self._ours)
        return found


def _mixed(base: Any, ours: Any) -> type:
    bases = (ours,) if issubclass(ours, base) else (base, ours)

    class Mixed(*bases):  # type: ignore[misc] # the bases are known when the user connects
        pass

    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(Mixed, name, getattr(base, name))
    return Mixed
