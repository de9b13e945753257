"""
Which code is the project's own: below its root or installed from it, and neither a test nor a dependency.
"""

import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, Final

from paceline.errors import ConfigError

_INSTALLED = frozenset({"site-packages", "dist-packages", "node_modules", ".tox", ".nox", ".eggs", ".venv"})
_CONFTEST = "conftest.py"
# A folder is one of tests where its name says so and tests were collected in it: `django/test` has none.
_OF_TESTS = ("test", "spec")
# Code that has no file: of a template, of `exec`, of a dataclass.
_NO_FILE = "<"


class ProjectCode:
    """
    Answers whether a piece of code is the project's own.

    Args:
        root: of the project.
        folders: the project's own, each with what its files are named relative to; the deepest folder decides.
        files: single modules that are the project's own.
        excluded: folders and files of tests.
    """

    def __init__(
        self, root: Path, folders: Mapping[str, str], files: Iterable[str] = (), excluded: Iterable[str] = ()
    ) -> None:
        self._root: Final = _folder(root)
        self._bases: Final = dict(sorted(folders.items(), key=lambda one: -len(one[0])))
        self._files: Final = frozenset(files)
        self._excluded: Final = tuple(excluded)
        self._stdlib: Final = tuple(_folder(Path(sysconfig.get_path(name))) for name in ("stdlib", "platstdlib"))
        self._known: Final[dict[str, bool]] = {}

    def owns(self, filename: str, module_globals: Mapping[str, Any]) -> bool:
        """
        Whether code is the project's own.

        Args:
            filename: of the code; a text in angle brackets where the code has no file.
            module_globals: of the module that the code runs in.
        """
        if filename.startswith(_NO_FILE):
            module = sys.modules.get(str(module_globals.get("__name__")))
            filename = str(getattr(module, "__file__", None) or "")
        known = self._known.get(filename)
        if known is None:
            known = self._known[filename] = self._owns_file(filename)
        return known

    def calls(self, frame: FrameType) -> bool:
        """
        Whether the project's own code had a frame called, also by way of dependencies, and no test did on that way.
        """
        caller = frame.f_back
        while caller is not None and not caller.f_code.co_filename.startswith(self._excluded):
            if self.owns(caller.f_code.co_filename, caller.f_globals):
                return True
            caller = caller.f_back
        return False

    def shown_file(self, filename: str) -> str:
        """
        A file by its path relative to the project, or to where it is installed.
        """
        base = next((base for folder, base in self._bases.items() if filename.startswith(folder)), self._root)
        return filename[len(base) :].replace(os.sep, "/") if filename.startswith(base) else filename

    def _owns_file(self, filename: str) -> bool:
        if filename in self._files:
            return True
        folder = next((folder for folder in self._bases if filename.startswith(folder)), None)
        if folder is None or filename.startswith(self._excluded) or filename.endswith(os.sep + _CONFTEST):
            return False
        inside = Path(filename[len(folder) :])
        return _INSTALLED.isdisjoint(inside.parts) and not (folder == self._root and filename.startswith(self._stdlib))


def find_project_code(root: Path, packages: Sequence[str], project: str, tests: Iterable[Path]) -> ProjectCode:
    """
    Find the code of a project.

    Args:
        root: of the project.
        packages: names of packages and modules that are the project's own; empty for all below the root and those
            that the project's distribution installed.
        project: the name of the project's distribution.
        tests: files in which tests were collected.

    Raises:
        ConfigError: one of `packages` is not found, or is not Python.
    """
    excluded = list(_test_places(root, tests))
    if not packages:
        return ProjectCode(root, dict(_default_folders(root, project)), excluded=excluded)
    folders: dict[str, str] = {}
    files: list[str] = []
    for name in packages:
        places = _places_of(name)
        files += [str(place) for place in places if place.suffix == ".py"]
        folders |= {_folder(place): _folder(_base_of(place, name)) for place in places if place.suffix != ".py"}
    return ProjectCode(root, folders, files, excluded)


def _folder(path: Path) -> str:
    return str(path).rstrip(os.sep) + os.sep


def _base_of(place: Path, name: str) -> Path:
    return place.parents[name.count(".")]


def _default_folders(root: Path, project: str) -> Iterator[tuple[str, str]]:
    for place in dict.fromkeys((root, root.resolve())):
        yield _folder(place), _folder(place)
    for place in _installed_packages(project):
        yield _folder(place), _folder(place.parent)


def _installed_packages(project: str) -> Iterator[Path]:
    try:
        found = distribution(project) if project else None
        files = (found.files if found is not None else None) or ()
        names = dict.fromkeys(file.parts[0] for file in files if file.suffix == ".py" and len(file.parts) > 1)
        for name in names:
            if found is not None and name.isidentifier():
                yield Path(str(found.locate_file(name)))
    except (PackageNotFoundError, ValueError, OSError):
        return


def _places_of(name: str) -> list[Path]:
    """
    The folders of a package, or the file of a module.
    """
    try:
        spec = _module_spec(name)
    except (ImportError, ValueError, AttributeError):
        spec = None
    if spec is None:
        raise ConfigError(f"[tool.paceline.work] packages has {name!r}: no module of that name is found")
    if spec.submodule_search_locations:
        return [Path(place) for place in spec.submodule_search_locations]
    if not (spec.origin or "").endswith(".py"):
        raise ConfigError(f"[tool.paceline.work] packages has {name!r}: {spec.origin} is not Python code")
    return [Path(str(spec.origin))]


def _module_spec(name: str) -> ModuleSpec | None:
    module = sys.modules.get(name)
    return (module.__spec__ if module is not None else None) or find_spec(name)


def _test_places(root: Path, tests: Iterable[Path]) -> Iterator[str]:
    for file in dict.fromkeys(tests):
        yield str(file)
        yield str(file.resolve())
        inside = file.relative_to(root).parts[:-1] if file.is_relative_to(root) else ()
        for depth, part in enumerate(inside):
            if _is_of_tests(part):
                folder = root.joinpath(*inside[: depth + 1])
                yield _folder(folder)
                yield _folder(folder.resolve())
                break


def _is_of_tests(part: str) -> bool:
    return part.lower() == "t" or any(word in part.lower() for word in _OF_TESTS)
