"""
Requests through aiohttp's client.
"""

from types import ModuleType
from typing import Any

from paceline.probes.touch.network.requests import Requests
from paceline.probes.touch.patches import Patches, looking_like

_ATTRIBUTE = "paceline_request"


def watch(module: ModuleType, requests: Requests, patches: Patches) -> None:
    """
    Watch each request from its sending, redirects too, to the head of its answer.
    """
    patches.put(module.ClientResponse, _ATTRIBUTE, None)
    send, start = module.ClientRequest.send, module.ClientResponse.start

    async def watched_send(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if value := requests.traceparent():
            self.headers.setdefault("traceparent", value)
        started = requests.start(self.url.host)
        try:
            response = await send(self, *args, **kwargs)
        except BaseException:
            requests.end(started, failed=True)
            raise
        response.paceline_request = started
        return response

    async def watched_start(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        started, self.paceline_request = self.paceline_request, None
        try:
            response = await start(self, *args, **kwargs)
        except BaseException:
            requests.end(started, failed=True)
            raise
        requests.end(started, self.headers.get("content-length"))
        return response

    patches.put(module.ClientRequest, "send", looking_like(watched_send, send))
    patches.put(module.ClientResponse, "start", looking_like(watched_start, start))
