"""
Bring runs to servers within a time: try, wait a little longer each time, and leave what could not be brought.
"""

import os
import time
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from threading import Thread

from msgspec import Struct
from msgspec.structs import replace

from paceline.errors import BusyError, DeliveryError, DocumentError, RefusedError
from paceline.sinks.outbox import Box, Held, Outbox
from paceline.sinks.sink import Sink
from paceline.units import counted, duration

# Seconds between one round of tries and the next.
_PAUSES = (0.25, 0.5, 1.0, 2.0)
# A run that the server cannot digest does not keep it from the next; a server that is down is not asked for each.
_MOST_IN_A_ROW = 3


class Errand(Struct, frozen=True):
    """
    A sink, and the runs that wait for it.
    """

    sink: Sink
    box: Box


class Tally(Struct):
    """
    What came of an errand so far: how many runs have arrived, how many were refused and what the server said of the
    last of these, how many wait and why.
    """

    sent: int = 0
    refused: int = 0
    refusal: str = ""
    waiting: int = 0
    failure: str = ""


def deliver(errands: Sequence[Errand], seconds: float) -> list[Tally]:
    """
    Do all errands at once, and return when they are done or the time is over.

    An errand that is not done by then is left to itself: it ends with the process, and a run that it brings yet is
    taken out of its box as any other.
    """
    end = time.monotonic() + seconds
    tallies = [Tally() for _ in errands]
    # No setting of a socket bounds how long a name takes to resolve, or an answer that drips: a thread does.
    threads = [
        Thread(target=_run, args=(errand, tally, end), name="paceline-delivery", daemon=True)
        for errand, tally in zip(errands, tallies, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0.0))
    late = f"no answer within {duration(seconds)}"
    # Copies: a thread that is left to itself goes on to count.
    return [_concluded(tally, errand.box.count(), late) for errand, tally in zip(errands, tallies, strict=True)]


def _concluded(tally: Tally, waiting: int, late: str) -> Tally:
    return replace(tally, waiting=waiting, failure=(tally.failure or late) if waiting else "")


def undelivered(errand: Errand, tally: Tally) -> Iterator[str]:
    """
    What a user should read of an errand that was not done: why, and what becomes of the runs.
    """
    box, address = errand.box, errand.sink.address
    if tally.waiting:
        runs = counted(tally.waiting, "run was", "runs were")
        later = f"{'it goes' if tally.waiting == 1 else 'they go'} with the next run, or by `paceline push`"
        fate = "nothing is kept here that could be sent later" if isinstance(box, Held) else later
        yield f"{runs} not sent to {address}: {tally.failure}; {fate}"
    if tally.refused:
        kept = f"; kept in {os.path.relpath(box.refused)}" if isinstance(box, Outbox) else ""
        yield f"{counted(tally.refused, 'run was', 'runs were')} refused by {address}: {tally.refusal}{kept}"


def _run(errand: Errand, tally: Tally, end: float) -> None:
    try:
        for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
            if not _round(errand, tally, end) or time.monotonic() + pause > end:
                return
            time.sleep(pause)
    except Exception as error:  # noqa: BLE001 - what a thread raises, nobody sees
        tally.failure = f"{type(error).__name__}: {error}"


def _round(errand: Errand, tally: Tally, end: float) -> bool:
    """
    Try each run that waits, once.

    Returns:
        Whether it is worth while to try again.
    """
    busy = in_a_row = 0
    for parcel in errand.box.parcels():
        left = end - time.monotonic()
        if left <= 0 or in_a_row == _MOST_IN_A_ROW:
            break
        try:
            errand.sink.deliver(parcel.packed, left)
        except (RefusedError, DocumentError) as error:
            errand.box.refuse(parcel.name)
            tally.refused, tally.refusal = tally.refused + 1, str(error)
        except BusyError as error:
            busy, in_a_row = busy + 1, in_a_row + 1
            tally.failure = str(error)
        except DeliveryError as error:
            tally.failure = str(error)
            return False
        else:
            errand.box.remove(parcel.name)
            tally.sent, in_a_row = tally.sent + 1, 0
    return busy > 0
