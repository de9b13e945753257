"""
Tokens, users and certificates that change while an exporter runs.
"""

import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bcrypt
import pytest
import requests

from support.certificates import make_certificate
from support.exporter import Exporter, exporter_in
from support.values import make_case, make_run

_BY_TOKEN = {"Authorization": "Bearer second-token"}


def _wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def _hash(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def _status(exporter: Exporter, password: str) -> int:
    return requests.get(f"{exporter.url}/metrics", auth=("ann", password), timeout=60).status_code


def test_users_and_tokens_are_read_again(tmp_path: Path) -> None:
    """
    When their files change; those that were before are refused then.
    """
    web, tokens = tmp_path / "web.yml", tmp_path / "tokens"
    web.write_text(f"basic_auth_users: {{ann: {_hash('first')}}}\n", "utf-8")
    tokens.write_text("first-token\n", "utf-8")
    with exporter_in(tmp_path, f"--web.config.file={web}", f"--tokens-file={tokens}") as exporter:
        before = (_status(exporter, "first"), exporter.push(make_run(1, [make_case()]), **_BY_TOKEN).status_code)
        web.write_text(f"basic_auth_users: {{ann: {_hash('second')}}}\n", "utf-8")
        tokens.write_text("second-token\n", "utf-8")
        _wait_until(lambda: _status(exporter, "second") == 200)
        _wait_until(lambda: exporter.push(make_run(1, [make_case()]), **_BY_TOKEN).status_code == 201)

        assert (before, _status(exporter, "first")) == ((200, 401), 401)


def test_an_invalid_file_changes_nothing(tmp_path: Path) -> None:
    """
    The log says why; a file that is emptied by mistake does not let everybody send runs.
    """
    tokens = tmp_path / "tokens"
    tokens.write_text("first-token\n", "utf-8")
    with exporter_in(tmp_path, f"--tokens-file={tokens}") as exporter:
        tokens.write_text("", "utf-8")
        _wait_until(lambda: "tokens, users and certificates stay as they are" in exporter.log.read_text("utf-8"))

        assert exporter.push(make_run(1)).status_code == 401
        assert exporter.push(make_run(1, [make_case()]), Authorization="Bearer first-token").status_code == 201


def test_a_hangup_has_the_files_read_again(exporter: Exporter) -> None:
    """
    As of other servers: SIGHUP does not end the exporter.
    """
    assert exporter.process is not None
    exporter.process.send_signal(signal.SIGHUP)
    _wait_until(lambda: "read again: 0 tokens, 0 users" in exporter.log.read_text("utf-8"))

    assert exporter.get("/-/healthy").status_code == 200


def test_a_new_certificate_is_shown(tmp_path: Path) -> None:
    """
    To whoever connects from then on.
    """
    certificate = make_certificate(tmp_path)
    web = tmp_path / "web.yml"
    web.write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n", "utf-8")
    with exporter_in(tmp_path, f"--web.config.file={web}", verify=certificate) as exporter:
        port = int(exporter.url.rpartition(":")[2])
        first = ssl.get_server_certificate(("127.0.0.1", port))
        make_certificate(tmp_path)
        _wait_until(lambda: ssl.get_server_certificate(("127.0.0.1", port)) != first)

        assert ssl.get_server_certificate(("127.0.0.1", port)) == certificate.read_text("utf-8")


@pytest.mark.parametrize("client_auth_type", ["NoClientCert", "RequireAndVerifyClientCert"])
def test_the_health_check_needs_no_user_and_no_certificate(tmp_path: Path, client_auth_type: str) -> None:
    """
    Of an exporter with TLS and users, also where clients need a certificate; 1 where nobody serves.
    """
    certificate = make_certificate(tmp_path)
    web = tmp_path / "web.yml"
    web.write_text(
        f"tls_server_config: {{cert_file: cert.pem, key_file: key.pem, client_ca_file: cert.pem,"
        f" client_auth_type: {client_auth_type}}}\nbasic_auth_users: {{ann: {_hash('first')}}}\n",
        "utf-8",
    )
    exporter = Exporter(tmp_path, f"--web.config.file={web}", verify=certificate)
    address = exporter.url.partition("//")[2]
    try:
        exporter.start(is_up=lambda: _check(address) == 0)
    finally:
        exporter.stop()

    assert _check(address) == 1


def test_the_health_check_of_a_plain_exporter(exporter: Exporter) -> None:
    """
    Without TLS.
    """
    assert _check(exporter.url.partition("//")[2]) == 0


def _check(address: str) -> int:
    command = [sys.executable, "-m", "paceline.server.health_check", address]
    return subprocess.run(command, check=False).returncode
