"""
Endpoints of Flask.
"""

from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.endpoints.responses import OpenRequest, Responses
from paceline.probes.touch.patches import Patches

_KEY = "paceline.asked"


def watch(module: ModuleType, responses: Responses, patches: Patches) -> None:
    """
    Listen to all applications.
    """
    patches.on_restore(_FlaskResponses(module, responses).remove)


class _FlaskResponses:
    """
    Listens to Flask's signals; each is a promise of Flask's own.
    """

    def __init__(self, module: ModuleType, responses: Responses) -> None:
        self._request: Final = module.request
        self._responses: Final = responses
        self._signals: Final = (
            (module.request_started, self._started),
            (module.request_finished, self._finished),
            (module.got_request_exception, self._raised),
        )
        for signal, receiver in self._signals:
            signal.connect(receiver)

    def remove(self) -> None:
        for signal, receiver in self._signals:
            signal.disconnect(receiver)

    def _started(self, _application: Any, **_: Any) -> None:
        self._request.environ[_KEY] = self._responses.start()

    def _finished(self, _application: Any, response: Any = None, **_: Any) -> None:
        self._end(getattr(response, "status_code", None))

    def _raised(self, _application: Any, **_: Any) -> None:
        self._end(None)

    def _end(self, status: int | None) -> None:
        asked: OpenRequest | None = self._request.environ.pop(_KEY, None)
        if asked is not None:
            self._responses.end(asked, self._request.method, self._route, status)

    def _route(self) -> str | None:
        rule = self._request.url_rule
        return rule.rule if rule is not None else None
