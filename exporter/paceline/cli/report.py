"""
`paceline report`: a run that was kept, for a terminal, a pull request or a program.
"""

import shutil
import sys
from pathlib import Path

import click
from msgspec import json

from paceline.cli.options.project import clear_errors, find_default_branch, load_project, results_option
from paceline.documents import encode_run
from paceline.errors import StorageError
from paceline.history.archive import Archive
from paceline.history.results_folder import read_run
from paceline.model import Run
from paceline.report.content import Content, compose
from paceline.report.findings import needed_to_show
from paceline.report.junit_xml import junit_xml
from paceline.report.markdown import markdown
from paceline.report.text import Style, lines

FORMATS = ("text", "markdown", "json", "junit")
_STYLES: dict[Style, dict[str, object]] = {
    Style.PLAIN: {},
    Style.STRONG: {"bold": True},
    Style.GOOD: {"fg": "green"},
    Style.WARNING: {"fg": "yellow"},
    Style.BAD: {"fg": "red", "bold": True},
    Style.FAINT: {"dim": True},
}


@click.command()
@click.argument("run", required=False)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="Format of the report."
)
@click.option("-v", "--verbose", is_flag=True, help="Print every finding in full.")
@results_option
def report(run: str | None, form: str, results: Path | None, *, verbose: bool) -> None:
    """
    Print the report of a kept run.

    RUN is an id, the beginning of an id, or the file of a run (default: the last run).

    \b
      paceline report
      paceline report 01M82BR9 --format json
      paceline report --format markdown > comment.md
      paceline report --format junit > paceline-junit.xml
    """
    with clear_errors():
        print_report(run, form, results, verbose=verbose)


def print_report(wanted: str | None, form: str, results: Path | None, *, verbose: bool = False) -> None:
    """
    Print a kept run.

    Raises:
        PacelineError: the run does not exist, or cannot be read.
    """
    config, archive = load_project(results)
    run = find_run(archive, wanted)
    if form == "json":
        click.echo(json.format(encode_run(run), indent=2).decode())
        return
    if form == "junit":
        click.echo(junit_xml(run), nl=False)
        return
    default_branch = run.default_branch or find_default_branch(config)
    past = archive.past_of(run, config.rules, default_branch, shown=needed_to_show(run))
    if form == "markdown":
        click.echo(markdown(compose(run, past, config.rules)), nl=False)
        return
    _print_text(compose(run, past, config.rules), verbose=verbose)


def find_run(archive: Archive, wanted: str | None) -> Run:
    """
    A run by its id, the beginning of its id, or its file; the latest where nothing is wanted.

    Raises:
        PacelineError: the run does not exist, or cannot be read.
    """
    if wanted is None:
        return archive.folder.read_latest()
    if Path(wanted).is_file():
        return read_run(Path(wanted))
    run = archive.ledger.run(wanted)
    if run is None:
        raise StorageError(f"no run {wanted!r} in {archive.ledger.path}; `paceline history list` lists all runs")
    return run


def _print_text(content: Content, *, verbose: bool) -> None:
    width = shutil.get_terminal_size().columns
    ascii_only = "utf" not in (sys.stdout.encoding or "ascii").lower()
    for line in lines(content, width=width, verbosity=int(verbose), ascii_only=ascii_only):
        click.echo("".join(click.style(span.text, **_STYLES[span.style]) for span in line))  # type: ignore[arg-type]
    for reason in content.failed_by:
        click.secho(reason, **_STYLES[Style.BAD])  # type: ignore[arg-type]
