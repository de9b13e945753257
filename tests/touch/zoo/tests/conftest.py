import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import django
import pytest
from django.conf import settings
from library import mapped, plain
from sqlalchemy.orm import Session

settings.configure(
    INSTALLED_APPS=[],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    USE_TZ=True,
)
django.setup()


@pytest.fixture
def db():
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    plain.fill(connection)
    yield connection
    connection.close()


@pytest.fixture
def session():
    engine = mapped.engine()
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def django_library():
    from django.db import connection
    from library.models import Author, Book

    with connection.schema_editor() as editor:
        editor.create_model(Author)
        editor.create_model(Book)
    authors = Author.objects.bulk_create([Author(name=f"author {n}") for n in range(12)])
    Book.objects.bulk_create([Book(title=f"book {n}", author=authors[n % 12]) for n in range(24)])
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(Book)
        editor.delete_model(Author)


@pytest.fixture(scope="module")
def served():
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    plain.fill(connection)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = plain.joined(connection) if self.path == "/joined" else plain.answer(connection, self.path)["books"]
            body = repr(found).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
    connection.close()
