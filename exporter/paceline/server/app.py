"""
The endpoints.
"""

import gzip
import logging
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from functools import partial

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from msgspec import to_builtins
from prometheus_client import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from paceline.errors import ConflictError, DocumentError, PacelineError
from paceline.identity import safe_text
from paceline.server.access import UsersOnly, is_token
from paceline.server.body_memory import BodyMemory, TakenMemory
from paceline.server.credentials import Credentials
from paceline.server.housekeeping import Housekeeping
from paceline.server.landing_page import landing_page
from paceline.server.negotiation import Format, accepts_gzip, chosen_format
from paceline.server.report_checks import Sender, read_report
from paceline.server.request_body import BodyLimits, RefusedBodyError, discard_body, read_body
from paceline.server.scrapers import Scraper, takes_many
from paceline.server.service import ExporterService
from paceline.server.watched_response import WatchedResponse

_LOG = logging.getLogger(__name__)
RUNS, LIVE = "/api/v1/runs", "/api/v1/live"
HEALTHY, READY = "/-/healthy", "/-/ready"
_RETRY_SECONDS = 10
_RECEIVERS = 2
# A document takes several times its size while it is read: of those above this size, one at a time.
_LARGE = 4 << 20
_UNAUTHORIZED, _CONFLICT = 401, 409
_RESULT = {_UNAUTHORIZED: "unauthorized", _CONFLICT: "conflict"}
_ASKS_FOR_TOKEN = {"WWW-Authenticate": 'Bearer realm="paceline"'}
_LONGEST_REASON = 300
_STATUS = {"accepted": 201, "duplicate": 200}
_LIVE_LIMITS = BodyLimits(sent=1 << 20, unpacked=1 << 20, seconds=10.0)
# All that scrapes as a Prometheus does says how long it is going to wait.
_SCRAPE = "x-prometheus-scrape-timeout-seconds"

_Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(service: ExporterService, credentials: Credentials, limits: BodyLimits | None = None) -> Starlette:
    """
    The application for an ASGI server.

    Args:
        service: what is behind it.
        credentials: who may use it.
        limits: of the body of a run.
    """
    housekeeping = Housekeeping(service, credentials)
    endpoints = _Endpoints(service, credentials, limits or BodyLimits())
    path = service.settings.telemetry_path
    routes = [
        Route("/", endpoints.landing),
        Route(HEALTHY, housekeeping.healthy),
        Route(READY, _says("ready")),
        Route(path, endpoints.state),
        Route(f"{path}/runs", endpoints.runs),
        Route(RUNS, endpoints.receive, methods=["POST"]),
        Route(LIVE, endpoints.live, methods=["POST"]),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(UsersOnly, credentials, frozenset({RUNS, LIVE}), frozenset({HEALTHY, READY}))],
        lifespan=housekeeping.running,
        exception_handlers={RefusedBodyError: endpoints.refused, PacelineError: endpoints.unavailable},
    )


