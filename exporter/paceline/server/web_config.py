"""
The web configuration file of Prometheus' exporters: TLS and users with bcrypt passwords.

Source: https://prometheus.io/docs/prometheus/latest/configuration/https/. What is not served here is refused, so
that nobody believes to be protected by a line that does nothing.
"""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, convert, field, yaml

from paceline.config_errors import find_wrong
from paceline.errors import ConfigError

_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "RequestClientCert": ssl.CERT_OPTIONAL,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}

Password = Annotated[str, Meta(pattern=r"^\$2[aby]\$\d\d\$.{53}\Z", description="a bcrypt hash ($2b$10$…)")]


class Tls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The keys of `tls_server_config`; paths are relative to the file.
    """

    cert_file: str
    key_file: str
    client_ca_file: str = ""
    client_auth_type: str = "NoClientCert"
    min_version: str = "TLS12"


class WebConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The file. `basic_auth_users` maps a name to the bcrypt hash of its password.
    """

    tls_server_config: Tls | None = None
    basic_auth_users: Mapping[str, Password] = field(default_factory=dict)


def read_web_config(path: Path) -> WebConfig:
    """
    Read the file.

    Raises:
        ConfigError: the file cannot be read, is not YAML, or has an unknown key or an invalid value. The message does
            not show password hashes.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the web configuration {path} cannot be read: {error.strerror}") from error
    try:
        keys = yaml.decode(content or b"{}")
    except Exception as error:  # what PyYAML raises is known to PyYAML alone
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    _check_keys(keys, path)
    config = convert(keys, WebConfig)
    if config.tls_server_config is not None:
        _check_names(config.tls_server_config, path)
    return config


def tls_context(tls: Tls, path: Path) -> ssl.SSLContext:
    """
    What the server needs for TLS.

    Args:
        tls: the settings.
        path: the file that they are from.

    Raises:
        ConfigError: a certificate or key cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.min_version]
    load_certificates(context, tls, path)
    context.verify_mode = _CLIENT_AUTH[tls.client_auth_type]
    return context


def load_certificates(context: ssl.SSLContext, tls: Tls, path: Path) -> None:
    """
    Give new connections of a context the certificate and the CA bundle of the files.

    Args:
        context: the context.
        tls: the settings.
        path: the file that they are from.

    Raises:
        ConfigError: a certificate or key cannot be used.
    """
    certificate, key, *authorities = certificate_files(tls, path)
    try:
        context.load_cert_chain(certificate, key)
        for bundle in authorities:
            context.load_verify_locations(bundle)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{path}: tls_server_config: the files cannot be used: {error}") from error


def certificate_files(tls: Tls, path: Path) -> list[Path]:
    """
    The certificate, its key, and the CA bundle of clients if there is one.
    """
    names = [tls.cert_file, tls.key_file, *filter(None, [tls.client_ca_file])]
    return [path.parent / name for name in names]


def _check_keys(keys: object, path: Path) -> None:
    wrong = find_wrong(keys, WebConfig)
    if wrong is None:
        return
    if wrong.path[:1] == ("basic_auth_users",):
        wrong = wrong._replace(found="has a value that is not shown")
    raise ConfigError(f"{path}: {wrong.message({})}")


def _check_names(tls: Tls, path: Path) -> None:
    for key, known in (("client_auth_type", _CLIENT_AUTH), ("min_version", _VERSIONS)):
        value = getattr(tls, key)
        if value not in known:
            raise ConfigError(f"{path}: tls_server_config.{key} is {value!r}, expected one of {', '.join(known)}")
    if _CLIENT_AUTH[tls.client_auth_type] is not ssl.CERT_NONE and not tls.client_ca_file:
        raise ConfigError(f"{path}: tls_server_config.client_auth_type needs a client_ca_file")
