"""
`paceline stack`: the whole chain on this machine.
"""

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource
from tabulate import tabulate

from paceline.cli.options.project import clear_errors
from paceline.cli.options.terminal import warn
from paceline.errors import ConfigError
from paceline.extras import install_command
from paceline.http.server_access import Naming, read_server

if TYPE_CHECKING:
    from paceline.stack.state_file import Started

_DIR = click.Path(file_okay=False, path_type=Path)
_THERE = click.Path(exists=True, file_okay=False, path_type=Path)
_FOLDER = Path(".paceline-stack")
_PORT = click.IntRange(1, 65535)
_folder_option = click.option(
    "--folder",
    metavar="DIR",
    type=_DIR,
    default=_FOLDER,
    show_default=True,
    help="Folder for data, logs and configuration.",
)


# What a stack that runs was started with.
_OF_START = {"interval_seconds", "webhook"}
_WEBHOOK = Naming(place="--webhook is", example="http://127.0.0.1:9099/paceline")


@click.group()
def stack() -> None:
    """
    Run Prometheus, Alertmanager and the exporter locally.

    The programs run on this machine without containers; Grafana runs too if it is on PATH.

    \b
      paceline stack up
      pytest --paceline --paceline-push http://127.0.0.1:10464
      paceline gate --prometheus http://127.0.0.1:9090
      paceline stack down
    """


@stack.command()
@_folder_option
@click.option(
    "--interval",
    "interval_seconds",
    metavar="S",
    type=click.IntRange(1, 120),
    default=5,
    show_default=True,
    help="Seconds between two scrapes and between two evaluations of the rules.",
)
@click.option(
    "--webhook", metavar="URL", default="", help="Webhook that gets the alerts (default: alerts are sent nowhere)."
)
@click.option(
    "--programs",
    "programs_folder",
    metavar="DIR",
    type=_THERE,
    help="Folder to look for programs in before PATH (default: none).",
)
@click.option("--install", is_flag=True, help="Download Prometheus and Alertmanager if they are not installed.")
@click.option(
    "--port-exporter", metavar="N", type=_PORT, help="Port of the exporter (default: 10464, else a free port)."
)
@click.option(
    "--port-prometheus", metavar="N", type=_PORT, help="Port of Prometheus (default: 9090, else a free port)."
)
@click.option(
    "--port-alertmanager", metavar="N", type=_PORT, help="Port of Alertmanager (default: 9093, else a free port)."
)
@click.option("--port-grafana", metavar="N", type=_PORT, help="Port of Grafana (default: 3000, else a free port).")
@click.pass_context
def up(
    context: click.Context,
    /,
    folder: Path,
    interval_seconds: int,
    webhook: str,
    programs_folder: Path | None,
    *,
    install: bool,
    **ports: int | None,
) -> None:
    """
    Start all servers on loopback and print their addresses.

    Rules, alerts and routes are those that `paceline rules` writes. Data, logs and configuration are in one folder,
    and stay there after `paceline stack down`.
    """
    with _local_stack():
        if webhook:
            read_server(webhook, _WEBHOOK)
        from paceline.stack.programs import Programs, default_cache  # noqa: PLC0415 - an extra
        from paceline.stack.stack_settings import StackSettings  # noqa: PLC0415
        from paceline.stack.up_and_down import Stack  # noqa: PLC0415

        local = Stack(folder)
        programs = Programs(default_cache(), programs_folder, partial(click.echo, err=True))
        if any(runs for _, runs in local.status()):
            _tell_of_dropped(context, local.status())
            mended = local.mend(programs, install=install)
            names = ", ".join(one.name for one in mended)
            click.echo(
                f"the stack runs already; started again, as configured: {names}" if mended else "the stack runs already"
            )
            click.echo(_table(local.status()))
            return
        settings = StackSettings(
            interval_seconds=interval_seconds,
            webhook=webhook,
            ports={name.removeprefix("port_"): port for name, port in ports.items() if port is not None},
        )
        started = local.up(settings, programs, install=install)
    click.echo(_table([(one, True) for one in started]))
    if "grafana" not in {one.name for one in started}:
        warn("grafana is not on PATH: the stack has no dashboards, and the links in alerts do not work")
    click.echo("\n".join(_what_next(started, folder)))


@stack.command()
@_folder_option
@click.pass_context
def status(context: click.Context, /, folder: Path) -> None:
    """
    List the servers; exit with 1 unless all of them run.
    """
    with _local_stack():
        from paceline.stack.up_and_down import Stack  # noqa: PLC0415 - an extra

        found = Stack(folder).status()
    click.echo(_table(found) if found else f"nothing runs from {folder}")
    context.exit(0 if found and all(runs for _, runs in found) else 1)


@stack.command()
@_folder_option
def down(folder: Path) -> None:
    """
    End the servers of this stack; data and logs stay.
    """
    with _local_stack():
        from paceline.stack.up_and_down import Stack  # noqa: PLC0415 - an extra

        ended = Stack(folder).down()
    click.echo(f"ended {', '.join(one.name for one in ended)}" if ended else f"nothing runs from {folder}")


def _tell_of_dropped(context: click.Context, running: "Sequence[tuple[Started, bool]]") -> None:
    """
    What was given and is not so: a stack that runs is left as it was started.
    """
    ports = {f"port_{one.name}": one.port for one, _ in running}
    dropped = [
        f"--{option.removesuffix('_seconds').replace('_', '-')}"
        for option, value in context.params.items()
        if context.get_parameter_source(option) is ParameterSource.COMMANDLINE
        and (option in _OF_START or ports.get(option, value) != value)
    ]
    if dropped:
        warn(
            f"{', '.join(dropped)} ignored: the stack runs as it was started; to change it, `paceline stack down` first"
        )


@contextmanager
def _local_stack() -> Iterator[None]:
    with clear_errors():
        try:
            yield
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"the stack needs {error.name}, which is not installed: {install_command('server')}"
            ) from error


def _table(status: "Sequence[tuple[Started, bool]]") -> str:
    rows = [(one.name, "runs" if runs else "ended", one.url, one.pid, os.path.relpath(one.log)) for one, runs in status]
    return tabulate(rows, headers=["server", "state", "address", "pid", "log"], tablefmt="plain")


def _what_next(started: "Sequence[Started]", folder: Path) -> Iterator[str]:
    urls = {one.name: one.url for one in started}
    yield ""
    yield f"pytest --paceline --paceline-push {urls['exporter']}"
    yield f"paceline gate --prometheus {urls['prometheus']}"
    yield f"paceline stack down{'' if folder == _FOLDER else f' --folder {shlex.quote(str(folder))}'}"
