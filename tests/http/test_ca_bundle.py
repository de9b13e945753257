"""
Whom to trust.
"""

from pathlib import Path

import pytest
from paceline.http.ca_bundle import read_authorities

from paceline.errors import ConfigError
from support.certificates import make_certificate
from support.wording import NO_FILE


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

    assert str(caught.value) == f"push_ca_file is '{path}', which {why}, expected certificates in PEM"
