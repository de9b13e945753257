"""
Figures in human units.
"""

from math import log

# Up to here three digits in this unit, rounded, stay below the next one.
_TIMES = ((0.0009995, 1e6, "µs"), (0.9995, 1e3, "ms"), (99.5, 1.0, "s"))
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")
_KIBI = 1024


def duration(seconds: float) -> str:
    """
    Three digits and the unit that fits: 312 ms, 1.21 s, 2 min 5 s.
    """
    for below, factor, unit in _TIMES:
        if seconds < below:
            return f"{seconds * factor:.3g} {unit}"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def signed(seconds: float) -> str:
    """
    A change of time, with its sign.
    """
    return f"{'-' if seconds < 0 else '+'}{duration(abs(seconds))}"


def size(count: float) -> str:
    """
    Bytes in the binary unit that fits.
    """
    power = min(int(log(max(abs(count), 1), _KIBI)), len(_SIZES) - 1)
    value = count / _KIBI**power
    # Up to 1,023 of a unit: three digits would turn them into 1.02e+03.
    return f"{value:.{max(3, len(str(int(abs(value)))))}g} {_SIZES[power]}"


def counted(count: int, one: str, many: str = "") -> str:
    """
    A count with its noun.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
