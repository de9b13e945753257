"""
Tokens, users and certificates, read again when one of their files changes, and when somebody asks for it.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from paceline.errors import ConfigError
from paceline.formatting import counted
from paceline.server.access import Users
from paceline.server.exporter_settings import read_tokens
from paceline.server.web_config import (
    Tls,
    WebConfig,
    certificate_files,
    load_certificates,
    read_web_config,
    tls_context,
)

_LOG = logging.getLogger(__name__)
_Version = tuple[int, int, int] | None


class Credentials:
    """
    Who may use the exporter, as its files say. Every method may be called from any thread.

    Args:
        web_file: the web configuration file.
        tokens_file: the file of tokens.
        environ: may have more tokens.

    Raises:
        ConfigError: a file cannot be read, or its content is invalid.
    """

    def __init__(self, web_file: Path | None, tokens_file: Path | None, environ: Mapping[str, str]) -> None:
        self._web_file: Final = web_file
        self._tokens_file: Final = tokens_file
        self._environ: Final = environ
        self.tokens, web = self._read()
        self.users = Users(web.basic_auth_users)
        self._tls = web.tls_server_config
        self.tls_context: Final = tls_context(self._tls, web_file) if self._tls and web_file else None
        self._known: list[_Version] | None = self._versions()

    @property
    def summary(self) -> str:
        """
        How many tokens and users there are.
        """
        return f"{counted(len(self.tokens), 'token')}, {counted(len(self.users), 'user')}"

    def ask_reload(self) -> None:
        """
        Have the next refresh read the files, changed or not; for the handler of a signal, which may do no more.
        """
        self._known = None

    def refresh(self) -> None:
        """
        Read the files again if one of them has changed. Where one is invalid all stays as it is, and the log says why.
        """
        found = self._versions()
        if found != self._known:
            self._known = found
            self._reload()

    def _reload(self) -> None:
        try:
            tokens, web = self._read()
            self._reload_tls(web.tls_server_config)
        except ConfigError as error:
            _LOG.warning("tokens, users and certificates stay as they are: %s", error)
            return
        self.tokens, self.users = tokens, Users(web.basic_auth_users)
        _LOG.info("read again: %s", self.summary)

    def _read(self) -> tuple[tuple[bytes, ...], WebConfig]:
        web = read_web_config(self._web_file) if self._web_file is not None else WebConfig()
        return read_tokens(self._tokens_file, self._environ), web

    def _reload_tls(self, tls: Tls | None) -> None:
        if (tls is None) != (self._tls is None):
            raise ConfigError(f"{self._web_file}: tls_server_config was added or removed, which needs a restart")
        if tls is not None and self.tls_context is not None and self._web_file is not None:
            # A context of its own first: a pair that does not match would leave the served one without a certificate.
            tls_context(tls, self._web_file)
            load_certificates(self.tls_context, tls, self._web_file)
            self._tls = tls

    def _versions(self) -> list[_Version]:
        certificates = certificate_files(self._tls, self._web_file) if self._tls and self._web_file else []
        return [_version(file) for file in (self._web_file, self._tokens_file, *certificates) if file is not None]


def _version(file: Path) -> _Version:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
