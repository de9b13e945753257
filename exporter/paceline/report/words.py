"""
What moved, in words, and a series as a line of blocks.
"""

from collections.abc import Mapping

from paceline.analysis.cause import CHILDREN_CPU, IDLE, MACHINE, TAKEN_OUT
from paceline.analysis.past import MEASURES
from paceline.analysis.verdicts.count import WORK
from paceline.analysis.verdicts.file_regression import TESTS
from paceline.analysis.verdicts.fixture_regression import FIXTURES
from paceline.formatting import duration, size
from paceline.model import Cause
from paceline.usage import UsageKey

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII_BLOCKS = "_.-=*#"
_ALL_DIGITS = 1000
_NAMES: Mapping[str, str] = {
    **{key: key.quantity.words for key in UsageKey},
    CHILDREN_CPU: "CPU of child processes",
    IDLE: "waiting (sleep, IO, locks)",
}
_ADVICE: Mapping[str, str] = {
    **{key: key.quantity.advice for key in UsageKey},
    CHILDREN_CPU: "Look at the programs that the test starts: the added time is CPU time of child processes.",
    IDLE: "Find out what the test waits for (sleep, network, disk, locks): its CPU time grew less.",
}


def cause(moved: Cause) -> str:
    """
    What moved, from what to what, and how much of the added time that is, or of the saved time.
    """
    if moved.measure == MACHINE:
        return f"the machine was {moved.after:.1f} times slower than usual (already corrected for)"
    if moved.measure.startswith(FIXTURES):
        name = moved.measure.removeprefix(FIXTURES)
        return f"set-up: fixture {name} {duration(moved.before)} → {duration(moved.after)} in total"
    if moved.measure.startswith(TESTS):
        count = moved.measure.removeprefix(TESTS)
        return f"the {count} tests that added most {duration(moved.before)} → {duration(moved.after)}"
    text = f"{_name(moved.measure)} {_figure(moved.measure, moved.before)} → {_figure(moved.measure, moved.after)}"
    if moved.measure in TAKEN_OUT:
        return f"{text} (already corrected for)"
    if moved.origin:
        return f"{text}, most {moved.origin}"
    change = "added" if moved.after > moved.before else "saved"
    return text if moved.share is None else f"{text} ({moved.share:.0%} of the {change} time)"


def advice(moved: Cause) -> str:
    """
    What to do about the first cause of a verdict on a time; "" where the advice of the verdict is better.
    """
    if moved.measure in WORK or moved.measure.startswith(MEASURES):
        return f"Find the code that adds {_name(moved.measure)}: the time grew with this figure."
    return _ADVICE.get(moved.measure, "")


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
    Cut from the left: the end of a test id distinguishes it from its neighbours.
    """
    return text if len(text) <= room else ellipsis + text[len(text) - room + len(ellipsis) :]


def _name(measure: str) -> str:
    return _NAMES.get(measure, measure.removeprefix(MEASURES))


def _figure(measure: str, value: float) -> str:
    if measure.endswith("_seconds"):
        return duration(value)
    if measure.endswith("_bytes"):
        return size(value)
    return f"{value:,.0f}" if value >= _ALL_DIGITS else f"{value:.6g}"
