"""
Checks of what users pass to the test kit.
"""

import re
from math import isfinite
from types import TracebackType
from typing import Final

from paceline.errors import ConfigError
from paceline.recorder import RECORDERS

# It begins the names of measures, after the kind of the result.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class arguments_of:  # noqa: N801 - used as a function
    """
    Put the name of a function of the test kit before the errors of its arguments, and hide its frames.

    Raises:
        ValueError: an argument is invalid.
        ConfigError: a package is not installed.
    """

    def __init__(self, function: str) -> None:
        self._function: Final = function

    def __enter__(self) -> None:
        for recorder in RECORDERS[-1:]:
            recorder.recorded.uses_kit = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        for expected in (ValueError, ConfigError):
            if isinstance(error, expected):
                raise expected(f"{self._function}: {error}") from None


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
