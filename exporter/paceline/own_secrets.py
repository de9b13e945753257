"""
The tokens and passwords that Paceline itself uses: none of them is printed, whatever a server says back.
"""

import base64
import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

# A shorter one may be part of any word.
_SHORTEST = 6
_VARIABLES = re.compile(r"PACELINE_\w*(?:TOKENS?|PASSWORD)|OTEL_EXPORTER_OTLP_\w*HEADERS")
_SEPARATORS = re.compile(r"[\s,=]+")
_known: set[str] = set()


def keep_secret(secret: str, user: str = "") -> None:
    """
    Remember a token or a password that is in no variable of the environment, also as it is sent in a header.
    """
    _known.update({secret, quote(secret, safe="")})
    if user:
        _known.add(base64.b64encode(f"{user}:{secret}".encode()).decode())


def without_own_secrets(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """
    The text with each of Paceline's own tokens and passwords masked.
    """
    for secret in sorted({*_known, *_of_environment(environ)}, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    return text


def _of_environment(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        if _VARIABLES.fullmatch(name):
            yield value.strip()
            yield from _SEPARATORS.split(value)
