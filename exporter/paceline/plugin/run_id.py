"""
Ids of runs.
"""

import os
import re
from collections.abc import Mapping

from paceline.errors import ConfigError

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_CHARACTERS, _RANDOM_CHARACTERS = 10, 16

RUN_ID, SHARD = "PACELINE_RUN_ID", "PACELINE_SHARD"
_ID = re.compile(r"[A-Za-z0-9._-]{1,48}")
_PART = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})")


def find_run_id(environ: Mapping[str, str], seconds: float) -> str:
    """
    The id that the environment gives to a run, with the place of this part where several jobs run parts of one
    suite; else a new one.

    Args:
        environ: may have `PACELINE_RUN_ID`, which all parts have in common, and `PACELINE_SHARD`, as `2/4`.
        seconds: the start of the run, since 1970.

    Raises:
        ConfigError: one of them is none, or there is a part without a run.
    """
    given, shard = environ.get(RUN_ID, ""), environ.get(SHARD, "")
    if not given and not shard:
        return new_run_id(seconds)
    if not _ID.fullmatch(given):
        raise ConfigError(
            f"the environment variable {RUN_ID} is {given!r}, expected 1 to 48 letters, digits, '.', '_' or '-'"
        )
    if not shard:
        return given
    part = _PART.fullmatch(shard)
    if part is None or int(part[1]) > int(part[2]):
        raise ConfigError(f"the environment variable {SHARD} is {shard!r}, expected a part of a whole such as 2/4")
    return f"{given}.{part[1]}of{part[2]}"


def new_run_id(seconds: float) -> str:
    """
    A ULID: 48 bits of time in milliseconds, so that ids sort by time, and 80 random bits.

    Args:
        seconds: the start of the run, since 1970.
    """
    return _base32(int(seconds * 1e3), _TIME_CHARACTERS) + _base32(int.from_bytes(os.urandom(10)), _RANDOM_CHARACTERS)


def _base32(number: int, length: int) -> str:
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
