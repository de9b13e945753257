"""
The process: sockets, logging, and the ASGI server until a signal ends it.
"""

import logging
import resource
import signal
import socket
import ssl
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from msgspec import json
from prometheus_client import disable_created_metrics

from paceline.errors import ConfigError, StorageError
from paceline.server.app import make_app
from paceline.server.service import Service
from paceline.server.settings import Settings
from paceline.server.web_config import WebConfig, read_web_config, tls_context

_LOG = logging.getLogger(__name__)
_GRACE_SECONDS = 10
_KEEP_ALIVE_SECONDS = 75
_BACKLOG = 1024
_HIGHEST_PORT = 65535


def serve(settings: Settings, addresses: Sequence[str], web_file: Path | None, log_format: str) -> None:
    """
    Serve until SIGTERM or SIGINT; what is being received then is finished.

    Args:
        settings: of the exporter.
        addresses: as host:port, [host]:port or :port.
        web_file: the web configuration file.
        log_format: text or json.

    Raises:
        PacelineError: a setting, an address or the folder of data cannot be used.
    """
    _log_to_stderr(log_format)
    web = read_web_config(web_file) if web_file is not None else WebConfig()
    tls = tls_context(web.tls_server_config, web_file) if web.tls_server_config and web_file else None
    _prepare(settings)
    disable_created_metrics()  # type: ignore[no-untyped-call]
    with suppress(ValueError, OSError):  # a slow connection costs a descriptor
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    service = Service(settings)
    sockets = [listen(address) for address in addresses]
    for listener in sockets:
        host, port = listener.getsockname()[:2]
        _LOG.info("listening on %s://%s:%d", "https" if tls else "http", host, port)
    server = _server(service, web, tls)
    # uvicorn raises the signal that ended it once more.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _all_is_well)
    server.run(sockets=sockets)


def listen(address: str) -> socket.socket:
    """
    A socket that listens.

    Raises:
        ConfigError: it is no address, or cannot be used.
    """
    host, separator, port = address.rpartition(":")
    if not separator or not port.isascii() or not port.isdigit() or int(port) > _HIGHEST_PORT:
        raise ConfigError(f"--web.listen-address is {address!r}, expected one as 127.0.0.1:10464 or :10464")
    host = host.removeprefix("[").removesuffix("]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(f"--web.listen-address {address}: cannot be used: {_reason(error)}") from error
    listener.set_inheritable(True)
    return listener


def _reason(error: OSError) -> str:
    # create_server says the address again.
    return (error.strerror or str(error)).partition(" (while")[0]


def _all_is_well(_: int, __: object) -> None: ...


def _prepare(settings: Settings) -> None:
    for folder in filter(None, (settings.data, settings.watch)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"the folder {folder} cannot be made: {error.strerror}") from error


def _server(service: Service, web: WebConfig, tls: ssl.SSLContext | None) -> uvicorn.Server:
    config = uvicorn.Config(
        make_app(service, web),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    config.load()
    config.ssl = tls
    return uvicorn.Server(config)


def _log_to_stderr(log_format: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if log_format == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


_TEXT = "%(asctime)s %(levelname)s %(message)s"


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.encode(line).decode()
