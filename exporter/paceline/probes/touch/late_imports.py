"""
Hear of libraries as they are imported.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

OnImport = Callable[[ModuleType], None]


class LateImports:
    """
    Calls a function with each module of a table, at once where it is imported already, else as soon as it is.

    It stands first among the finders, and leaves finding to the others. The loader of such a module is used as it is:
    only its `exec_module` is replaced for the one call.

    Args:
        hooks: the function by the name of the module; it must not raise.
    """

    def __init__(self, hooks: Mapping[str, OnImport]) -> None:
        self._hooks: Final = hooks
        self._finding: Final[set[str]] = set()

    def install(self) -> None:
        sys.meta_path.insert(0, self)
        for name, hook in self._hooks.items():
            module = sys.modules.get(name)
            if module is not None:
                hook(module)

    def remove(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        hook = self._hooks.get(name)
        if hook is None or name in self._finding:
            return None
        self._finding.add(name)
        try:
            spec = self._found_by_others(name, path, target)
        finally:
            self._finding.discard(name)
        if spec is not None and spec.loader is not None:
            _call_after_loading(spec.loader, hook)
        return spec

    def _found_by_others(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find_spec: Any = getattr(finder, "find_spec", None)
            is_other = finder is not self and find_spec is not None
            spec: ModuleSpec | None = find_spec(name, path, target) if is_other else None
            if spec is not None:
                return spec
        return None


def _call_after_loading(loader: Any, hook: OnImport) -> None:
    execute = getattr(loader, "exec_module", None)
    if execute is None:
        return

    def exec_module(module: ModuleType) -> None:
        vars(loader).pop("exec_module", None)
        execute(module)
        hook(module)

    try:
        loader.exec_module = exec_module
    except (AttributeError, TypeError):  # a loader that is a class, or has slots: the library stays unwatched
        return
