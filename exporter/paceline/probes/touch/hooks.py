"""
The hooks in libraries: which library gets which, and when.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from paceline.probes.touch.attribution import Attribution
from paceline.probes.touch.browser.pages import Pages
from paceline.probes.touch.cache.cached_functions import CachedFunctions
from paceline.probes.touch.cache.lookups import Lookups
from paceline.probes.touch.call_sites import CallSites
from paceline.probes.touch.database.queries import Queries
from paceline.probes.touch.endpoints.responses import Responses
from paceline.probes.touch.late_imports import LateImports, OnImport
from paceline.probes.touch.network.requests import Requests
from paceline.probes.touch.patches import Patches
from paceline.probes.touch.traces.spans import Spans
from paceline.probes.touch.traces.test_span import TestSpan

if TYPE_CHECKING:
    from paceline.analysis.ignored_queries import IgnoredQueries

# By the module of a library: the file that watches it. It has a function `watch`, and is imported when that is.
_DATABASES: Mapping[str, str] = {
    "sqlite3": "database.sqlite",
    "sqlalchemy": "database.sqlalchemy",
    "django.db": "database.django",
    "aiomysql": "database.aiomysql",
    "aiosqlite": "database.aiosqlite",
    "asyncpg": "database.asyncpg",
    "psycopg": "database.psycopg",
    "psycopg2": "database.psycopg2",
    "pymongo": "database.pymongo",
    "pymysql": "database.pymysql",
}
_NETWORK: Mapping[str, str] = {
    "http.client": "network.http_client",
    "urllib3.connection": "network.urllib3",
    "httpx": "network.httpx",
    "httpx2": "network.httpx",
    "aiohttp": "network.aiohttp",
    "socket": "network.sockets",
}
_CACHES: Mapping[str, str] = {
    "redis": "cache.redis",
    "redis.asyncio.client": "cache.async_redis",
    "redis.cluster": "cache.redis_cluster",
    "redis.asyncio.cluster": "cache.redis_cluster",
    "pymemcache.client.base": "cache.pymemcache",
    "django.core.cache": "cache.django",
    "cachetools": "cache.cachetools",
}
_FUNCTIONS: Mapping[str, str] = {"functools": "cache.functools"}
_ENDPOINTS: Mapping[str, str] = {
    "starlette.applications": "endpoints.starlette",
    "flask": "endpoints.flask",
    "django.core.handlers.base": "endpoints.django",
}
_BROWSERS: Mapping[str, str] = {
    "playwright.sync_api": "browser.playwright",
    "playwright.async_api": "browser.playwright",
    "selenium.webdriver.remote.webdriver": "browser.selenium",
    "selenium.webdriver.common.service": "browser.selenium",
}
_CONTEXTS: Mapping[str, str] = {"opentelemetry.context": "traces.opentelemetry_context"}
_SPANS: Mapping[str, str] = {"opentelemetry.sdk.trace": "traces.opentelemetry_sdk"}
# What OpenTelemetry calls libraries that are watched by way of another.
_BY_ANOTHER = frozenset({"requests", "urllib"})
_WATCHED = _BY_ANOTHER.union(name.partition(".")[0] for name in (*_DATABASES, *_NETWORK, *_CACHES))

# The hooks that are in place now, those of a session inside another one last.
ACTIVE: Final[list["Hooks"]] = []

Failed = Callable[[Exception, str], None]


class Hooks:
    """
    The hooks of one process, from before the first conftest to the end of the session.

    `has_failed` says that some of them failed: then what was not seen may have been there. Repeated queries that fit
    one of `ignored` do not count as repeated.

    Args:
        root: the folder of the project.
        failed: takes an error of Paceline's own, and what it was doing.
    """

    def __init__(self, root: str, failed: Failed) -> None:
        self.attribution: Final = Attribution()
        self.sites: Final = CallSites(root)
        self.has_failed = False
        self.ignored: Sequence[IgnoredQueries] = ()
        self._report: Final = failed
        self.lookups: Final = Lookups(self.attribution, self._failed)
        self.cached_functions: Final = CachedFunctions(self.attribution, self.sites, self._failed)
        self.test_span: Final = TestSpan(self.attribution)
        self.pages: Final = Pages(self.attribution, self._failed)
        self._patches: Final = Patches()
        queries = Queries(self.attribution, self.sites, self._failed)
        requests = Requests(self.attribution, self._failed, self.test_span)
        self._imports: Final = LateImports(
            {
                **self._watching(_DATABASES, queries),
                **self._watching(_NETWORK, requests),
                **self._watching(_CACHES, self.lookups),
                **self._watching(_FUNCTIONS, self.cached_functions),
                **self._watching(_ENDPOINTS, Responses(self.attribution, self._failed)),
                **self._watching(_BROWSERS, self.pages),
                **self._watching(_CONTEXTS, self.test_span),
                **self._watching(_SPANS, self._spans(queries, requests)),
            }
        )

    def install(self) -> None:
        self._imports.install()
        ACTIVE.append(self)

    def remove(self) -> None:
        """
        Leave each library as it was.
        """
        self._imports.remove()
        if self in ACTIVE:
            ACTIVE.remove(self)
        self._tried(self._patches.restore, "taking hooks off")

    def _failed(self, error: Exception, doing: str) -> None:
        self.has_failed = True
        self._report(error, doing)

    def _spans(self, queries: Queries, requests: Requests) -> Spans:
        return Spans(self.attribution, queries, requests, self.lookups, _WATCHED, self._failed)

    def _watching(self, files: Mapping[str, str], counter: object) -> Mapping[str, OnImport]:
        def watch(module: ModuleType) -> None:
            watcher: Any = import_module(f"paceline.probes.touch.{files[module.__name__]}")
            watcher.watch(module, counter, self._patches)

        return dict.fromkeys(files, lambda module: self._tried(partial(watch, module), f"watching {module.__name__}"))

    def _tried(self, step: Callable[[], None], what: str) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - a library whose inside has changed is not the user's fault
            self._failed(error, what)
