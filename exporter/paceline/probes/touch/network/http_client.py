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
    Watch a request from its first line, which connects where that is not done, to the head of its answer.
    """
    watched = module.HTTPConnection
    putrequest, endheaders, getresponse = watched.putrequest, watched.endheaders, watched.getresponse

    def watched_putrequest(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        result = putrequest(self, *args, **kwargs)
        vars(self)[_ATTRIBUTE] = requests.start(getattr(self, "_tunnel_host", None) or self.host)
        return result

    def watched_endheaders(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        value = requests.traceparent()
        if value is not None and not any(line.lower().startswith(_TRACEPARENT) for line in self._buffer):
            self.putheader("traceparent", value)
        try:
            return endheaders(self, *args, **kwargs)
        except BaseException:
            requests.end(vars(self).pop(_ATTRIBUTE, None), failed=True)
            raise

    def watched_getresponse(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            response = getresponse(self, *args, **kwargs)
        except BaseException:
            requests.end(vars(self).pop(_ATTRIBUTE, None), failed=True)
            raise
        requests.end(vars(self).pop(_ATTRIBUTE, None), response.length)
        return response

    for name, function, original in (
        ("putrequest", watched_putrequest, putrequest),
        ("endheaders", watched_endheaders, endheaders),
        ("getresponse", watched_getresponse, getresponse),
    ):
        patches.put(watched, name, looking_like(function, original))
