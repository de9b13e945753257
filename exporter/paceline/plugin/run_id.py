"""
Ids of runs.
"""

import os

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_CHARACTERS, _RANDOM_CHARACTERS = 10, 16


def new_run_id(seconds: float) -> str:
    """
    A ULID: 48 bits of time in milliseconds, so that ids sort by time, and 80 random bits.

    Args:
        seconds: the start of the run, since 1970.
    """
    return _base32(int(seconds * 1e3), _TIME_CHARACTERS) + _base32(int.from_bytes(os.urandom(10)), _RANDOM_CHARACTERS)


def _base32(number: int, length: int) -> str:
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
