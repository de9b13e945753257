"""
What is known of a quantity that is measured around a test.
"""

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct


class Unit(StrEnum):
    """
    The unit of a quantity; the key of a quantity in seconds or bytes ends with the unit.
    """

    SECONDS = "seconds"
    BYTES = "bytes"
    COUNT = "count"


class Phase(StrEnum):
    """
    The part of a test that a quantity is measured in: the call, or all from before the setup to after the teardown.
    """

    CALL = "call"
    TEST = "test"


class CauseRole(StrEnum):
    """
    How a quantity can be a cause of a slower test.

    A part of the time is named where enough of the added time was spent on it. Work is a count that is judged exactly,
    and named first. What the system counted is named where it grew by more than a floor.
    """

    NEVER = "never"
    PART_OF_TIME = "part of the time"
    WORK = "work, judged exactly"
    SYSTEM = "counted by the system"


class Curve(NamedTuple):
    """
    The place of a quantity in the dashboard of a test: panel, legend and colour.
    """

    panel: str
    legend: str
    color: str


class Quantity(Struct, frozen=True):
    """
    All that is known of a quantity besides its key.

    `words` are its name in a report, `help` is the sentence of its metric. `floor` is the growth up to which it is no
    cause, and `advice` the advice where it is the first cause. `systems` says where it can be measured. Where
    `is_exported` is false, documents and reports have it and metrics do not. `probe` is the name of the probe
    that counts how a test touches something outside of it: where that probe was on and the quantity is absent, it is 0.
    `limit` is the name of a limit on the quantity, in markers and settings; one that ends in `_mib` is in MiB.
    """

    words: str
    help: str
    unit: Unit = Unit.COUNT
    cause: CauseRole = CauseRole.NEVER
    floor: float = 0.0
    curve: Curve | None = None
    phase: Phase = Phase.CALL
    systems: str = "all"
    advice: str = ""
    is_exported: bool = True
    probe: str = ""
    limit: str = ""

    @property
    def is_touched(self) -> bool:
        """
        Whether it is of something outside the test.
        """
        return bool(self.probe)
