"""
The process: the lock on its folder of data, sockets, logging, and the ASGI server until a signal ends it.
"""

import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import uvicorn
from msgspec import json
from prometheus_client import disable_created_metrics

from paceline.errors import ConfigError, StorageError
from paceline.files import lock, make_private_folder
from paceline.formatting import counted
from paceline.own_secrets import without_own_secrets
from paceline.server.app import make_app
from paceline.server.credentials import Credentials
from paceline.server.exporter_settings import ExporterSettings
from paceline.server.log_rate import RateLimit
from paceline.server.service import ExporterService
from paceline.version import __version__

_LOG = logging.getLogger(__name__)
_GRACE_SECONDS = 10
_KEEP_ALIVE_SECONDS = 75
_BACKLOG = 1024
_HIGHEST_PORT = 65535
LOCK = "exporter.lock"


class AccessFiles(NamedTuple):
    """
    The files that say who may use the exporter.
    """

    web: Path | None
    tokens: Path | None


def serve(settings: ExporterSettings, addresses: Sequence[str], files: AccessFiles, log_format: str) -> None:
    """
    Serve until SIGTERM or SIGINT; what is being received then is finished. SIGHUP reads the files again.

    Args:
        settings: of the exporter.
        addresses: as host:port, [host]:port or :port.
        files: the web configuration file and the file of tokens.
        log_format: text or json.

    Raises:
        PacelineError: a setting or an address is invalid, or the data folder cannot be used.
    """
    _log_to_stderr(log_format)
    credentials = Credentials(files.web, files.tokens, os.environ)
    _prepare(settings)
    disable_created_metrics()  # type: ignore[no-untyped-call]
    with suppress(ValueError, OSError):  # a slow connection costs a descriptor
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with lock_folder(settings.data):
        service = ExporterService(settings)
        _LOG.info("%s", _started(settings, credentials))
        signal.signal(signal.SIGHUP, lambda *_: credentials.ask_reload())
        _run(service, _server(service, credentials), [listen(address) for address in addresses])


def _run(service: ExporterService, server: uvicorn.Server, sockets: list[socket.socket]) -> None:
    for listener in sockets:
        _LOG.info("listening on %s", shown_address(listener.getsockname(), is_secure=bool(server.config.ssl)))
    # uvicorn raises the signal that ended it once more, when all is over.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, partial(_ended, service))
    server.run(sockets=sockets)


def shown_address(name: Sequence[Any], *, is_secure: bool) -> str:
    """
    The address of a socket as one enters it in a browser.

    Args:
        name: host and port, as the socket has them.
        is_secure: whether it speaks TLS.
    """
    host, port = name[:2]
    return f"{'https' if is_secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def listen(address: str) -> socket.socket:
    """
    A socket that listens.

    Raises:
        ConfigError: the address is invalid, or the port cannot be used.
    """
    host, separator, port = address.rpartition(":")
    if not separator or not port.isascii() or not port.isdigit() or int(port) > _HIGHEST_PORT:
        raise ConfigError(f"--web.listen-address is {address!r}, expected an address such as 127.0.0.1:10464 or :10464")
    host = host.removeprefix("[").removesuffix("]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(f"--web.listen-address {address}: cannot be used: {_reason(error)}") from error
    # asyncio sets it on sockets that it makes itself, and connections have it from the listener. Without it, the second
    # part of a short answer waits up to 40 ms until the first is acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.set_inheritable(True)
    return listener


def _reason(error: OSError) -> str:
    # In strerror, create_server says the address again; a name that does not resolve has a number below 0.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def _started(settings: ExporterSettings, credentials: Credentials) -> str:
    """
    The options of the exporter; of tokens and users only the number.
    """
    told = {
        "data": settings.data,
        "watch": settings.watch or "",
        "branches": ",".join(settings.branches),
        "expose-window": settings.expose_window.text,
        "expose-seconds": f"{settings.expose_seconds:g}",
        "expose-scrapes": settings.expose_scrapes,
        "max-series": settings.max_series,
        "shard-seconds": f"{settings.shard_seconds:g}",
    }
    options = " ".join(f"--{name}={value}" for name, value in told.items())
    return f"paceline {__version__}: {options}; {credentials.summary}"


def _ended(service: ExporterService, number: int, _: object) -> None:
    # Nothing has to be flushed: a run is on the disk when it is acknowledged.
    name, exposed = signal.Signals(number).name, counted(service.exposed, "run")
    _LOG.info("ended by %s; all received runs are on disk, %s still exposed", name, exposed)


def _prepare(settings: ExporterSettings) -> None:
    try:
        make_private_folder(settings.data)
    except OSError as error:
        raise StorageError(f"the folder {settings.data} cannot be made: {error.strerror}") from error
    # Others write to it: one that was made here, for a wrong name or before the right one is mounted, stays empty.
    if settings.watch is not None and not settings.watch.is_dir():
        raise ConfigError(f"--watch is {str(settings.watch)!r}, expected an existing folder")


def _server(service: ExporterService, credentials: Credentials) -> uvicorn.Server:
    config = uvicorn.Config(
        make_app(service, credentials),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    config.load()
    config.ssl = credentials.tls_context
    return uvicorn.Server(config)


def _log_to_stderr(log_format: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if log_format == "json" else _TextLines(_TEXT))
    handler.addFilter(RateLimit())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


_TEXT = "%(asctime)s %(levelname)s %(message)s"


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return without_own_secrets(super().format(record))


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
        return without_own_secrets(json.encode(line).decode())


def lock_folder(folder: Path) -> BinaryIO:
    """
    Keep other exporters out of a folder, for as long as the file is open: the system closes it however a process ends.

    Raises:
        StorageError: another exporter has locked the folder, or the folder cannot be locked.
    """
    path = folder / LOCK
    try:
        file = path.open("ab+", buffering=0)
        lock(file)
    except BlockingIOError as error:
        process = path.read_text("utf-8").strip()
        raise StorageError(f"the folder {folder} is used by another exporter (process {process})") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be locked: {error.strerror}") from error
    # For that message alone, which a full disk shall not keep the exporter from.
    with suppress(OSError):
        file.truncate(0)
        file.write(f"{os.getpid()}\n".encode())
    return file
