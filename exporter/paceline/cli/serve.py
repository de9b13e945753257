"""
`paceline serve`: the exporter.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from paceline.cli.options.click_kinds import Number
from paceline.cli.options.kept_runs import branch_names
from paceline.cli.options.project import clear_errors
from paceline.errors import ConfigError
from paceline.extras import install_command
from paceline.server.exporter_settings import BRANCHES, ExporterSettings, read_path, read_window

_V = TypeVar("_V")
_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


def _by(read: Callable[[str], _V]) -> Callable[[click.Context, click.Parameter, str], _V]:
    def callback(_: click.Context, __: click.Parameter, text: str) -> _V:
        try:
            return read(text)
        except ConfigError as error:
            raise click.BadParameter(str(error)) from error

    return callback


@click.command()
@click.option(
    "--data",
    metavar="DIR",
    type=_FOLDER,
    default=Path("paceline_data"),
    show_default=True,
    help="Folder for the runs.",
)
@click.option(
    "--watch",
    metavar="DIR",
    type=_FOLDER,
    help="Drop folder, whose run documents are received (default: none).",
)
@click.option(
    "--web.listen-address",
    "addresses",
    metavar="HOST:PORT",
    multiple=True,
    default=["127.0.0.1:10464"],
    show_default=True,
    help="Address to listen on; repeatable.",
)
@click.option(
    "--web.config.file",
    "web_file",
    metavar="FILE",
    type=_FILE,
    help="YAML file with TLS and users, as for all Prometheus exporters (default: none).",
)
@click.option(
    "--web.telemetry-path",
    "telemetry_path",
    metavar="PATH",
    callback=_by(read_path),
    default="/metrics",
    show_default=True,
    help="Path of the counters; the path of the run samples is PATH/runs.",
)
@click.option(
    "--tokens-file",
    metavar="FILE",
    type=_FILE,
    help="File of tokens that may send runs, one a line, besides PACELINE_TOKENS (default: no token needed).",
)
@click.option(
    "--branches",
    metavar="NAME",
    callback=branch_names,
    multiple=True,
    default=BRANCHES,
    show_default=True,
    help="Branch that keeps its name in labels, besides default branches; repeatable.",
)
@click.option(
    "--expose-seconds",
    type=Number(min=0),
    default=900.0,
    show_default=True,
    help="Minimum seconds that a run stays exposed.",
)
@click.option(
    "--expose-scrapes",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Minimum scrapes by each Prometheus before a run is no longer exposed.",
)
@click.option(
    "--expose-window",
    metavar="DURATION",
    callback=_by(read_window),
    default="7d",
    show_default=True,
    help="Age beyond which a run is kept but not exposed: Prometheus' out_of_order_time_window, or 0 for no limit.",
)
@click.option(
    "--max-series",
    type=click.IntRange(min=1),
    default=200_000,
    show_default=True,
    help="Maximum samples of one run and of one scrape; keep below Prometheus' sample_limit.",
)
@click.option(
    "--shard-seconds",
    type=Number(min=0),
    default=3600.0,
    show_default=True,
    help="Seconds that a part of a run waits for the other parts.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the log on stderr.",
)
def serve(
    data: Path,
    watch: Path | None,
    addresses: tuple[str, ...],
    web_file: Path | None,
    tokens_file: Path | None,
    log_format: str,
    **others: object,
) -> None:
    """
    Receive runs, keep them, and expose them to Prometheus.

    \b
      paceline serve --data /var/lib/paceline
      pytest --paceline --paceline-push http://127.0.0.1:10464
    """
    with clear_errors():
        try:
            from paceline.server.asgi_process import AccessFiles  # noqa: PLC0415 - an extra
            from paceline.server.asgi_process import serve as run  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"the exporter needs {error.name}, which is not installed: {install_command('server')}"
            ) from error
        settings = ExporterSettings(data=data, watch=watch, **others)  # type: ignore[arg-type]
        run(settings, addresses, AccessFiles(web=web_file, tokens=tokens_file), log_format)
