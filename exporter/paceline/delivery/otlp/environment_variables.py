"""
OpenTelemetry's own variables, `OTEL_*`.

Source: OpenTelemetry Protocol Exporter, "Configuration Options"; OpenTelemetry, "General SDK Configuration".
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from paceline.errors import ConfigError
from paceline.http.server_access import Naming, ServerAccess, read_server

# As a setting: the address is in the variables.
FROM_ENVIRONMENT = "env"
PREFIX = "OTEL_EXPORTER_OTLP"
_DISABLED = "OTEL_SDK_DISABLED"
_EXAMPLE = "http://collector:4318"
_DEFAULT = "http://localhost:4318"
_DEFAULT_SECONDS = 10.0
# Without a word of the user, the protocol leaves it open: one in fifteen of the bytes for a tenth of the time.
_COMPRESSIONS = {"": True, "none": False, "gzip": True}
_PROTOCOL = "http/protobuf"
# Source: RFC 9110, "Tokens" and "Field Values".
_NAME, _VALUE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"), re.compile(r"[\x20-\x7e\xa0-\xff]*")


class Variables:
    """
    What the environment says of one signal; a variable of the signal wins over one for all.

    Args:
        environ: the environment.
        signal: `metrics` or `traces`.
    """

    def __init__(self, environ: Mapping[str, str], signal: str) -> None:
        self._environ: Final = environ
        self._signal: Final = signal

    def endpoint(self, setting: str) -> ServerAccess:
        """
        Where the signal goes.

        Args:
            setting: the address of the collector, or `env`.

        Raises:
            ConfigError: the address is not a valid URL.
        """
        own = f"{PREFIX}_{self._signal.upper()}_ENDPOINT"
        path = f"/v1/{self._signal}"
        if setting != FROM_ENVIRONMENT:
            return _below(setting, "runs are sent by OTLP to", path)
        if self._environ.get(own):
            # As it is: the path is added only to the address for all signals.
            return read_server(self._environ[own], Naming(f"the environment variable {own} is", _EXAMPLE + path), {})
        every = f"{PREFIX}_ENDPOINT"
        return _below(self._environ.get(every) or _DEFAULT, f"the environment variable {every} is", path)

    @property
    def silence(self) -> str:
        """
        That nothing of the signal is sent, and why; "" where nothing says so.
        """
        exporter = f"OTEL_{self._signal.upper()}_EXPORTER"
        if self._environ.get(_DISABLED, "").strip().lower() == "true":
            return f"nothing is sent by OTLP: the environment variable {_DISABLED} is true"
        is_none = self._environ.get(exporter, "").strip().lower() == "none"
        return f"no {self._signal} are sent by OTLP: the environment variable {exporter} is none" if is_none else ""

    def check_protocol(self) -> None:
        """
        See that the protocol is the one that is spoken.

        Raises:
            ConfigError: the variable asks for a protocol other than http/protobuf.
        """
        name, text = self._find("PROTOCOL")
        if text.strip().lower() not in {"", _PROTOCOL}:
            raise ConfigError(
                f"the environment variable {name} is {text!r}, expected {_PROTOCOL}, the only supported protocol"
            )

    @property
    def headers(self) -> dict[str, str]:
        """
        The headers of each request.

        Raises:
            ConfigError: a header is invalid; the message does not show the header, as it may be a secret.
        """
        variable, text = self._find("HEADERS")
        headers = {}
        for place, part in enumerate(text.split(","), 1):
            name, value = _header(part)
            if part.strip() and not name:
                raise ConfigError(
                    f"the environment variable {variable} has an invalid header at place {place}, expected name=value,"
                    " separated by commas"
                )
            headers[name] = value
        headers.pop("", None)
        return headers

    @property
    def seconds(self) -> float:
        """
        How long a request may take; in seconds, as in all of OpenTelemetry for Python.

        Raises:
            ConfigError: the timeout is not a positive number.
        """
        name, text = self._find("TIMEOUT")
        try:
            seconds = float(text or _DEFAULT_SECONDS)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            raise ConfigError(f"the environment variable {name} is {text!r}, expected a number of seconds above 0")
        return seconds

    @property
    def is_compressed(self) -> bool:
        """
        Whether requests are compressed with gzip.

        Raises:
            ConfigError: the compression is neither gzip nor none.
        """
        name, text = self._find("COMPRESSION")
        if text.strip().lower() not in _COMPRESSIONS:
            raise ConfigError(f"the environment variable {name} is {text!r}, expected gzip or none")
        return _COMPRESSIONS[text.strip().lower()]

    @property
    def authorities(self) -> str:
        """
        The file of certificates that are trusted.
        """
        return self._find("CERTIFICATE")[1]

    @property
    def certificate(self) -> str | tuple[str, str] | None:
        """
        The files that show who sends: a certificate, and its key where that is not in the same file.
        """
        certificate, key = self._find("CLIENT_CERTIFICATE")[1], self._find("CLIENT_KEY")[1]
        return (certificate, key) if certificate and key else certificate or None

    def _find(self, what: str) -> tuple[str, str]:
        own, every = f"{PREFIX}_{self._signal.upper()}_{what}", f"{PREFIX}_{what}"
        name = own if self._environ.get(own) else every
        return name, self._environ.get(name, "")


def _header(part: str) -> tuple[str, str]:
    """
    A name and a value; "" for both where they are none.
    """
    key, separator, text = part.partition("=")
    name, value = unquote(key.strip()), unquote(text.strip()).strip()
    return (name, value) if separator and _NAME.fullmatch(name) and _VALUE.fullmatch(value) else ("", "")


def _below(base: str, place: str, path: str) -> ServerAccess:
    server = read_server(base, Naming(place, _EXAMPLE), {})
    return ServerAccess(f"{server}{path}", user=server.user, password=server.password)
