"""
The project that the command is called in.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click
from msgspec.structs import replace

from paceline.cli.options.terminal import warn
from paceline.config import Config, load_config, project_name
from paceline.errors import PacelineError
from paceline.history.archive import Archive
from paceline.own_secrets import without_own_secrets
from paceline.project_archive import open_archive
from paceline.run_origin import find_origin, repository_name

_F = TypeVar("_F", bound=Callable[..., object])


def results_option(command: _F) -> _F:
    """
    The option that names the results folder.
    """
    return click.option(
        "--results",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help="Results folder: reports and history (default: as configured, else performance_results).",
    )(command)


def find_root(start: Path) -> Path:
    """
    The nearest folder upwards that has a `pyproject.toml`, else the start.
    """
    return next((folder for folder in (start, *start.parents) if (folder / "pyproject.toml").is_file()), start)


def load_project(results: Path | None) -> tuple[Config, Archive]:
    """
    The configuration of the project, and its archive.

    Raises:
        PacelineError: a setting is invalid, or the file of baselines cannot be read.
    """
    root = find_root(Path.cwd())
    config = load_config(root / "pyproject.toml", {})
    if results is not None:
        config = replace(config, results=str(Path.cwd() / results))
    if config.push_ca_file:
        config = replace(config, push_ca_file=str(root / config.push_ca_file))
    return config, open_archive(config, root, warn)


def suite_of(config: Config) -> str:
    """
    The name of the suite, as the plugin finds it.
    """
    root = find_root(Path.cwd())
    return config.suite or project_name(root / "pyproject.toml") or repository_name(root) or root.name or "suite"


def find_default_branch(config: Config) -> str:
    """
    The default branch of the project, as the plugin finds it.
    """
    return find_origin(find_root(Path.cwd()), config.default_branch).default_branch


@contextmanager
def clear_errors() -> Iterator[None]:
    """
    An error that the user can act on ends the command with its text and exit code 1.
    """
    try:
        yield
    except PacelineError as error:
        raise click.ClickException(without_own_secrets(str(error))) from error
