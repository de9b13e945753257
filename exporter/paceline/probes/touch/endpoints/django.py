"""
Endpoints of Django.
"""

from types import ModuleType
from typing import Any

from paceline.probes.touch.endpoints.responses import Responses
from paceline.probes.touch.patches import Patches, looking_like


def watch(module: ModuleType, responses: Responses, patches: Patches) -> None:
    """
    Watch what every handler of requests passes: those of WSGI, of ASGI and of the test client.
    """
    handler = module.BaseHandler
    get_response, get_response_async = handler.get_response, handler.get_response_async

    def watched(self: Any, request: Any) -> Any:
        __tracebackhide__ = True
        asked, status = responses.start(), None
        try:
            response = get_response(self, request)
            status = response.status_code
            return response
        finally:
            responses.end(asked, request.method, lambda: _route(request), status)

    async def watched_async(self: Any, request: Any) -> Any:
        __tracebackhide__ = True
        asked, status = responses.start(), None
        try:
            response = await get_response_async(self, request)
            status = response.status_code
            return response
        finally:
            responses.end(asked, request.method, lambda: _route(request), status)

    patches.put(handler, "get_response", looking_like(watched, get_response))
    patches.put(handler, "get_response_async", looking_like(watched_async, get_response_async))


def _route(request: Any) -> str | None:
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match is not None else None
