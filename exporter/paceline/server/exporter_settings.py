"""
The settings of the exporter at its start.
"""

import re
from collections.abc import Mapping
from math import inf
from pathlib import Path

from msgspec import Struct

from paceline.errors import ConfigError
from paceline.own_secrets import keep_secret

TOKENS = "PACELINE_TOKENS"
# The file of runs in the data folder.
LEDGER = "history.sqlite"
# What hosts of git call a default branch: an exporter serves projects of which it knows no more than their runs.
BRANCHES = ("main", "master", "trunk", "develop")
_SHORTEST_TOKEN = 8
# As Prometheus writes one.
_WINDOW = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
# Pages of the exporter itself begin so.
_OWN_PATHS = ("/-/", "/api/")
_UNIT_SECONDS = (7 * 86400, 86400, 3600, 60, 1)


class Window(Struct, frozen=True, kw_only=True):
    """
    How long ago something may have been, as it was given and in seconds.
    """

    text: str
    seconds: float

    def longest(self, margin: float) -> float:
        """
        How old something may be to be within it for a while yet: a margin less, or a tenth where that is less.
        """
        return self.seconds - min(margin, self.seconds / 10)


WEEK = Window(text="7d", seconds=7 * 86400.0)


class ExporterSettings(Struct, frozen=True, kw_only=True):
    """
    One frozen configuration.
    """

    data: Path
    watch: Path | None = None
    branches: tuple[str, ...] = BRANCHES
    expose_seconds: float = 900.0
    expose_scrapes: int = 3
    expose_window: Window = WEEK
    max_series: int = 200_000
    shard_seconds: float = 3600.0
    telemetry_path: str = "/metrics"


def read_window(text: str) -> Window:
    """
    Read a window as Prometheus writes its out_of_order_time_window; 0 is one without an end.

    Raises:
        ConfigError: the text is not a duration.
    """
    found = _WINDOW.fullmatch(text if text != "0" else "0s")
    if not text or found is None:
        raise ConfigError(f"{text!r}, expected a duration such as 7d, 12h or 1h30m, or 0 for no limit")
    parts = zip(found.groups("0"), _UNIT_SECONDS, strict=True)
    return Window(text=text, seconds=sum(int(number) * unit for number, unit in parts) or inf)


def read_path(text: str) -> str:
    """
    Read the path of the counters.

    Raises:
        ConfigError: the text is not a path, or is a path of the exporter's own pages.
    """
    if not _PATH.fullmatch(text):
        raise ConfigError(f"{text!r}, expected a path such as /metrics")
    if f"{text}/".startswith(_OWN_PATHS):
        raise ConfigError(f"{text!r} is among the exporter's own pages, expected a path such as /metrics")
    return text


def read_tokens(file: Path | None, environ: Mapping[str, str]) -> tuple[bytes, ...]:
    """
    The tokens that may send runs: one a line in the file, and separated by blanks or commas in `PACELINE_TOKENS`.

    Raises:
        ConfigError: the file cannot be read, the file or the variable has no token, or a token is too short. The
            message does not show the token.
    """
    tokens = _tokens_of(environ[TOKENS]) if TOKENS in environ else []
    if file is not None:
        tokens += _tokens_in(file)
    for where, token in tokens:
        if len(token) < _SHORTEST_TOKEN:
            raise ConfigError(f"{where}: a token of {len(token)} characters, expected at least {_SHORTEST_TOKEN}")
    for _, token in tokens:
        keep_secret(token)
    return tuple(token.encode() for _, token in tokens)


def _tokens_of(variable: str) -> list[tuple[str, str]]:
    given = variable.replace(",", " ").split()
    if not given:
        # A secret that is empty by mistake must not open the exporter to everybody.
        raise ConfigError(
            f"the environment variable {TOKENS} has no token; unset the variable to let everybody send runs"
        )
    return [(f"the environment variable {TOKENS}", token) for token in given]


def _tokens_in(file: Path) -> list[tuple[str, str]]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"the file of tokens {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the file of tokens {file} is not UTF-8 at byte {error.start}") from error
    found = [(f"{file}, line {number}", line.strip()) for number, line in enumerate(lines, 1)]
    tokens = [(where, token) for where, token in found if token and not token.startswith("#")]
    if not tokens:
        raise ConfigError(f"the file of tokens {file} has no token, expected one a line")
    return tokens
