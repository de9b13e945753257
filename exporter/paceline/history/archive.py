"""
Keep a run, and find the past of one: the results folder and its ledger as one thing.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from msgspec import DecodeError, json

from paceline.analysis.judge import judge
from paceline.analysis.past import Past
from paceline.analysis.rules import Rules
from paceline.analysis.summary import SuiteSummary, Trends, summarize
from paceline.errors import DocumentError, PacelineError, StorageError
from paceline.history.folder import ResultsFolder, read_document, set_aside
from paceline.history.journal import left_behind
from paceline.history.ledger import Ledger, NotALedgerError
from paceline.model import Run, encode_run

_DAY = 24 * 3600.0

_T = TypeVar("_T")

Warn = Callable[[str], None]


class Archive:
    """
    The runs that a project keeps in its results folder.

    What goes wrong here must not cost the run that was just measured, so each step is tried for itself and a
    failure is a line for `warn`.
    """

    def __init__(self, folder: Path, warn: Warn) -> None:
        self.folder = ResultsFolder(folder)
        self.ledger = Ledger(self.folder.ledger)
        self._warn = warn

    def recover(self, rules: Rules) -> list[Run]:
        """
        Set a damaged ledger aside, and keep what sessions that died had measured.

        Returns:
            The runs that were recovered from journals.
        """
        self._check_ledger()
        recovered = []
        for journal, run in left_behind(self.folder.journals):
            judged = judge(run, self.past_of(run, rules), rules)
            if run.cases:
                self.keep(judged, self.past_of(run, rules))
                recovered.append(judged)
            journal.unlink(missing_ok=True)
        return recovered

    def past_of(self, run: Run, rules: Rules, default_branch: str = "") -> Past:
        """
        What a run is judged against: its own branch where that has runs enough, else the default branch.
        """
        since = run.ended - rules.window_days * _DAY
        try:
            own = self.ledger.past(run.suite, run.branch, since=since, excluding=run.run_id)
            if len(own.runs) >= rules.regression.min_runs or default_branch in {"", run.branch}:
                return own
            default = self.ledger.past(run.suite, default_branch, since=since, excluding=run.run_id)
        except PacelineError as error:
            self._warn(f"no history: {error}")
            return Past()
        return default if len(default.runs) > len(own.runs) else own

    def keep(self, run: Run, past: Past) -> Path | None:
        """
        Write the document, the ledger and the trends.

        Args:
            run: the judged run.
            past: what it was judged against.

        Returns:
            The path of the document, if it could be written.
        """
        document = encode_run(run)
        path = self._tried(lambda: self.folder.add_document(document, run.ended))
        self._tried(lambda: self.ledger.add(run, document))
        self._tried(lambda: self._write_trends(run.suite, summarize(run, past)))
        return path

    def _write_trends(self, suite: str, summary: SuiteSummary) -> None:
        path = self.folder.trends
        known: Mapping[str, SuiteSummary] = {}
        if path.exists():
            try:
                known = json.decode(path.read_bytes(), type=Trends).suites
            except (DecodeError, OSError) as error:
                aside = set_aside(path, "damaged")
                self._warn(f"{path} is not a summary of trends ({error}); it was set aside as {aside.name}")
        self.folder.replace(path, json.encode(Trends(suites={**known, suite: summary})))

    def _check_ledger(self) -> None:
        try:
            self.ledger.summaries(limit=1)
        except NotALedgerError as error:
            try:
                aside = set_aside(self.folder.ledger, "damaged")
            except StorageError as still:
                self._warn(str(still))
                return
            count = sum(self._tried(lambda run=run: self.ledger.add(run)) is True for run in self._documented())
            self._warn(f"{error}; it was set aside as {aside.name}, and {count} runs were read back from documents")
        except PacelineError as error:
            self._warn(str(error))

    def _documented(self) -> Iterator[Run]:
        for path in self.folder.documents():
            try:
                yield read_document(path)
            except (DocumentError, StorageError) as error:
                self._warn(str(error))

    def _tried(self, step: Callable[[], _T]) -> _T | None:
        try:
            return step()
        except (PacelineError, OSError) as error:
            self._warn(str(error))
            return None
