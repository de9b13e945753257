"""
Imports of Paceline past pytest's rewriting of assertions.

pytest loads each module of a package that has a plugin by the loader that rewrites assertions, and that one reads
bytecode five times more slowly than Python's own: 0.06 to 0.1 s for Paceline, which has no assertion to rewrite.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_PACKAGE = __name__.partition(".")[0] + "."


@contextmanager
def plain_imports() -> Iterator[None]:
    """
    Within it, Python's own loader is asked first for the modules of Paceline, and for no other module.
    """
    sys.meta_path.insert(0, _OwnModules)
    try:
        yield
    finally:
        sys.meta_path.remove(_OwnModules)


class _OwnModules:
    """
    A finder of `sys.meta_path`.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, path, target) if name.startswith(_PACKAGE) else None
