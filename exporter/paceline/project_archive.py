"""
The archive of a project, as it is configured.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from paceline.config import Config
from paceline.history.archive import Archive
from paceline.history.baseline_file import read_baselines
from paceline.history.source import Server
from paceline.history.sqlite.lock_wait import LockWait

# The share of the longest time that a session may be held up.
_FOR_LOCKS = 0.3


def open_archive(config: Config, root: Path, warn: Callable[[str], None], lock_wait: LockWait | None = None) -> Archive:
    """
    The archive, with its baselines and the server that has its past.

    Args:
        config: the configuration.
        root: what its paths are relative to.
        warn: takes a line for the user.
        lock_wait: waits where another process has the ledger locked.

    Raises:
        PacelineError: the file of baselines is damaged, or the address of the server is not a valid URL.
    """
    return Archive(
        root / config.results,
        warn,
        server=_server(config, os.environ) if config.history else None,
        baselines=read_baselines(root / config.baselines),
        lock_wait=lock_wait,
    )


def lock_wait_of(config: Config) -> LockWait:
    """
    How long a session waits for other processes that use the ledger, in all.
    """
    return LockWait(in_all=config.longest_seconds * _FOR_LOCKS)


def _server(config: Config, environ: Mapping[str, str]) -> Server:
    from paceline.http.server_access import read_server  # noqa: PLC0415 - imported by those who use it
    from paceline.prometheus.past_runs import Prometheus  # noqa: PLC0415
    from paceline.prometheus.query_client import NAMING, QueryClient  # noqa: PLC0415

    return Prometheus(QueryClient(read_server(config.history, NAMING, environ), config.history_seconds))
