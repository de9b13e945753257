"""
The results folder during a session: what a session that died left, the journal of this one, and the run at the end.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from paceline.analysis.past import Past
from paceline.config import Config
from paceline.errors import StorageError
from paceline.formatting import counted
from paceline.history.archive import Archive
from paceline.history.journal import Journal
from paceline.model import Case, Run
from paceline.plugin.guard import Guard

if TYPE_CHECKING:
    from paceline.plugin.send_runs import Sending


class Journaling:
    """
    Keeps the run in the results folder, or nothing: where the user does not want it, where the folder cannot be
    written to, and in a session that a test of another session started there.

    `superseded` is the run of a session that died and had the id of this one.
    """

    def __init__(self, archive: Archive, settings: Config, guard: Guard, sending: "Sending | None") -> None:
        self.superseded: Run | None = None
        self._archive: Final = archive
        self._settings: Final = settings
        self._guard: Final = guard
        self._sending: Final = sending
        self._keeps = settings.save_results
        self._journal: Journal | None = None
        self._is_kept = False

    def prepare(self, *, is_nested: bool) -> None:
        """
        Make the results folder, or say why nothing is kept.

        Args:
            is_nested: whether a test of another session started this one.
        """
        if not self._keeps:
            return
        if is_nested and self._archive.is_in_use():
            self._keeps = False
            return
        try:
            self._archive.folder.prepare()
        except StorageError as error:
            self._keeps = False
            self._guard.warn(f"this run is not kept: {error}")

    def place(self) -> str:
        """
        Where the run will be kept, for the header.
        """
        return f"results in {os.path.relpath(self._settings.results)}" if self._keeps else "no results are kept"

    def begin(self, run: Run) -> None:
        """
        Start the journal.
        """
        if self._keeps:
            self._guard.tried(lambda: self._begin(run), "opening the journal")

    def add(self, case: Case) -> None:
        """
        Write a case to the journal; one that cannot be written is kept with the run at the end.
        """
        if self._journal is None:
            return
        try:
            self._journal.add(case)
        except OSError as error:
            self._guard.failed(error, "writing the journal")

    def keep(self, run: Run, past: Past) -> Run | None:
        """
        Keep the judged run; see `Archive.keep`. None where no results are kept.
        """
        kept = self._archive.keep(run, past) if self._keeps else None
        self._is_kept = kept is not None
        return kept

    def end(self, *, has_cases: bool) -> None:
        """
        Close the journal; one whose run is not kept stays for the next session.
        """
        journal = self._journal
        if journal is not None:
            is_kept = self._is_kept or not has_cases
            self._guard.tried(lambda: journal.close(is_kept=is_kept), "closing the journal")

    def recover(self, run: Run) -> None:
        """
        Keep what sessions that died had measured.
        """
        if not self._keeps:
            return
        left_behind = self._archive.recover(self._settings.rules, run.suite)
        self._put(left_behind.kept)
        for found in left_behind.recovered:
            tests = f"a session that died left {counted(len(found.cases), 'test')}"
            if found.run_id == run.run_id:
                self.superseded = found
                self._guard.warn(f"{tests} under the id of this run, {run.run_id}; this run replaces them")
                continue
            self._guard.warn(f"{tests}, kept as run {found.run_id}")
            self._put([found])

    def _put(self, runs: Iterable[Run]) -> None:
        if self._sending is not None:
            for run in runs:
                self._sending.put(run)

    def _begin(self, run: Run) -> None:
        self._journal = Journal(self._archive.folder.journals, run)
