"""
Requests through the network transports of httpx, and of httpx2, which has the same names.
"""

from types import ModuleType
from typing import Any

from paceline.probes.touch.network.requests import Requests
from paceline.probes.touch.patches import Patches, looking_like

_LENGTH = b"content-length"


def watch(module: ModuleType, requests: Requests, patches: Patches) -> None:
    """
    Watch each request that a transport sends: redirects are requests, and an application in the process is no network.
    """
    handle, handle_async = module.HTTPTransport.handle_request, module.AsyncHTTPTransport.handle_async_request

    def watched_handle(self: Any, request: Any) -> Any:
        __tracebackhide__ = True
        if value := requests.traceparent():
            request.headers.setdefault("traceparent", value)
        started = requests.start(request.url.host)
        try:
            response = handle(self, request)
        except BaseException:
            requests.end(started, failed=True)
            raise
        requests.end(started, _announced(response))
        return response

    async def watched_handle_async(self: Any, request: Any) -> Any:
        __tracebackhide__ = True
        if value := requests.traceparent():
            request.headers.setdefault("traceparent", value)
        started = requests.start(request.url.host)
        try:
            response = await handle_async(self, request)
        except BaseException:
            requests.end(started, failed=True)
            raise
        requests.end(started, _announced(response))
        return response

    patches.put(module.HTTPTransport, "handle_request", looking_like(watched_handle, handle))
    patches.put(module.AsyncHTTPTransport, "handle_async_request", looking_like(watched_handle_async, handle_async))


def _announced(response: Any) -> bytes | None:
    """
    The length of an answer. The headers as they came: to look a name up in a mapping of httpx takes longer.
    """
    return next((value for name, value in response.headers.raw if name.lower() == _LENGTH), None)
