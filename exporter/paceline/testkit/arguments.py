"""
Checks of what users pass to the test kit.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite

from paceline.errors import ConfigError

# It begins the names of measures, after the kind of the result.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@contextmanager
def arguments_of(function: str) -> Iterator[None]:
    """
    Put the name of a function before the errors of its arguments.

    Raises:
        ValueError: an argument is invalid.
        ConfigError: a package is not installed.
    """
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{function}: {error}") from None
    except ConfigError as error:
        raise ConfigError(f"{function}: {error}") from None


def whole_number(name: str, value: object, least: int = 1) -> int:
    """
    A whole number from `least` on.

    Raises:
        ValueError: the value is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} is {value!r}, expected a whole number from {least} on")
    return value


def number(name: str, value: float, *, may_be_zero: bool = False) -> float:
    """
    A finite number above 0, or from 0 on.

    Raises:
        ValueError: the value is something else.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if not is_number or (value < 0 if may_be_zero else value <= 0):
        expected = "0 or a number above" if may_be_zero else "a number above 0"
        raise ValueError(f"{name} is {value!r}, expected {expected}")
    return float(value)


def check_name(name: str) -> None:
    """
    Raises:
        ValueError: the name cannot be part of the name of a measure.
    """
    if name and not _NAME.fullmatch(name):
        raise ValueError(
            f"the name is {name!r}, expected lowercase letters, digits and underscores, at most 40, a letter first"
        )
