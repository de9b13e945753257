"""
Requests through `http.client`, which urllib, urllib3 and requests pass.
"""

from types import ModuleType
from typing import Any

from paceline.probes.touch.network.requests import Requests
from paceline.probes.touch.patches import Patches, looking_like

_ATTRIBUTE = "paceline_request"
_TRACEPARENT = b"traceparent:"


def watch(module: ModuleType, requests: Requests, patches: Patches) -> None:
    """
    Watch a request from its sending, which connects where that is not done, to the head of its answer.
    """
    watched = module.HTTPConnection
    endheaders, getresponse = watched.endheaders, watched.getresponse

    def watched_endheaders(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        value = requests.traceparent()
        if value is not None and not any(line.lower().startswith(_TRACEPARENT) for line in self._buffer):
            self.putheader("traceparent", value)
        started = self.__dict__[_ATTRIBUTE] = requests.start(getattr(self, "_tunnel_host", None) or self.host)
        try:
            return endheaders(self, *args, **kwargs)
        except BaseException:
            self.__dict__.pop(_ATTRIBUTE, None)
            requests.end(started, failed=True)
            raise

    def watched_getresponse(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        started = self.__dict__.pop(_ATTRIBUTE, None)
        try:
            response = getresponse(self, *args, **kwargs)
        except BaseException:
            requests.end(started, failed=True)
            raise
        requests.end(started, response.length)
        return response

    for name, function, original in (
        ("endheaders", watched_endheaders, endheaders),
        ("getresponse", watched_getresponse, getresponse),
    ):
        patches.put(watched, name, looking_like(function, original))
