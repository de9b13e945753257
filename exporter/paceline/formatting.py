"""
Figures in human units.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

# Up to here three digits in this unit, rounded, stay below the next one.
_TIMES = ((0.0009995, 1e6, "µs"), (0.9995, 1e3, "ms"), (99.5, 1.0, "s"))
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")
_KIBI = 1024
_COMMIT = 10
_SECONDS = frozenset({"s", "seconds"})
# Rounded, a figure from here on is 1,024 of a unit, and one from there on has four digits.
_NEXT_UNIT, _FOUR_DIGITS = 1023.5, 999.5


def duration(seconds: float, digits: int = 3) -> str:
    """
    Three digits and the unit that fits: 312 ms, 1.21 s, 2 min 5 s.
    """
    if seconds == 0:
        return "0 s"
    for below, factor, unit in _TIMES:
        if seconds < below:
            return f"{seconds * factor:.{digits}g} {unit}"
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
    value, power = float(count), 0
    while abs(value) >= _NEXT_UNIT and power < len(_SIZES) - 1:
        value, power = value / _KIBI, power + 1
    # Up to 1,023 of a unit: three digits would turn them into 1e+03.
    return f"{value:.0f} {_SIZES[power]}" if abs(value) >= _FOUR_DIGITS else f"{value:.3g} {_SIZES[power]}"


def figure(value: float, unit: str) -> str:
    """
    A figure with its unit; times and sizes in the unit that fits.
    """
    if unit in _SECONDS and value >= 0:
        return duration(value)
    if unit == "bytes":
        return size(value)
    text = f"{value:,.0f}" if abs(value) >= _FOUR_DIGITS or value == round(value) else f"{value:.3g}"
    return f"{text} {unit}".rstrip()


def times(factor: float) -> str:
    """
    A factor with its noun: `2.3 times`, `6,143 times`.
    """
    return f"{factor:,.1f} times" if factor < _FOUR_DIGITS / 10 else f"{factor:,.0f} times"


def counted(count: int, one: str, many: str = "") -> str:
    """
    A count with its noun.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: Sequence[str], most: int) -> str:
    """
    Names, at most so many, and how many more there are.
    """
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def short_commit(commit: str) -> str:
    """
    The beginning of the id of a commit, which names it in a repository of any usual size.
    """
    return commit[:_COMMIT]


def of_commit(commit: str, *, dirty: bool) -> str:
    """
    The commit of a run and whether its work tree had changes, to follow the run in a sentence; "" where it is unknown.
    """
    return f", commit {short_commit(commit)}{' with changes' if dirty else ''}" if commit else ""


def milliseconds(seconds: float) -> int:
    """
    A point in time, in seconds since 1970, as the text format of Prometheus has it.
    """
    return int(f"{seconds:.3f}".replace(".", ""))


def moment(seconds: float) -> str:
    """
    A point in time, in seconds since 1970, to the second.
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def precise_moment(seconds: float) -> str:
    """
    A point in time, in seconds since 1970, to the millisecond.
    """
    at = datetime.fromtimestamp(round(seconds, 3), UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} UTC"
