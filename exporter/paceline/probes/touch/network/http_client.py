"""
Requests through `http.client`, which urllib, urllib3 and requests pass.
"""

from types import ModuleType
from typing import Any

from paceline.probes.touch.network.requests import Requests
from paceline.probes.touch.patches import Patches, looking_like

# Set as an attribute: to ask an object for its `__dict__` makes all its attributes slower.
_ATTRIBUTE = "paceline_request"
_TRACEPARENT = b"traceparent:"


def watch(module: ModuleType, requests: Requests, patches: Patches) -> None:
    """
    Watch a request from its sending, which connects where that is not done, to the head of its answer.
    """
    watched = module.HTTPConnection
    endheaders = watched.endheaders
    patches.put(watched, _ATTRIBUTE, None)

    def watched_endheaders(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        value = requests.traceparent()
        if value is not None and not any(line.lower().startswith(_TRACEPARENT) for line in self._buffer):
            self.putheader("traceparent", value)
        started = self.paceline_request = requests.start(getattr(self, "_tunnel_host", None) or self.host)
        try:
            return endheaders(self, *args, **kwargs)
        except BaseException:
            self.paceline_request = None
            requests.end(started, failed=True)
            raise

    patches.put(watched, "endheaders", looking_like(watched_endheaders, endheaders))
    patches.put(watched, "getresponse", requests.answering(watched.getresponse, lambda response: response.length))
