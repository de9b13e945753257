"""
TLS and users, as all exporters have them.
"""

import base64
import subprocess
from pathlib import Path

import bcrypt
import pytest
import requests

from paceline.errors import ConfigError
from paceline.server.access import Users
from paceline.server.web_config import read_web_config
from support.exporter import SCRAPE, exporter_in
from support.values import make_case, make_run
from support.wording import NO_FILE

_HASH = bcrypt.hashpw(b"secret-word", bcrypt.gensalt(4)).decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """
    Where the configuration is.
    """
    return tmp_path / "web.yml"


def test_only_users_are_served(tmp_path: Path, file: Path) -> None:
    """
    401 for nobody, for a wrong password and for an unknown user; what has a token needs no user.
    """
    file.write_text(f"basic_auth_users:\n  prometheus: {_HASH}\n", "utf-8")
    pairs = [None, ("prometheus", "wrong"), ("nobody", "secret-word"), ("prometheus", "secret-word")]
    environ = {"PACELINE_TOKENS": "some-token"}
    with exporter_in(tmp_path, f"--web.config.file={file}", environ=environ) as exporter:
        pushed = exporter.push(make_run(1, [make_case()]), Authorization="Bearer some-token")
        answers = [requests.get(f"{exporter.url}/metrics/runs", auth=pair, timeout=60) for pair in pairs * 2]

    assert pushed.status_code == 201
    assert [answer.status_code for answer in answers] == [401, 401, 401, 200] * 2
    assert answers[0].headers["WWW-Authenticate"] == 'Basic realm="paceline"'


def test_without_tokens_a_user_may_send_runs(tmp_path: Path, file: Path) -> None:
    """
    And nobody else.
    """
    file.write_text(f"basic_auth_users: {{ci: {_HASH}}}\n", "utf-8")
    header = requests.auth.HTTPBasicAuth("ci", "secret-word")
    with exporter_in(tmp_path, f"--web.config.file={file}") as exporter:
        refused = exporter.push(make_run(1))
        prepared = header(requests.Request("POST", exporter.url).prepare())
        accepted = exporter.push(make_run(1), Authorization=prepared.headers["Authorization"])

    assert (refused.status_code, accepted.status_code) == (401, 201)


def test_tls_is_spoken(tmp_path: Path, file: Path) -> None:
    """
    With the certificate of the file, whose paths are relative to it.
    """
    command: list[str | Path] = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    command += [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        tmp_path / "key.pem",
        "-out",
        tmp_path / "cert.pem",
    ]
    subprocess.run(command, check=True, capture_output=True)
    file.write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n", "utf-8")
    with exporter_in(tmp_path, f"--web.config.file={file}", verify=tmp_path / "cert.pem") as exporter:
        answer = exporter.get("/metrics/runs", **SCRAPE)

    assert (exporter.url.partition(":")[0], answer.status_code) == ("https", 200)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "basic_auth_users: {me: plain}",
            "basic_auth_users.me has a value that is not shown, expected a bcrypt hash ($2b$10$…)",
        ),
        ("rate_limit: {burst: 1}", "rate_limit is an unknown key, expected one of basic_auth_users, tls_server_config"),
        ("tls_server_config: {cert_file: a}", "tls_server_config.key_file is absent, expected a string"),
        ("tls_server_config: 5", "tls_server_config is 5, expected a table"),
        ("- a", "the file is ['a'], expected a table"),
        (
            "basic_auth_users: secret-word",
            "basic_auth_users has a value that is not shown, expected a table",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, min_version: TLS9}",
            "tls_server_config.min_version is 'TLS9', expected one of TLS12, TLS13",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}",
            "tls_server_config.client_auth_type needs a client_ca_file",
        ),
    ],
)
def test_what_is_not_served_is_refused(file: Path, text: str, message: str) -> None:
    """
    With the file and the place; a password is not repeated.
    """
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_web_config(file)

    assert str(caught.value) == f"{file}: {message}"


def test_a_file_that_is_no_yaml_is_refused(file: Path) -> None:
    """
    The message names the file, and quotes its cause.
    """
    file.write_text("a: [", "utf-8")
    with pytest.raises(ConfigError, match=r"web\.yml: not YAML: "):
        read_web_config(file)


def test_a_file_that_is_not_there_is_said(file: Path) -> None:
    """
    Before anything is served.
    """
    with pytest.raises(ConfigError) as caught:
        read_web_config(file)

    assert str(caught.value) == f"the web configuration {file} cannot be read: {NO_FILE}"


def test_an_unknown_user_costs_the_same_time_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Whatever the cost of each hash: the work doubles with each cost, and its sum is the same for all.
    """
    users = Users({"quick": _hash(4), "slow": _hash(7)})
    costs: list[int] = []
    check, make = bcrypt.checkpw, bcrypt.hashpw

    def checked(password: bytes, hashed: bytes) -> bool:
        known = (*costs, 2 ** int(hashed.split(b"$")[2]))
        is_right = check(password, hashed)
        costs[:] = known  # an older bcrypt checks by making the hash
        return is_right

    def made(password: bytes, salt: bytes) -> bytes:
        costs.append(2 ** int(salt.split(b"$")[2]))
        return make(password, salt)

    monkeypatch.setattr(bcrypt, "checkpw", checked)
    monkeypatch.setattr(bcrypt, "hashpw", made)
    totals = []
    for name in ("quick", "slow", "unknown"):
        costs.clear()
        users.is_user("Basic " + base64.b64encode(f"{name}:wrong".encode()).decode())
        totals.append(sum(costs))

    assert totals == [2**7] * 3


def _hash(cost: int) -> str:
    return bcrypt.hashpw(b"right", bcrypt.gensalt(cost)).decode()
