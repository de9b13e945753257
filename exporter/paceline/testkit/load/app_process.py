"""
The program that serves an app for a load test: `python app_process.py ORDER`.
"""

import json
import socket
import sys
from importlib import import_module
from typing import Any


def _main(text: str) -> None:
    order = json.loads(text)
    sys.path[:] = order["path"]
    app: Any = import_module(order["module"])
    for name in order["name"].split("."):
        app = getattr(app, name)
    from paceline.testkit.load.server import is_asgi  # noqa: PLC0415 - the path is known only now

    with socket.socket(fileno=order["descriptor"]) as listener:
        _serve_asgi(app, listener) if is_asgi(app) else _serve_wsgi(app, listener)


def _serve_asgi(app: Any, listener: socket.socket) -> None:  # noqa: ANN401 - any app
    try:
        import uvicorn  # noqa: PLC0415 - only for ASGI
    except ImportError:
        sys.exit("load_server: an ASGI app needs uvicorn; pip install uvicorn")
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    server.run(sockets=[listener])


def _serve_wsgi(app: Any, listener: socket.socket) -> None:  # noqa: ANN401 - any app
    from socketserver import ThreadingMixIn  # noqa: PLC0415 - only for WSGI
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer  # noqa: PLC0415

    class Quiet(WSGIRequestHandler):
        """
        Writes no line for each request.
        """

        def log_message(self, *_: object) -> None:
            pass

    class Threaded(ThreadingMixIn, WSGIServer):
        """
        A thread for each request.
        """

        daemon_threads = True

    address = listener.getsockname()[:2]
    server = Threaded(address, Quiet, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.server_name, server.server_port = address
    server.setup_environ()
    server.set_app(app)
    server.serve_forever()


_main(sys.argv[1])
