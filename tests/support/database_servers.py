"""
Real database servers on loopback, with their data in a temporary folder; Debian's packages bring the programs.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pymysql

from support.debian import debian_program
from support.servers import NoServerError, free_port

_START_SECONDS = 90
_PROBE_SECONDS = 0.1
_POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin"


@contextmanager
def postgres() -> Iterator[str]:
    """
    A PostgreSQL that trusts whoever connects.

    Yields:
        its address for a driver.
    """
    initdb = debian_program("initdb", "postgresql", _POSTGRES_FOLDERS)
    server = debian_program("postgres", "postgresql", _POSTGRES_FOLDERS)
    port = free_port()
    address = f"postgresql://paceline@127.0.0.1:{port}/postgres"
    with folder_of("postgres") as (folder, user):
        data = str(folder / "data")
        _called([str(initdb), "-D", data, "-U", "paceline", "-A", "trust", "--no-sync", "-E", "UTF8"], user)
        options = {
            "port": str(port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "logging_collector": "off",
        }
        command = [str(server), "-D", data, *(word for name in options for word in ("-c", f"{name}={options[name]}"))]
        # A server that is killed leaves shared memory behind.
        with running(command, user, folder / "log.txt", lambda: psycopg.connect(address).close(), signal.SIGQUIT):
            yield address


@contextmanager
def mariadb() -> Iterator[int]:
    """
    A MariaDB that trusts whoever connects, with the database `shop`.

    Yields:
        its port.
    """
    install = debian_program("mariadb-install-db", "mariadb-server", "/usr/bin")
    server = debian_program("mariadbd", "mariadb-server", "/usr/sbin")
    port = free_port()

    def connect() -> None:
        with pymysql.connect(host="127.0.0.1", port=port, user="root") as connection:
            connection.cursor().execute("create database if not exists shop")

    with folder_of("mysql") as (folder, user):
        data = f"--datadir={folder / 'data'}"
        _called(
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
        with running(command, user, folder / "log.txt", connect, signal.SIGKILL):
            yield port


@contextmanager
def folder_of(user: str) -> Iterator[tuple[Path, str | None]]:
    """
    A folder that a server may write to, and its user: servers refuse to be root.
    """
    folder = Path(tempfile.mkdtemp(prefix="paceline-"))
    try:
        if os.geteuid() != 0:
            yield folder, None
            return
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _called(command: Sequence[str], user: str | None) -> None:
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoServerError(f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")


@contextmanager
def running(
    command: Sequence[str], user: str | None, log: Path, connect: Callable[[], None], end: signal.Signals
) -> Iterator[None]:
    """
    A server while it answers.

    Args:
        command: that starts it.
        user: that it runs as; None for this one.
        log: takes its output.
        connect: and close the connection; raises as long as the server does not answer.
        end: the signal that ends it.
    """
    with (
        log.open("wb") as output,
        subprocess.Popen(command, user=user, cwd="/", stdout=output, stderr=output) as process,
    ):
        try:
            _wait_for(process, log, connect)
            yield
        finally:
            process.send_signal(end)


def _wait_for(process: "subprocess.Popen[bytes]", log: Path, connect: Callable[[], None]) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            connect()
        except (psycopg.OperationalError, pymysql.MySQLError, OSError) as error:
            if process.poll() is not None or time.monotonic() > end:
                raise NoServerError(f"{process.args!r} does not answer: {error}; {log.read_text('utf-8')}") from error
            time.sleep(_PROBE_SECONDS)
        else:
            return
