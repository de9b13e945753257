"""
OpenTelemetry's own variables, `OTEL_*`.

Source: OpenTelemetry Protocol Exporter, "Configuration Options"; OpenTelemetry, "General SDK Configuration".
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from paceline.client.endpoint import Endpoint, Naming, read_endpoint
from paceline.errors import ConfigError

# As a setting: the address is in the variables.
FROM_ENVIRONMENT = "env"
PREFIX = "OTEL_EXPORTER_OTLP"
_EXAMPLE = "http://collector:4318"
_DEFAULT = "http://localhost:4318"
_DEFAULT_SECONDS = 10.0
# Without a word of the user, the protocol leaves it open: one in fifteen of the bytes for a tenth of the time.
_COMPRESSIONS = {"": True, "none": False, "gzip": True}


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

    def endpoint(self, setting: str) -> Endpoint:
        """
        Where the signal goes.

        Args:
            setting: the address of the collector, or `env`.

        Raises:
            ConfigError: it is no address.
        """
        own = f"{PREFIX}_{self._signal.upper()}_ENDPOINT"
        path = f"/v1/{self._signal}"
        if setting != FROM_ENVIRONMENT:
            return _below(setting, "runs are sent by OTLP to", path)
        if self._environ.get(own):
            # As it is: the path is added only to the address for all signals.
            return read_endpoint(self._environ[own], Naming(f"the environment variable {own} is", _EXAMPLE + path), {})
        every = f"{PREFIX}_ENDPOINT"
        return _below(self._environ.get(every) or _DEFAULT, f"the environment variable {every} is", path)

    @property
    def headers(self) -> dict[str, str]:
        return _pairs(self._find("HEADERS")[1])

    @property
    def seconds(self) -> float:
        """
        How long a request may take; in seconds, as in all of OpenTelemetry for Python.

        Raises:
            ConfigError: it is no such number.
        """
        name, text = self._find("TIMEOUT")
        try:
            seconds = float(text or _DEFAULT_SECONDS)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            raise ConfigError(f"the environment variable {name} is {text!r}, expected seconds, more than 0")
        return seconds

    @property
    def is_compressed(self) -> bool:
        """
        Whether requests are compressed with gzip.

        Raises:
            ConfigError: some other way is asked for.
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


def _pairs(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split(","))
    return {unquote(name.strip()): unquote(value.strip()) for name, separator, value in pairs if separator}


def _below(base: str, place: str, path: str) -> Endpoint:
    endpoint = read_endpoint(base, Naming(place, _EXAMPLE), {})
    return Endpoint(f"{endpoint}{path}", user=endpoint.user, password=endpoint.password)
