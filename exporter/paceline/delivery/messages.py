"""
What a user should read of an errand.
"""

import os
from collections.abc import Iterator

from paceline.config import OutboxLimits
from paceline.delivery.outbox import Box, Held, Outbox
from paceline.delivery.send_rounds import Errand, ErrandTally
from paceline.formatting import counted, listed, size

_MOST_NAMED = 10


def delivered(errand: Errand, tally: ErrandTally) -> str:
    """
    How many runs went where, and how many were there already.
    """
    new = f"{counted(tally.sent - tally.known, 'run')} to {errand.sink.address} ({errand.sink.kind})"
    return f"{new}; the server had {counted(tally.known, 'run')} already" if tally.known else new


def undelivered(errand: Errand, tally: ErrandTally) -> Iterator[str]:
    """
    What was not done, why, and what becomes of the runs; and what the server has to say of those that it took.
    """
    box, address = errand.box, errand.sink.address
    if tally.noted:
        others = f"; the same for {counted(tally.noted - 1, 'more run')}" if tally.noted > 1 else ""
        yield f"{address}: {tally.note}{others}"
    if tally.waiting:
        runs = counted(tally.waiting, "run was", "runs were")
        why = f"{tally.failure}, tried {tally.rounds} times" if tally.rounds > 1 else tally.failure
        yield f"{runs} not sent to {address}: {why}; {_fate(box, tally.waiting)}"
    kept = _whereabouts(box)
    if tally.refused:
        yield f"{counted(tally.refused, 'run was', 'runs were')} refused by {address}: {tally.refusal}{kept}"
    if tally.damaged:
        files = counted(tally.damaged, "file in the outbox is", "files in the outbox are")
        yield f"{files} damaged and set aside: {tally.damage}{kept}"


def let_go(errand: Errand, count: int, limits: OutboxLimits) -> str:
    """
    The message on queued runs that were dropped, as they were too many or too old.
    """
    most = f"{counted(limits.runs, 'run')}, {size(limits.megabytes * 2**20)} and {limits.days:g} days"
    dropped = f"dropped {counted(count, 'queued run')} for {errand.sink.address}"
    return f"{dropped}: the outbox keeps at most {most}; `paceline replay` sends the runs of the results folder"


def _whereabouts(box: Box) -> str:
    """
    Where to find the runs that were refused.
    """
    if isinstance(box, Held):
        return f"; not sent: {listed(box.refused, _MOST_NAMED)}"
    return f"; kept in {os.path.relpath(box.refused)}" if isinstance(box, Outbox) else ""


def _fate(box: Box, waiting: int) -> str:
    if isinstance(box, Held):
        return "no outbox keeps it for a later try" if waiting == 1 else "no outbox keeps them for a later try"
    return f"{'it is' if waiting == 1 else 'they are'} sent with the next run, or by `paceline push`"
