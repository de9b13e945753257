"""
What an exporter does by itself from time to time, and whether it still does.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from paceline.errors import PacelineError, StorageError
from paceline.server.credentials import Credentials
from paceline.server.service import ExporterService

_LOG = logging.getLogger(__name__)
_TEND_SECONDS = 1.0
# A round takes milliseconds; one with a large file in the watched folder, seconds.
_LONGEST_ROUND_SECONDS = 120.0


class Housekeeping:
    """
    Does a round each second. A round that fails is counted and logged, and the next one comes all the same.
    """

    def __init__(self, service: ExporterService, credentials: Credentials) -> None:
        self._service: Final = service
        self._credentials: Final = credentials
        self._last_round = time.monotonic()

    @asynccontextmanager
    async def running(self, _: Starlette) -> AsyncIterator[None]:
        """
        Do rounds for as long as the application lives.
        """
        task = asyncio.create_task(self._rounds())
        yield
        task.cancel()
        with suppress(StorageError):
            await run_in_threadpool(self._service.keep_scrapers)

    async def healthy(self, _: Request) -> Response:
        """
        Say whether rounds are done, and are done in time.
        """
        since = time.monotonic() - self._last_round
        if since > _LONGEST_ROUND_SECONDS:
            return PlainTextResponse(f"Paceline's exporter has done no housekeeping for {since:.0f} s.\n", 503)
        return PlainTextResponse("Paceline's exporter is healthy.\n")

    async def _rounds(self) -> None:
        while True:
            await asyncio.sleep(_TEND_SECONDS)
            await self._tried(self._credentials.refresh)
            await self._tried(self._service.tend)
            self._last_round = time.monotonic()

    async def _tried(self, step: Callable[[], object]) -> None:
        try:
            await run_in_threadpool(step)
        except PacelineError as error:
            self._service.own.housekeeping.inc()
            _LOG.warning("%s", error)
        except Exception:  # noqa: BLE001 - one round that fails ends none of the others
            self._service.own.housekeeping.inc()
            _LOG.exception("housekeeping failed")
