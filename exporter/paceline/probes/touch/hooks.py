"""
The hooks in libraries: which library gets which, and when.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.attribution import Attribution
from paceline.probes.touch.call_sites import CallSites
from paceline.probes.touch.database.queries import Queries
from paceline.probes.touch.late_imports import LateImports
from paceline.probes.touch.network.aiohttp import watch_aiohttp
from paceline.probes.touch.network.http_client import watch_http_client, watch_urllib3
from paceline.probes.touch.network.httpx import watch_httpx
from paceline.probes.touch.network.requests import Requests
from paceline.probes.touch.network.sockets import watch_sockets
from paceline.probes.touch.patches import Patches

_NETWORK: Mapping[str, Callable[[ModuleType, Requests, Patches], None]] = {
    "http.client": watch_http_client,
    "urllib3.connection": watch_urllib3,
    "httpx": watch_httpx,
    "httpx2": watch_httpx,
    "aiohttp": watch_aiohttp,
    "socket": watch_sockets,
}

# The file in `database` by the module of the library. It has a function `watch`, and is imported when that is.
_DATABASES: Mapping[str, str] = {
    "sqlite3": "sqlite",
    "sqlalchemy": "sqlalchemy",
    "django.db": "django",
}

Failed = Callable[[Exception, str], None]


class Hooks:
    """
    The hooks of one process, from before the first conftest to the end of the session.

    `has_failed` says that some of them failed: then what was not seen may have been there.

    Args:
        root: the folder of the project.
        failed: takes an error of Paceline's own, and what it was doing.
    """

    def __init__(self, root: str, failed: Failed) -> None:
        self.attribution: Final = Attribution()
        self.sites: Final = CallSites(root)
        self.has_failed = False
        self._report: Final = failed
        self._patches: Final = Patches()
        self._queries: Final = Queries(self.attribution, self.sites, self._failed)
        self._requests: Final = Requests(self.attribution, self._failed)
        self._imports: Final = LateImports(
            {
                **{name: self._guarded(partial(self._watch_network, watch)) for name, watch in _NETWORK.items()},
                **dict.fromkeys(_DATABASES, self._guarded(self._watch_database)),
            }
        )

    def install(self) -> None:
        self._imports.install()

    def remove(self) -> None:
        """
        Leave each library as it was.
        """
        self._imports.remove()
        self._tried(self._patches.restore, "taking hooks off")

    def _failed(self, error: Exception, doing: str) -> None:
        self.has_failed = True
        self._report(error, doing)

    def _watch_network(self, watch: Callable[[ModuleType, Requests, Patches], None], module: ModuleType) -> None:
        watch(module, self._requests, self._patches)

    def _watch_database(self, module: ModuleType) -> None:
        watcher: Any = import_module(f"paceline.probes.touch.database.{_DATABASES[module.__name__]}")
        watcher.watch(module, self._queries, self._patches)

    def _guarded(self, watch: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
        return lambda module: self._tried(lambda: watch(module), f"watching {module.__name__}")

    def _tried(self, step: Callable[[], None], what: str) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - a library whose inside has changed is not the user's fault
            self._failed(error, what)
