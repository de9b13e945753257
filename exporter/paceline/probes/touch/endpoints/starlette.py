"""
Endpoints of Starlette and FastAPI.
"""

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from paceline.probes.touch.endpoints.responses import Responses
from paceline.probes.touch.patches import Patches, looking_like


def watch(module: ModuleType, responses: Responses, patches: Patches) -> None:
    """
    Watch each application that is called from outside; one that is mounted in another answers for it.
    """
    application = module.Starlette
    call = application.__call__

    async def watched_call(self: Any, scope: Any, receive: Any, send: Any) -> None:
        __tracebackhide__ = True
        if scope["type"] != "http" or "paceline.asked" in scope:
            await call(self, scope, receive, send)
            return
        status: list[int] = []

        async def watched_send(message: Any) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])
            await send(message)

        asked = scope["paceline.asked"] = responses.start()
        try:
            await call(self, scope, receive, watched_send)
        finally:
            responses.end(asked, scope["method"], lambda: _route(scope), status[0] if status else None)

    patches.put(application, "__call__", looking_like(watched_call, call))


def _route(scope: Any) -> str | None:
    route = scope.get("route") or _find_route(scope)
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    # Below a mount the root of the path has grown by what the mount stands for.
    return f"{scope.get('root_path', '')}{path}" if path is not None else None


def _find_route(scope: Any) -> Any:
    """
    The route that an older Starlette does not put into the scope, by its endpoint.
    """
    endpoint = scope.get("endpoint")
    if endpoint is None:
        return None
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    for route in _all_routes(getattr(scope.get("router"), "routes", ())):
        if getattr(route, "endpoint", None) == endpoint and route.path_regex.match(path):
            return route
    return None


def _all_routes(routes: Iterable[Any]) -> Iterator[Any]:
    for route in routes:
        yield route
        yield from _all_routes(getattr(route, "routes", None) or ())
