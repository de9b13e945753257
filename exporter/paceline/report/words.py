"""
What moved, in words, and a series as a line of blocks.
"""

from paceline.analysis.cause import CHILDREN_CPU, IDLE, MACHINE
from paceline.analysis.past import MEASURES
from paceline.formatting import duration, size
from paceline.model import Cause
from paceline.usage import UsageKey

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII_BLOCKS = "_.-=*#"
_ALL_DIGITS = 1000
_NAMES = {
    UsageKey.CPU_SECONDS: "CPU",
    CHILDREN_CPU: "CPU of child processes",
    IDLE: "waiting (sleep, IO, locks)",
    UsageKey.CPU_WAIT_SECONDS: "wait for a CPU",
    UsageKey.MEMORY_PEAK_BYTES: "memory peak",
    UsageKey.READ_BYTES: "read",
    UsageKey.WRITTEN_BYTES: "written",
    UsageKey.VOLUNTARY_CONTEXT_SWITCHES: "voluntary context switches",
    UsageKey.GC_COLLECTIONS: "garbage collections",
    UsageKey.PROCESSES_LEFT: "processes left behind",
    UsageKey.THREADS_LEFT: "threads left behind",
}


def cause(moved: Cause) -> str:
    """
    What moved, from what to what, and how much of the added time that is.
    """
    if moved.measure == MACHINE:
        return f"the machine was {moved.after:.1f} times slower than usual, which was taken out"
    name = _NAMES.get(moved.measure, moved.measure.removeprefix(MEASURES))
    text = f"{name} {_figure(moved.measure, moved.before)} → {_figure(moved.measure, moved.after)}"
    if moved.measure == UsageKey.CPU_WAIT_SECONDS:
        return f"{text}, which was taken out"
    return text if moved.share is None else f"{text} ({moved.share:.0%} of the added time)"


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


def shortened(text: str, room: int, ellipsis: str = "…") -> str:
    """
    Cut from the left: the end of a test id is what tells it from its neighbours.
    """
    return text if len(text) <= room else ellipsis + text[len(text) - room + len(ellipsis) :]


def _figure(measure: str, value: float) -> str:
    if measure.endswith("_seconds"):
        return duration(value)
    if measure.endswith("_bytes"):
        return size(value)
    return f"{value:,.0f}" if value >= _ALL_DIGITS else f"{value:.6g}"
