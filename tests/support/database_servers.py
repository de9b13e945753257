"""
Real database servers on loopback, with their data in a temporary folder; Debian's packages bring the programs.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pymysql

from support.packages import called, folder_of, program, running
from support.servers import free_port

_POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin"


@contextmanager
def postgres() -> Iterator[str]:
    """
    A PostgreSQL that trusts whoever connects.

    Yields:
        its address for a driver.
    """
    initdb = program("initdb", "postgresql", _POSTGRES_FOLDERS)
    server = program("postgres", "postgresql", _POSTGRES_FOLDERS)
    port = free_port()
    address = f"postgresql://paceline@127.0.0.1:{port}/postgres"
    with folder_of("postgres") as (folder, user):
        data = str(folder / "data")
        called([str(initdb), "-D", data, "-U", "paceline", "-A", "trust", "--no-sync", "-E", "UTF8"], user)
        options = {
            "port": str(port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "logging_collector": "off",
        }
        command = [str(server), "-D", data, *(word for name in options for word in ("-c", f"{name}={options[name]}"))]
        with running(
            command, user, folder / "log.txt", lambda: psycopg.connect(address).close(), psycopg.OperationalError
        ):
            yield address


@contextmanager
def mariadb() -> Iterator[int]:
    """
    A MariaDB that trusts whoever connects, with the database `shop`.

    Yields:
        its port.
    """
    install = program("mariadb-install-db", "mariadb-server", "/usr/bin")
    server = program("mariadbd", "mariadb-server", "/usr/sbin")
    port = free_port()

    def connect() -> None:
        with pymysql.connect(host="127.0.0.1", port=port, user="root") as connection:
            connection.cursor().execute("create database if not exists shop")

    with folder_of("mysql") as (folder, user):
        data = f"--datadir={folder / 'data'}"
        called(
            [str(install), "--no-defaults", data, "--skip-test-db", "--auth-root-authentication-method=normal"], user
        )
        command = [
            str(server),
            "--no-defaults",
            data,
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={folder / 'socket'}",
            f"--pid-file={folder / 'pid'}",
            "--skip-grant-tables",
            "--innodb-flush-log-at-trx-commit=0",
        ]
        with running(command, user, folder / "log.txt", connect, pymysql.MySQLError):
            yield port
