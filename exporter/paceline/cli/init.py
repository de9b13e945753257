"""
`paceline init`: write a first configuration.
"""

import tomllib
from pathlib import Path

import click

from paceline.cli.options.project import clear_errors, find_root, load_project, results_option, suite_of
from paceline.config import read_table
from paceline.errors import ConfigError, StorageError
from paceline.history.archive import Archive
from paceline.model import Run
from paceline.proposed_settings import propose_settings

# The latest runs say enough, and each is a whole document.
_MOST_RUNS = 5


@click.command()
@click.option("--dry-run", is_flag=True, help="Print the settings and write no file.")
@results_option
def init(results: Path | None, *, dry_run: bool) -> None:
    """
    Write a first configuration from the kept runs.

    The table [tool.paceline] is added to the end of pyproject.toml: a test type for each folder of tests, budgets
    of about twice the measured 95th percentile, and the kinds of verdicts that fail a run. A table that exists is
    never changed.

    \b
      pytest --paceline
      paceline init --dry-run
      paceline init
    """
    with clear_errors():
        config, archive = load_project(results)
        text = propose_settings(_runs(archive, suite_of(config))).toml()
        if dry_run:
            click.echo(text, nl=False)
            return
        pyproject = find_root(Path.cwd()) / "pyproject.toml"
        _add(text, pyproject)
    click.echo(
        f"added [tool.paceline] to {pyproject}; its gate now applies to `pytest --paceline`:\n\n{text}", nl=False
    )


def _runs(archive: Archive, suite: str) -> list[Run]:
    """
    The latest runs of a suite.

    Raises:
        StorageError: no run is kept.
    """
    ids = [run.run_id for _, _, run in archive.ledger.summaries(suite, _MOST_RUNS)]
    runs = [run for run in map(archive.ledger.run, ids) if run is not None and run.cases]
    if not runs:
        folder = archive.folder.ledger.parent
        raise StorageError(f"no run of {suite} in {folder}; run `pytest --paceline` first, preferably three times")
    return runs


def _add(text: str, pyproject: Path) -> None:
    """
    Add a table at the end of a file, with all that is in it left as it is.

    Raises:
        ConfigError: the file has the table, or would not be valid with it.
        StorageError: the file cannot be written.
    """
    if read_table(pyproject):
        raise ConfigError(
            f"{pyproject} has [tool.paceline] already, which is kept; `paceline init --dry-run` prints the proposal"
        )
    try:
        before = pyproject.read_bytes().decode() if pyproject.exists() else ""
        added = _added(before, text)
        tomllib.loads(before + added)
        with pyproject.open("ab") as file:
            file.write(added.encode())
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{pyproject}: a table [tool.paceline] at its end would not be valid ({error}); "
            "`paceline init --dry-run` prints it"
        ) from error
    except OSError as error:
        raise StorageError(f"{pyproject} cannot be written: {error.strerror}") from error


def _added(before: str, text: str) -> str:
    """
    A text as it follows another one: after an empty line, with the same ends of lines.
    """
    newline = "\r\n" if "\r\n" in before else "\n"
    separator = "" if not before else newline if before.endswith("\n") else 2 * newline
    return separator + text.replace("\n", newline)
