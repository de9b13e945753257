"""
Bring runs to servers within a time: try, wait a little longer each time, and leave what could not be brought.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import wait
from functools import partial
from itertools import chain, repeat
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from paceline.delivery.outbox import Box
from paceline.delivery.sink import Sink
from paceline.errors import (
    BusyError,
    DeliveryError,
    DocumentError,
    HungUpError,
    ProxyRefusedError,
    RefusedError,
    UnreachableError,
)
from paceline.formatting import duration
from paceline.http.deadline import in_background

# Seconds between one round of tries and the next.
_PAUSES = (0.5, 1.0, 2.0)
# Enough for a server that is being started again, or ended in the middle; for one that is gone, or expects TLS, nobody
# should wait.
_MOST_TRIES: Mapping[type[DeliveryError], int] = {UnreachableError: 3, HungUpError: 2, ProxyRefusedError: 1}
# A run that the server cannot digest does not keep it from the next; a server that is down is not asked for each.
_MOST_IN_A_ROW = 3


class Errand(Struct, frozen=True):
    """
    A sink, and the runs that wait for it.
    """

    sink: Sink
    box: Box


class ErrandTally(Struct):
    """
    What came of an errand so far.

    `sent` runs have arrived, `known` of which the server had already, and on `noted` it had something to say. `refused`
    were refused, and `damaged` cannot be read. `note`, `refusal` and `damage` are of the last of these. `waiting` wait,
    after so many `rounds` of tries, the last of which ended in `failure`. `is_done` says that none is left of those
    that waited when it was looked.
    """

    sent: int = 0
    known: int = 0
    noted: int = 0
    note: str = ""
    refused: int = 0
    refusal: str = ""
    damaged: int = 0
    damage: str = ""
    waiting: int = 0
    rounds: int = 0
    failure: str = ""
    is_done: bool = False

    def with_more(self, more: "ErrandTally") -> "ErrandTally":
        """
        This errand and what came of it afterwards, as one.
        """
        return ErrandTally(
            sent=self.sent + more.sent,
            known=self.known + more.known,
            noted=self.noted + more.noted,
            note=more.note or self.note,
            refused=self.refused + more.refused,
            refusal=more.refusal or self.refusal,
            damaged=self.damaged + more.damaged,
            damage=more.damage or self.damage,
            waiting=more.waiting,
            rounds=more.rounds,
            failure=more.failure,
        )


class InterruptedDeliveryError(KeyboardInterrupt):
    """
    Somebody would not wait for a delivery; `tallies` has what came of each errand until then.
    """

    def __init__(self, tallies: Sequence[ErrandTally]) -> None:
        super().__init__()
        self.tallies: Final = tallies


def deliver(errands: Sequence[Errand], seconds: float) -> list[ErrandTally]:
    """
    Do all errands at once, and return when they are done or the time is over.

    An errand that is not done by then is left to itself: it ends with the process, and a run that it brings yet is
    taken out of its box as any other.

    Raises:
        InterruptedDeliveryError: the user pressed Ctrl-C; the error has the tallies until then.
    """
    end = time.monotonic() + seconds
    tallies = [ErrandTally() for _ in errands]
    running = [
        in_background(partial(_run, errand, tally, end), "paceline-delivery")
        for errand, tally in zip(errands, tallies, strict=True)
    ]
    try:
        wait(running, timeout=seconds)
    except KeyboardInterrupt as interrupt:
        raise InterruptedDeliveryError(_concluded(errands, tallies, "interrupted")) from interrupt
    return _concluded(errands, tallies, f"no answer within {duration(seconds)}")


def _concluded(errands: Sequence[Errand], tallies: Sequence[ErrandTally], why: str) -> list[ErrandTally]:
    """
    Copies, as a thread that is left to itself goes on to count.
    """
    # What is in a box after that, another session has just put there, and brings it.
    waiting = [0 if tally.is_done else errand.box.count() for errand, tally in zip(errands, tallies, strict=True)]
    return [
        replace(tally, waiting=count, failure=(tally.failure or why) if count else "")
        for tally, count in zip(tallies, waiting, strict=True)
    ]


def _run(errand: Errand, tally: ErrandTally, end: float) -> None:
    failures: Counter[type[DeliveryError]] = Counter()
    try:
        for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
            failure = _round(errand, tally, end)
            tally.is_done = failure is None and time.monotonic() < end
            if not isinstance(failure, BusyError) or time.monotonic() + pause > end:
                return
            failures[type(failure)] += 1
            if failures[type(failure)] == _MOST_TRIES.get(type(failure)):
                return
            time.sleep(pause)
    except Exception as error:  # noqa: BLE001 - what a thread raises, nobody sees
        tally.failure = f"{type(error).__name__}: {error}"


def _round(errand: Errand, tally: ErrandTally, end: float) -> DeliveryError | None:
    """
    Try each run that waits, once.

    Returns:
        Why a run waits; None where none was kept waiting.
    """
    failure, in_a_row = None, 0
    tally.rounds += 1
    for parcel in errand.box.parcels():
        left = end - time.monotonic()
        if left <= 0 or in_a_row == _MOST_IN_A_ROW:
            break
        try:
            receipt = errand.sink.deliver(parcel.packed, left)
        except RefusedError as error:
            errand.box.refuse(parcel.name)
            tally.refused, tally.refusal = tally.refused + 1, str(error)
        except DocumentError as error:
            errand.box.refuse(parcel.name)
            tally.damaged, tally.damage = tally.damaged + 1, str(error)
        except DeliveryError as error:
            failure, in_a_row, tally.failure = error, in_a_row + 1, str(error)
            if isinstance(error, UnreachableError) or not isinstance(error, BusyError):
                break
        else:
            errand.box.remove(parcel.name)
            in_a_row = 0
            tally.sent, tally.known = tally.sent + 1, tally.known + receipt.is_known
            tally.noted, tally.note = tally.noted + bool(receipt.note), receipt.note or tally.note
    return failure
