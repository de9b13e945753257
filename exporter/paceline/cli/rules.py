"""
`paceline rules`: rules and alerts for Prometheus, and the configuration of Alertmanager.
"""

from pathlib import Path

import click
from msgspec import ValidationError, convert

from paceline import units
from paceline.alerting.options import Options
from paceline.alerting.writing import render

_DEFAULT = Options()
_OPTIONS = {
    "window_days": "--window",
    "hold_days": "--hold",
    "interval_seconds": "--interval",
    "prefix": "--prefix",
    "match": "--match",
    "by": "--by",
}


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--window", "window_days", type=int, default=_DEFAULT.window_days, show_default=True, help="Days of past."
)
@click.option(
    "--hold",
    "hold_days",
    type=int,
    default=_DEFAULT.hold_days,
    show_default=True,
    help="Days that a verdict stands when no run comes.",
)
@click.option(
    "--interval",
    "interval_seconds",
    type=int,
    default=_DEFAULT.interval_seconds,
    show_default=True,
    help="Seconds from one evaluation to the next, at most 120.",
)
@click.option("--prefix", default=_DEFAULT.prefix, show_default=True, help="What the names of metrics begin with.")
@click.option("--match", default=_DEFAULT.match, show_default=True, help="Matchers of what is judged.")
@click.option("--by", multiple=True, metavar="LABEL", help="A label of yours that tells one suite from another.")
@click.option("--dashboards", default=_DEFAULT.dashboards, show_default=True, help="Address of Grafana.")
@click.option("--runbooks", default=_DEFAULT.runbooks, show_default=True, help="Address of the runbooks.")
@click.option("--force", is_flag=True, help="Replace files that differ.")
def rules(folder: Path, *, force: bool, **settings: object) -> None:
    """
    Write the rules, the alerts and the configuration of Prometheus and Alertmanager into FOLDER.

    \b
      paceline rules monitoring
      paceline rules monitoring --match 'branch=~"main|release-.*"' --by python --window 30
    """
    try:
        options = convert(settings, Options)
    except ValidationError as error:
        raise click.UsageError(_told(error)) from error
    texts = {folder / path: text for path, text in render(options).items()}
    differing = [path for path, text in texts.items() if path.is_file() and path.read_text("utf-8") != text]
    if differing and not force:
        raise click.ClickException(f"{differing[0]} is there and differs; --force replaces what differs")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    click.echo(f"wrote {units.counted(len(texts), 'file')} to {folder}")


def _told(error: ValidationError) -> str:
    what, _, where = str(error).partition(" - at `$.")
    name = where.partition("[")[0].rstrip("`")
    return f"{_OPTIONS.get(name, name)}: {what}"
