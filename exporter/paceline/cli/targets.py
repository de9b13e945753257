"""
What `push` and `replay` have in common: where runs go, and what came of it.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import click
from msgspec.structs import replace

from paceline.cli.project import warn
from paceline.config import Config
from paceline.errors import ConfigError
from paceline.probes.origin import FALLBACK_BRANCH
from paceline.sinks.delivery import Errand, Tally, undelivered
from paceline.sinks.opening import open_sinks
from paceline.sinks.sink import Sink
from paceline.units import counted

_F = TypeVar("_F", bound=Callable[..., object])


def target_options(command: _F) -> _F:
    """
    The options that say where to, instead of where the configuration says.
    """
    options: Sequence[Callable[[_F], _F]] = (
        click.option("--to", metavar="URL", help="The exporter, for example http://exporter:10464."),
        click.option("--otlp", metavar="URL", help="The collector, for example http://collector:4318; env for OTEL_*."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def find_sinks(config: Config, to: str | None, otlp: str | None) -> list[Sink]:
    """
    The servers that are asked for, else those that are configured.

    Raises:
        ConfigError: there is none, or an address is none.
    """
    if to is not None or otlp is not None:
        config = replace(config, push=to or "", otlp=otlp or "")
    sinks = open_sinks(config, lambda: (config.default_branch or FALLBACK_BRANCH,))
    if not sinks:
        raise ConfigError("no server to send to, expected --to URL, --otlp URL, or push or otlp in [tool.paceline]")
    return sinks


def conclude(done: Sequence[tuple[Errand, Tally]]) -> None:
    """
    Say what came of errands, and end with exit code 1 where something was not delivered.
    """
    for errand, tally in done:
        click.echo(f"sent {counted(tally.sent, 'run')} to {errand.sink.address} ({errand.sink.kind})")
    messages = [message for errand, tally in done for message in undelivered(errand, tally)]
    for message in messages:
        warn(message)
    if messages:
        raise click.ClickException("not all runs were delivered")
