"""
Checks of what users pass to the test kit.
"""

from math import isfinite


def whole_number(function: str, name: str, value: object, least: int = 1) -> int:
    """
    A whole number from `least` on.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{function}: {name} is {value!r}, expected a whole number from {least} on")
    return value


def positive(function: str, name: str, value: object) -> float:
    """
    A finite number above 0.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
        raise ValueError(f"{function}: {name} is {value!r}, expected a number above 0")
    return float(value)
