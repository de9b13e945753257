"""
The shop as a WSGI application.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from corner.cart import Cart


def app(environ: Mapping[str, Any], start_response: Callable[..., object]) -> list[bytes]:
    path = environ["PATH_INFO"]
    status, body = "404 Not Found", {"error": "not found"}
    if path.startswith("/cart/"):
        status, body = "200 OK", {"total": str(Cart([(path[6:], 1)]).total())}
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]
