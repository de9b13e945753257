"""
The sinks of a project, as they are configured.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping

from paceline.client.trust import read_authorities
from paceline.config import Config
from paceline.errors import ConfigError
from paceline.sinks.otlp.variables import Variables
from paceline.sinks.push import read_push
from paceline.sinks.sink import Sink


def open_sinks(
    config: Config, branches: Callable[[], Collection[str]], environ: Mapping[str, str] = os.environ
) -> list[Sink]:
    """
    The servers that runs are sent to.

    Args:
        config: the configuration.
        branches: finds the branches that keep their name in labels; git is asked only when a run is sent.
        environ: has the credentials.

    Raises:
        ConfigError: an address is none, a file has no certificates, or a package is missing that a sink needs.
    """
    authorities = read_authorities(config.push_ca_file, "push_ca_file is")
    pushes = [read_push(config.push, environ, authorities)] if config.push else []
    return [*pushes, *(_collectors(config, branches, environ, authorities) if config.otlp else ())]


def _collectors(
    config: Config, branches: Callable[[], Collection[str]], environ: Mapping[str, str], authorities: str | None
) -> Iterator[Sink]:
    try:
        from paceline.sinks.otlp.collector import Collector  # noqa: PLC0415 - an extra
        from paceline.sinks.otlp.metrics import OtlpMetrics  # noqa: PLC0415
        from paceline.sinks.otlp.traces import OtlpTraces  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            f"OTLP needs a package that is missing ({error.name}), expected pip install 'paceline[otlp]'"
        ) from error

    def collector(signal: str) -> Collector:
        return Collector(Variables(environ, signal).endpoint(config.otlp), environ, signal, authorities)

    yield OtlpMetrics(collector("metrics"), branches)
    if config.otlp_traces:
        yield OtlpTraces(collector("traces"))
