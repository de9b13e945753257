"""
What `push` and `replay` have in common: where runs go, and what came of it.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from paceline.cli.options.project import find_default_branch
from paceline.cli.options.terminal import warn
from paceline.config import Config
from paceline.delivery.configured_sinks import open_sinks
from paceline.delivery.messages import delivered, undelivered
from paceline.delivery.send_rounds import Errand, ErrandTally
from paceline.delivery.sink import Sink
from paceline.errors import ConfigError

_F = TypeVar("_F", bound=Callable[..., object])


def target_options(command: _F) -> _F:
    """
    The options that say where to, instead of where the configuration says.
    """
    options: Sequence[Callable[[_F], _F]] = (
        click.option(
            "--to", metavar="URL", help="Exporter to send to, such as http://exporter:10464 (default: as configured)."
        ),
        click.option(
            "--otlp",
            metavar="URL",
            help="Collector to send to, such as http://collector:4318, or env for OTEL_* (default: as configured).",
        ),
        click.option(
            "--ca-file",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="CA bundle (PEM) for the exporter and the collector (default: as configured).",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


class Destination(Struct, frozen=True, kw_only=True):
    """
    The options, as given.
    """

    to: str | None
    otlp: str | None
    ca_file: Path | None

    @property
    def is_given(self) -> bool:
        return self.to is not None or self.otlp is not None

    def applied(self, config: Config) -> Config:
        """
        The configuration with what the options say instead.
        """
        if self.is_given:
            config = replace(config, push=self.to or "", otlp=self.otlp or "")
        return config if self.ca_file is None else replace(config, push_ca_file=str(self.ca_file))


def find_sinks(config: Config) -> list[Sink]:
    """
    The servers that are configured.

    Raises:
        ConfigError: no server is configured, or an address is not a valid URL.
    """
    sinks = open_sinks(config, default_branch_finder(config), warn)
    if not sinks:
        raise ConfigError("no server is configured, expected --to URL, --otlp URL, or push or otlp in [tool.paceline]")
    return sinks


def default_branch_finder(config: Config) -> Callable[[], str]:
    """
    A function that finds the default branch of the project, and asks git once.
    """
    return cache(partial(find_default_branch, config))


def conclude(done: Sequence[tuple[Errand, ErrandTally]]) -> None:
    """
    Say what came of errands, and end with exit code 1 where something was not delivered.
    """
    for errand, tally in done:
        click.echo(f"sent {delivered(errand, tally)}")
        for message in undelivered(errand, tally):
            warn(message)
    if any(tally.waiting or tally.refused or tally.damaged for _, tally in done):
        raise click.ClickException("not all runs were delivered")
