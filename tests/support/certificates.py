"""
Certificates that no machine trusts.
"""

import subprocess
from pathlib import Path


def make_certificate(folder: Path, name: str = "IP:127.0.0.1") -> Path:
    """
    A certificate that vouches for itself, as `cert.pem`, with its key beside it as `key.pem`.

    Args:
        folder: gets both.
        name: of the server, as in a subjectAltName.
    """
    command: list[str | Path] = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    command += ["-addext", f"subjectAltName={name}", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "cert.pem"


def expire(certificate: Path) -> None:
    """
    Make a certificate of `make_certificate` one that ended yesterday.
    """
    command: list[str | Path] = ["openssl", "x509", "-in", certificate, "-signkey", certificate.with_name("key.pem")]
    subprocess.run([*command, "-days", "-1", "-out", certificate], check=True, capture_output=True)


def tls_settings(folder: Path) -> Path:
    """
    A web configuration file of an exporter that shows this certificate.
    """
    file = folder / "web.yml"
    file.write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n", "utf-8")
    return file
