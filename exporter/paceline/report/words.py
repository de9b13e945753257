"""
Figures in human units.
"""

from math import log

from paceline.analysis.cause import IDLE
from paceline.analysis.past import MEASURES
from paceline.model import Cause, UsageKey

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII_BLOCKS = "_.-=*#"
# Up to here three digits in this unit, rounded, stay below the next one.
_TIMES = ((0.0009995, 1e6, "µs"), (0.9995, 1e3, "ms"), (99.5, 1.0, "s"))
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")
_KIBI = 1024
_NAMES = {
    UsageKey.CPU_SECONDS: "CPU",
    UsageKey.CPU_WAIT_SECONDS: "waiting for a CPU",
    IDLE: "waiting (sleep, IO, locks)",
    UsageKey.MEMORY_PEAK_BYTES: "memory peak",
    UsageKey.READ_BYTES: "read",
    UsageKey.WRITTEN_BYTES: "written",
    UsageKey.VOLUNTARY_CONTEXT_SWITCHES: "voluntary context switches",
    UsageKey.GC_COLLECTIONS: "garbage collections",
    UsageKey.PROCESSES_LEFT: "processes left behind",
    UsageKey.THREADS_LEFT: "threads left behind",
}


def duration(seconds: float) -> str:
    """
    Three digits and the unit that fits: 312 ms, 1.21 s, 2 min 5 s.
    """
    for below, factor, unit in _TIMES:
        if seconds < below:
            return f"{seconds * factor:.3g} {unit}"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


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


def cause(moved: Cause) -> str:
    """
    What moved, from what to what.
    """
    name = _NAMES.get(moved.measure, moved.measure.removeprefix(MEASURES))
    return f"{name} {_figure(moved.measure, moved.before)} → {_figure(moved.measure, moved.after)}"


def sparkline(values: list[float], *, ascii_only: bool = False, longest: int = 20) -> str:
    """
    The last values as a line of blocks from 0 to the highest; "" for fewer than two.
    """
    shown = values[-longest:]
    highest = max(shown, default=0.0)
    if len(shown) <= 1 or highest <= 0:
        return ""
    blocks = _ASCII_BLOCKS if ascii_only else _BLOCKS
    return "".join(blocks[min(int(value / highest * len(blocks)), len(blocks) - 1)] for value in shown)


def _figure(measure: str, value: float) -> str:
    if measure.endswith("_seconds"):
        return duration(value)
    if measure.endswith("_bytes"):
        return size(value)
    return f"{value:,.6g}"
