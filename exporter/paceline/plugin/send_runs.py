"""
At the end of a session: the run, and those that wait from earlier, to where runs go.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from paceline.config import Config
from paceline.delivery.clean_process import CleanProcess
from paceline.delivery.messages import delivered, let_go, undelivered
from paceline.delivery.outbox import Box, Held, Outbox, pack
from paceline.delivery.send_rounds import Errand, ErrandTally, InterruptedDeliveryError, deliver
from paceline.delivery.sink import Sink
from paceline.errors import StorageError
from paceline.model import Run

_SECONDS_TO_TELL = 0.5


class Sending:
    """
    Sends runs, and says what came of it: `lines` for the report, and a line for `warn` where a run did not arrive.

    Args:
        sinks: where runs go.
        folder: of the outboxes; None where nothing is kept, so that what cannot be sent now is lost.
        settings: say what sending may take in all, and what may wait.
        warn: takes a line for the user.
        default_branch: finds the default branch of a run that does not say its own.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        folder: Path | None,
        settings: Config,
        warn: Callable[[str], None],
        default_branch: Callable[[], str],
    ) -> None:
        self.lines: Final[list[str]] = []
        self._settings: Final = settings
        self._warn: Final = warn
        self._now: Final = time.time
        self._monotonic: Final = time.monotonic
        self._errands: Final = [Errand(sink, _box(sink, folder)) for sink in sinks]
        self._clean: Final = CleanProcess(settings, folder, default_branch) if folder is not None else None

    def put(self, run: Run) -> None:
        """
        Put a run into the outboxes, so that it is sent now or later, whatever becomes of this process.
        """
        parcel = pack(run)
        for number, errand in enumerate(self._errands):
            try:
                errand.box.put(parcel)
            except StorageError as error:
                self._warn(str(error))
                self._errands[number] = Errand(errand.sink, Held(parcel))

    def send(self, longest_seconds: float) -> bool:
        """
        Send all that waits, for a limited time.

        Args:
            longest_seconds: that are left; a little of it is kept to say what came of it.

        Returns:
            False where the user pressed Ctrl-C; the lines say which runs were sent until then.
        """
        for errand in self._errands:
            self._trim(errand)
        seconds = min(self._settings.push_seconds, max(longest_seconds - _SECONDS_TO_TELL, 0.0))
        try:
            self._tell(self._deliver(seconds))
        except InterruptedDeliveryError as interrupt:
            self._tell(interrupt.tallies)
            return False
        return True

    def _deliver(self, seconds: float) -> Sequence[ErrandTally]:
        is_kept = all(isinstance(errand.box, Outbox) for errand in self._errands)
        if self._clean is None or not is_kept or not self._clean.is_needed:
            return deliver(self._errands, seconds)
        started = self._monotonic()
        try:
            tallies = self._clean.deliver(seconds)
        except KeyboardInterrupt as interrupt:
            raise InterruptedDeliveryError(
                [ErrandTally(waiting=errand.box.count(), failure="interrupted") for errand in self._errands]
            ) from interrupt
        if tallies is not None and len(tallies) == len(self._errands):
            return tallies
        return deliver(self._errands, max(seconds - (self._monotonic() - started), 0.0))

    def _tell(self, tallies: Sequence[ErrandTally]) -> None:
        for errand, tally in zip(self._errands, tallies, strict=True):
            if tally.sent:
                self.lines.append(delivered(errand, tally))
            for message in undelivered(errand, tally):
                self._warn(message)

    def _trim(self, errand: Errand) -> None:
        limits = self._settings.outbox
        if isinstance(errand.box, Outbox):
            errand.box.readmit_after_upgrade()
        gone = errand.box.trim(limits, self._now()) if isinstance(errand.box, Outbox) else 0
        if gone:
            self._warn(let_go(errand, gone, limits))


def _box(sink: Sink, folder: Path | None) -> Box:
    return Held() if folder is None else Outbox(folder, sink.kind, sink.address)
