"""
A server that asks a database, as a module of a suite that tests run.
"""

ASKING_SERVER = """
    import threading
    from contextlib import contextmanager
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    @contextmanager
    def asking_server(ask):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                ask(3)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()
            thread.join()
"""
