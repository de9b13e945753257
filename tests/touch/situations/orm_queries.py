import asyncio
import os

import django
import psycopg
import pytest
import sqlalchemy as sa
from django.conf import settings
from django.db import connection as django_connection
from sqlalchemy.ext.asyncio import create_async_engine

counts = pytest.mark.counts
POSTGRES = os.environ["POSTGRES"].partition("://")[2]
MARIADB = f"root@127.0.0.1:{os.environ['MARIADB_PORT']}/shop"
SYNC = [
    f"postgresql+psycopg://{POSTGRES}",
    f"postgresql+psycopg2://{POSTGRES}",
    f"mysql+pymysql://{MARIADB}",
]
ASYNC = [
    f"postgresql+psycopg://{POSTGRES}",
    f"postgresql+asyncpg://{POSTGRES}",
    f"mysql+aiomysql://{MARIADB}",
]


@counts(3)
@pytest.mark.parametrize("url", SYNC)
def test_what_an_engine_asks_when_it_connects_is_not_the_tests(url):
    engine = sa.create_engine(url, pool_pre_ping=True)
    for _ in range(2):
        with engine.begin() as connection:
            connection.execute(sa.text("select 1"))
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(sa.text("select * from nowhere"))
    engine.dispose()


@counts(2)
@pytest.mark.parametrize("url", ASYNC)
def test_async_engines(url):
    async def run():
        engine = create_async_engine(url)
        for number in range(2):
            async with engine.begin() as connection:
                await connection.execute(sa.text("select 1 + :number"), {"number": number})
        await engine.dispose()

    asyncio.run(run())


@counts(2)
def test_a_connection_beside_the_engine():
    engine = sa.create_engine(SYNC[0])
    with engine.connect() as connection, psycopg.connect(os.environ["POSTGRES"]) as raw:
        connection.execute(sa.text("select 1"))
        raw.execute("select 1")
    engine.dispose()


@counts(1)
@pytest.mark.parametrize("url", SYNC)
def test_secrets(url, token):
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        connection.execute(sa.text(f"select '{token}', :name"), {"name": token})
    engine.dispose()


def _django_connection(engine, **options):
    from django.db import ConnectionHandler

    if not settings.configured:
        settings.configure()
        django.setup()
    host, _, port = (POSTGRES if engine == "postgresql" else MARIADB).partition("@")[2].partition("/")[0].partition(":")
    found = {"ENGINE": f"django.db.backends.{engine}", "HOST": host, "PORT": port, "OPTIONS": options}
    names = {"NAME": "postgres", "USER": "paceline"} if engine == "postgresql" else {"NAME": "shop", "USER": "root"}
    return ConnectionHandler({"default": {**found, **names}})["default"]


@counts(2)
@pytest.mark.parametrize("options", [{}, {"pool": True}])
def test_django_on_postgres(options):
    connection = _django_connection("postgresql", **options)
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute("select %s", [1])
        connection.close()
    if options:
        connection.close_pool()


@counts(1)
def test_django_on_mariadb(monkeypatch):
    pymysql = pytest.importorskip("pymysql")
    pymysql.version_info = (2, 2, 7, "final", 0)
    pymysql.install_as_MySQLdb()
    connection = _django_connection("mysql")
    with connection.cursor() as cursor:
        cursor.execute("select %s", [1])
    connection.close()