class _Endpoints:
    def __init__(self, service: ExporterService, credentials: Credentials, limits: BodyLimits) -> None:
        self._service = service
        self._credentials = credentials
        self._own = service.own
        self._limits = limits
        # One writes at a time, and one more may read its document; those that wait take no thread from scrapes.
        self._receiving = CapacityLimiter(_RECEIVERS)
        self._receiving_large = CapacityLimiter(1)
        self._reading = CapacityLimiter(_RECEIVERS)
        self._body_memory = BodyMemory()

    async def receive(self, request: Request) -> Response:
        sender = Sender(name=_host(request), clock=_clock(request))
        with self._body_memory.place(sender.name) as place:
            document = await self._body(request, self._limits, place)
            receive = partial(self._service.receive, document, "the run", sender)
            with self._own.ingest.time():
                try:
                    receipt = await run_sync(receive, limiter=self._limiter(document))
                except ConflictError as error:
                    raise RefusedBodyError(_CONFLICT, str(error)) from error
                except DocumentError as error:
                    raise RefusedBodyError(400, str(error)) from error
        # Whoever sent it need not wait for that.
        prepare = BackgroundTask(self._service.prepare)
        return JSONResponse(to_builtins(receipt), _STATUS[receipt.result], background=prepare)

    async def live(self, request: Request) -> Response:
        with self._body_memory.place(_host(request)) as place:
            document = await self._body(request, _LIVE_LIMITS, place)
            if not document:
                return Response(status_code=204)  # `paceline doctor` asks whether its token is accepted
            try:
                report = await run_sync(partial(read_report, document, "the report"), limiter=self._reading)
            except DocumentError as error:
                raise RefusedBodyError(400, str(error)) from error
        self._service.report(report)
        return Response(status_code=204)

    def _limiter(self, document: bytes) -> CapacityLimiter:
        return self._receiving if len(document) < _LARGE else self._receiving_large

    async def state(self, request: Request) -> Response:
        form = chosen_format(request.headers.get("accept", ""))
        encode = openmetrics.generate_latest if form is Format.OPENMETRICS else generate_latest
        with self._own.scrape.labels(request.url.path).time():
            text = await run_in_threadpool(encode, self._own.registry)
            return _packed(gzip.compress(text, 1), form, request)

    async def runs(self, request: Request) -> Response:
        scraper, form = _scraper(request), chosen_format(request.headers.get("accept", ""))
        with self._own.scrape.labels(request.url.path).time():
            answer = await run_in_threadpool(self._service.answer, scraper, form)
            packed = await run_in_threadpool(_packed, answer.body, answer.form, request)
        if not scraper.name:
            return packed
        return WatchedResponse(packed, partial(self._service.delivered, scraper.name, answer))

    async def landing(self, _: Request) -> Response:
        summary = await run_in_threadpool(self._service.summary)
        return HTMLResponse(landing_page(summary, self._service.settings))

    async def refused(self, request: Request, error: Exception) -> Response:
        status = error.status if isinstance(error, RefusedBodyError) else 400
        self._count(request, _RESULT.get(status, "rejected"))
        # What the error says may be out of the body.
        _LOG.warning("rejected, %d: %s, from %s", status, safe_text(str(error), _LONGEST_REASON), _host(request))
        return JSONResponse({"error": str(error)}, status, _ASKS_FOR_TOKEN if status == _UNAUTHORIZED else None)

    async def unavailable(self, request: Request, error: Exception) -> Response:
        self._count(request, "unavailable")
        _LOG.warning("not kept: %s, from %s", error, _host(request))
        return JSONResponse({"error": str(error)}, 503, {"Retry-After": str(_RETRY_SECONDS)})

    def _count(self, request: Request, result: str) -> None:
        if request.url.path == RUNS:
            self._own.reports.labels(result).inc()

    async def _body(self, request: Request, limits: BodyLimits, place: TakenMemory) -> bytes:
        tokens = self._credentials.tokens
        if tokens and not is_token(request.headers.get("authorization", ""), tokens):
            await discard_body(request, limits)
            raise RefusedBodyError(_UNAUTHORIZED, "the request: not a token of this exporter, expected a bearer token")
        return await read_body(request, limits, place)


def _says(state: str) -> _Endpoint:
    async def say(_: Request) -> Response:
        return PlainTextResponse(f"Paceline's exporter is {state}.\n")

    return say


def _scraper(request: Request) -> Scraper:
    """
    Whoever scrapes; a person where the request does not say how long it waits.
    """
    if _SCRAPE not in request.headers:
        return Scraper()
    agent = request.headers.get("user-agent", "")
    name = " ".join((_host(request), agent, request.query_params.get("scraper", "")))
    return Scraper(name=name, takes_many=takes_many(agent))


def _clock(request: Request) -> float | None:
    """
    The time by the clock of a sender that says it.
    """
    try:
        return parsedate_to_datetime(request.headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return None


def _host(request: Request) -> str:
    return request.client.host if request.client else ""


def _packed(body: bytes, content_type: str, request: Request) -> Response:
    headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        return Response(body, headers=headers | {"Content-Encoding": "gzip"})
    return Response(gzip.decompress(body), headers=headers)
