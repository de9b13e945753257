"""
Addresses of servers, secrets in them, and the authorities that servers are trusted by.
"""

from pathlib import Path

import pytest

from paceline.errors import ConfigError
from paceline.http.server_access import read_authorities, read_server
from paceline.prometheus.query_client import NAMING
from support.certificates import make_certificate
from support.wording import NO_FILE


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://prometheus:9090", "http://prometheus:9090"),
        ("https://ann:secret@metrics.example/prometheus/", "https://metrics.example/prometheus"),
        ("http://[::1]:9090/?token=secret#secret", "http://[::1]:9090"),
    ],
)
def test_an_address_is_shown_without_secrets(url: str, shown: str) -> None:
    """
    Neither a user nor a query is part of what is printed, in any way.
    """
    endpoint = read_server(url, NAMING, {"PACELINE_HISTORY_TOKEN": "secret"})

    assert (str(endpoint), repr(endpoint)) == (shown, shown)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("prometheus:9090", "prometheus:9090"),
        ("ftp://ann:secret@host", "ftp://host"),
        ("http://", "http://"),
        ("http://ann:secret@host:port/x?token=secret", "http://host:port/x"),
        ("http://host:99999", "http://host:99999"),
        ("ann:secret@host", "host"),
        ("http://[::1", "http://[::1"),
        ("http://.host", "http://.host"),
        ("http://*.host", "http://*.host"),
    ],
)
def test_what_is_no_address_is_refused(url: str, shown: str) -> None:
    """
    The message shows what was found, without secrets, and what was expected.
    """
    with pytest.raises(ConfigError) as caught:
        read_server(url, NAMING, {})

    assert str(caught.value) == f"the history is at {shown!r}, expected an address such as http://prometheus:9090"


def test_a_file_of_certificates_is_taken(tmp_path: Path) -> None:
    """
    And where none is named, what the machine trusts holds.
    """
    path = str(make_certificate(tmp_path))

    assert read_authorities(path, "push_ca_file is") == path
    assert read_authorities("", "push_ca_file is") is None


@pytest.mark.parametrize(("content", "why"), [(None, f"cannot be read ({NO_FILE})"), ("no", "has no certificate")])
def test_what_has_no_certificate_is_refused(tmp_path: Path, content: str | None, why: str) -> None:
    """
    Before anything is sent.
    """
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        read_authorities(str(path), "push_ca_file is")

    assert str(caught.value) == f"push_ca_file is '{path}', which {why}, expected a CA bundle (PEM)"
