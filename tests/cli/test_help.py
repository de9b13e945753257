"""
The help of the command and of pytest's options.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import paceline.cli
from paceline.cli import main
from paceline.plugin import pytest_addoption
from support.command import run_command


def _commands(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _commands(inner, *path, name)


_COMMANDS = dict(_commands(main))
_GROUPS = {path: command for path, command in _COMMANDS.items() if isinstance(command, click.Group)}


class _Options:
    """
    Takes what pytest's parser would take.
    """

    def __init__(self) -> None:
        self.helps: dict[str, dict[str, Any]] = {}

    def getgroup(self, *_: str) -> "_Options":
        return self

    def addoption(self, name: str, **given: Any) -> None:
        self.helps[name] = given


@pytest.mark.parametrize("path", _GROUPS, ids=" ".join)
def test_no_summary_is_cut_at_80_columns(path: tuple[str, ...]) -> None:
    """
    The list of commands has the whole first paragraph of each, on one line.
    """
    lines = run_command([*path, "--help"], width=80).output.splitlines()
    listed = dict(line.split(maxsplit=1) for line in lines[lines.index("Commands:") + 1 :])
    group = _GROUPS[path]

    assert listed == {name: (command.help or "").split("\n\n")[0].strip() for name, command in group.commands.items()}


@pytest.mark.parametrize("path", _COMMANDS, ids=" ".join)
def test_each_option_is_explained_with_its_default(path: tuple[str, ...]) -> None:
    """
    A switch that is off by default need not say so.
    """
    command = _COMMANDS[path]
    context = click.Context(command)
    options = [option for option in command.params if isinstance(option, click.Option)]
    shown = {option.name: (option.get_help_record(context) or ("", ""))[1] for option in options}
    valued = [option.name for option in options if not option.is_flag and not option.required]

    assert [name for name, text in shown.items() if not text or text.startswith(("[", "("))] == []
    assert [name for name in valued if "default: " not in shown[name]] == []


def test_each_file_of_a_verb_is_a_verb() -> None:
    """
    A verb whose name is not in the list cannot be used.
    """
    files = {file.stem.replace("_", "-") for file in Path(paceline.cli.__file__).parent.glob("[a-z]*.py")}

    assert set(main.commands) == set(main.list_commands(click.Context(main))) == files


def test_a_verb_imports_no_library_of_another() -> None:
    """
    An exporter starts without pytest, without the client of a Prometheus and without tables.
    """
    code = "import sys; from paceline.cli import main; main.get_command(None, 'serve'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {"paceline.cli.serve", "pytest", "requests", "tabulate"} & set(done.stdout.split()) == {"paceline.cli.serve"}


def test_options_of_paceline_test_have_the_names_of_pytest() -> None:
    """
    Without `paceline-`; a switch that is the default of pytest, and what only the command does, have no counterpart.
    """
    options = _Options()
    pytest_addoption(options)  # type: ignore[arg-type]
    names = {opt for one in main.commands["test"].params for opt in (*one.opts[:1], *one.secondary_opts[:1])}
    own = {"patterns", "--save", "--dashboard", "--report-only"}

    assert {f"--paceline-{name[2:]}" for name in names - own} - options.helps.keys() == set()


def test_each_option_of_pytest_is_explained_with_its_default() -> None:
    """
    The same holds for the plugin.
    """
    options = _Options()
    pytest_addoption(options)  # type: ignore[arg-type]
    valued = [name for name, given in options.helps.items() if "metavar" in given]

    assert len(valued) > 5
    assert [name for name, given in options.helps.items() if not given["help"].endswith((".", ")"))] == []
    assert [name for name in valued if "(default: " not in options.helps[name]["help"]] == []
