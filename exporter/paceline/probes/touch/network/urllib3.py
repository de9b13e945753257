"""
Requests through urllib3-future, which has the name of urllib3 and connections of its own.
"""

from http.client import HTTPConnection
from types import ModuleType
from typing import Any

from paceline.probes.touch.network.requests import Requests
from paceline.probes.touch.patches import Patches, looking_like

_ATTRIBUTE = "paceline_request"


def watch(module: ModuleType, requests: Requests, patches: Patches) -> None:
    """
    Watch connections that are none of `http.client`, as those of urllib3 itself are.
    """
    watched = module.HTTPConnection
    if issubclass(watched, HTTPConnection):
        return
    connect, request = watched.connect, watched.request
    patches.put(watched, _ATTRIBUTE, None)

    def watched_connect(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            return connect(self, *args, **kwargs)
        except BaseException:
            # Where it connects before it sends, there is no request yet, and one could not be sent.
            if self.paceline_request is None:
                requests.end(requests.start(self.host), failed=True)
            raise

    def watched_request(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        started = self.paceline_request = requests.start(self.host)
        try:
            return request(self, *args, **kwargs)
        except BaseException:
            self.paceline_request = None
            requests.end(started, failed=True)
            raise

    patches.put(watched, "connect", looking_like(watched_connect, connect))
    patches.put(watched, "request", looking_like(watched_request, request))
    patches.put(
        watched,
        "getresponse",
        requests.answering(watched.getresponse, lambda response: response.headers.get("content-length")),
    )
