"""
Do the selected tests make up the whole suite of the project?

The project says what its whole suite is: by `testpaths`, by `addopts`, and by `whole_suite` in `[tool.paceline]`. What
is selected beyond that makes a part, whether it was typed, or came from PYTEST_ADDOPTS or from a file of arguments.
"""

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from paceline.config import Config
from paceline.identity import safe_text

# Options that select tests, by the name of their value: pytest's own, and those of plugins that share a suite out.
_SELECTING: Mapping[str, str] = {
    "keyword": "-k",
    "markexpr": "-m",
    "lf": "--lf",
    "stepwise": "--stepwise",
    "deselect": "--deselect",
    "ignore": "--ignore",
    "ignore_glob": "--ignore-glob",
    "paceline_benchmarks_only": "--paceline-benchmarks-only",
    "splits": "--splits",
    "num_shards": "--num-shards",
    "test_group_count": "--test-group-count",
    "picked": "--picked",
    "testmon": "--testmon",
}
# Settings of pytest that select tests if -o sets them for one run. `-o testpaths=` names another whole suite instead.
_SELECTING_SETTINGS = {"python_files", "python_classes", "python_functions", "norecursedirs"}
# Their values may have what parameters are called by, which may be secret.
_BY_NAME = {"keyword", "deselect"}
# pytest has one shard where none was asked for.
_NOTHING: tuple[object, ...] = (None, "", False, [], (), 1)


def why_partial(config: pytest.Config, settings: Config) -> str:
    """
    What makes the run a part of the suite, and how to call it the whole; "" where the run is the whole.
    """
    overrides = {text.partition("=")[0]: text for text in config.option.override_ini or ()}
    addopts = [] if "addopts" in overrides else config.getini("addopts")
    whole = _parsed(config, [*addopts, *settings.whole_suite])
    selections = [
        *_selections(config.option, whole),
        *_overrides(overrides, whole),
        *_paths(config, [*config.getini("testpaths"), *getattr(whole, "file_or_dir", ())]),
    ]
    if not selections:
        return ""
    return f"selected by {' '.join(selections)}"


def _selections(option: Namespace, whole: Namespace) -> Iterator[str]:
    for name, shown in _SELECTING.items():
        value = getattr(option, name, None)
        # True is 1.
        is_nothing = value is not True and value in _NOTHING
        if not is_nothing and value != getattr(whole, name, None):
            yield shown if value is True or name in _BY_NAME else f"{shown} {_text(value)}"


def _overrides(overrides: Mapping[str, str], whole: Namespace) -> Iterator[str]:
    usual = getattr(whole, "override_ini", None) or ()
    for name, text in overrides.items():
        if name in _SELECTING_SETTINGS and text not in usual:
            yield f"-o {_text(text)}"


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else repr(value) if " " in str(value) else str(value)


def _paths(config: pytest.Config, testpaths: Sequence[str]) -> Iterator[str]:
    folder, root = config.invocation_params.dir, config.rootpath
    shown = [safe_text(argument.partition("[")[0]) for argument in config.args]
    given = [folder / argument.partition("::")[0] for argument in config.args]
    if not given or any("::" in argument for argument in config.args):
        yield from shown
    elif testpaths:
        roots = [path for pattern in testpaths for path in (root.glob(pattern) if "*" in pattern else [root / pattern])]
        if not all(any(path == one or path.is_relative_to(one) for one in given) for path in roots):
            yield from shown
    elif not any(_may_be_whole(path, root) for path in given):
        yield from shown


def _may_be_whole(path: Path, root: Path) -> bool:
    """
    Whether a folder may have all tests of a project that does not say where they are.
    """
    if not path.is_dir() or root.is_relative_to(path):
        return path.is_dir()
    parent = path.parent
    return parent == root or not (parent.name in {"test", "tests"} or (parent / "conftest.py").exists())


def _parsed(config: pytest.Config, arguments: Sequence[str]) -> Namespace:
    parser: Any = config._parser  # noqa: SLF001 - pytest has no public way to read its arguments
    try:
        parsed: Namespace = parser.parse_known_args(list(arguments))
    except (pytest.UsageError, SystemExit):
        return Namespace()
    return parsed
