"""
The sinks of a project, as they are configured.
"""

import os
from collections.abc import Callable, Mapping

from paceline.config import Config
from paceline.delivery.exporter_sink import Push, read_push
from paceline.delivery.otlp.environment_variables import Variables
from paceline.delivery.sink import Sink
from paceline.errors import ConfigError
from paceline.extras import install_command
from paceline.http.server_access import Naming, ServerAccess, read_authorities, read_server

_SIGNALS = {"otlp": "metrics", "otlp-traces": "traces"}


def open_sinks(
    config: Config,
    default_branch: Callable[[], str],
    warn: Callable[[str], None],
    environ: Mapping[str, str] = os.environ,
) -> list[Sink]:
    """
    The servers that runs are sent to.

    Args:
        config: the configuration.
        default_branch: finds the default branch of a run that does not say its own; see `OtlpMetrics`.
        warn: takes a line for the user, where OpenTelemetry's variables say that nothing is to be sent.
        environ: has the credentials.

    Raises:
        ConfigError: an address is not a valid URL, a CA bundle has no certificate, or a package that a sink needs is
            not installed.
    """
    authorities = read_authorities(config.push_ca_file, "push_ca_file is")
    pushes = [read_push(config.push, environ, authorities)] if config.push else []
    kinds = ("otlp", "otlp-traces") if config.otlp_traces else ("otlp",)
    silent = {kind: silence_of(kind, environ) for kind in kinds if config.otlp}
    for why in dict.fromkeys(filter(None, silent.values())):
        warn(why)
    signals = [_SIGNALS[kind] for kind, why in silent.items() if not why]
    endpoints = {signal: Variables(environ, signal).endpoint(config.otlp) for signal in signals}
    return [
        *pushes,
        *(_collector(signal, one, default_branch, environ, authorities) for signal, one in endpoints.items()),
    ]


def silence_of(kind: str, environ: Mapping[str, str] = os.environ) -> str:
    """
    Why nothing is to be sent to a kind of sink, as OpenTelemetry's variables say so; "" where they do not.
    """
    signal = _SIGNALS.get(kind)
    return Variables(environ, signal).silence if signal is not None else ""


def open_sink(
    kind: str,
    address: str,
    config: Config,
    default_branch: Callable[[], str],
) -> Sink:
    """
    The server that an outbox is for. It gets no credentials: an outbox may come from somebody else.

    Args:
        kind: of the sink.
        address: of the sink.
        config: says whom to trust.
        default_branch: see `open_sinks`.

    Raises:
        ConfigError: the kind of the sink is unknown; see also `open_sinks`.
    """
    authorities = read_authorities(config.push_ca_file, "push_ca_file is")
    if kind == Push.kind:
        return read_push(address, {}, authorities)
    if kind not in _SIGNALS:
        raise ConfigError(f"the outbox has runs for {kind!r}, expected push, {', '.join(_SIGNALS)}")
    server = read_server(address, Naming("the outbox has runs for", "http://collector:4318/v1/metrics"), {})
    return _collector(_SIGNALS[kind], server, default_branch, {}, authorities)


def _collector(
    signal: str,
    server: ServerAccess,
    default_branch: Callable[[], str],
    environ: Mapping[str, str],
    authorities: str | None,
) -> Sink:
    try:
        from paceline.delivery.otlp.collector import Collector  # noqa: PLC0415 - an extra
        from paceline.delivery.otlp.otlp_metrics import OtlpMetrics  # noqa: PLC0415
        from paceline.delivery.otlp.otlp_traces import OtlpTraces  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(f"OTLP needs {error.name}, which is not installed: {install_command('otlp')}") from error
    collector = Collector(server, environ, signal, authorities)
    return OtlpMetrics(collector, default_branch) if signal == "metrics" else OtlpTraces(collector)
