"""
Texts and settings that were made to be slow or wrong.
"""

import random
import time
from functools import partial
from pathlib import Path

from paceline.config import Config, load_config
from paceline.errors import PacelineError
from paceline.identity import safe_text
from tools.chaos.row import Fault, Row

_PIECES = ("a", "-", "a:", "password=", "://", "a@b", "token ", "-u ", "sk-", "a-", "http://a:", '="', "eyJ", "A ")
_VALUES = (
    "1",
    "-1",
    "1e400",
    "nan",
    "true",
    '""',
    '"a"',
    "[]",
    "[1]",
    "{}",
    "{a = 1}",
    "'http://a:b@c'",
    "0x10",
    "inf",
)


def _masked(row: Row, _: Path) -> None:
    for piece in _PIECES:
        text = piece * (1_000_000 // len(piece))
        started = time.monotonic()
        shown = safe_text(text)
        row.took(time.monotonic() - started)
        row.wrong += len(shown) > 200 or safe_text(shown) != shown


def _settings(row: Row, folder: Path) -> None:
    keys, file = sorted(Config.__struct_fields__), folder / "pyproject.toml"
    for number in range(1000):
        source = random.Random(number)
        lines = {source.choice([*keys, "unknown", "rules.x"]): source.choice(_VALUES) for _ in range(3)}
        file.write_text("[tool.paceline]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items()))
        started = time.monotonic()
        try:
            load_config(file, {}, {})
        except PacelineError as error:
            row.wrong += "a:b@c" in str(error)
        row.took(time.monotonic() - started)


def faults() -> list[tuple[str, Fault]]:
    """
    The rows of texts.
    """
    return [("masking a megabyte made to be slow", partial(_masked)), ("1,000 random settings", partial(_settings))]
