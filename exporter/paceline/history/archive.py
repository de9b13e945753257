"""
Keep a run, and find the past of one: the results folder and its ledger as one thing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import inf
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from msgspec import DecodeError, Struct, json
from msgspec.structs import replace

from paceline.analysis.added_calls import needed_runs, with_added_calls
from paceline.analysis.baselines import Baselines
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import EVERY_TEST, Needed, Past, PastRun
from paceline.analysis.summary import summarize
from paceline.analysis.work_findings import needed_vectors, with_functions
from paceline.analysis.work_of_suspects import with_work_of_suspects
from paceline.documents import decode_run, encode_run
from paceline.errors import DocumentError, NewerDocumentError, PacelineError, StorageError
from paceline.formatting import counted
from paceline.history.journal import has_live_journal, left_behind, sweep
from paceline.history.past_judge import PastJudge, Warn, read_or_warn
from paceline.history.results_folder import (
    ResultsFolder,
    read_run,
    set_aside,
    stem_of,
    stem_of_path,
    unpacked_document,
)
from paceline.history.source import Server, TimeSpan, find_past
from paceline.history.sqlite.database import NotALedgerError
from paceline.history.sqlite.ledger import Ledger
from paceline.history.sqlite.lock_wait import LockWait
from paceline.history.trends_file import add_trends, write_trends
from paceline.model import LATEST, Run, RunOutcome
from paceline.readable_part import NOT_READABLE, readable_part

_T = TypeVar("_T")


class LeftBehind(NamedTuple):
    """
    What sessions that died left: runs that were `recovered` from journals, and runs that had been `kept` whole before
    their session died.
    """

    recovered: Sequence[Run]
    kept: Sequence[Run]


class Archive:
    """
    The runs that a project keeps in its results folder.

    What goes wrong here must not cost the run that was just measured, so each step is tried for itself and a
    failure is a line for `warn`.

    Args:
        folder: the results folder.
        warn: takes a line for the user.
        server: has the past runs instead of the folder.
        baselines: what tests are judged against where that is not simply their latest past.
        lock_wait: waits where another process has the ledger locked.
    """

    def __init__(
        self,
        folder: Path,
        warn: Warn,
        *,
        server: Server | None = None,
        baselines: Baselines | None = None,
        lock_wait: LockWait | None = None,
    ) -> None:
        self.folder = ResultsFolder(folder, warn)
        self.ledger = Ledger(self.folder.ledger, lock_wait)
        self._warn = warn
        self._server = server
        self.baselines: Final = baselines or Baselines()

    def is_in_use(self) -> bool:
        """
        Whether another session is running that keeps its run here.
        """
        return has_live_journal(self.folder.journals)

    def recover(self, rules: Rules, suite: str) -> LeftBehind:
        """
        Set a damaged ledger aside, add the documents that it lacks, and keep what sessions of a suite that died had
        measured.
        """
        self.refill_ledger()
        sweep(self.folder.journals, self._warn)
        recovered, kept = [], []
        for journal, run in left_behind(self.folder.journals, suite):
            known = self._tried(partial(self.ledger.run, run.run_id))
            if known is not None and _is_same_session(known, run):
                journal.unlink(missing_ok=True)
                kept.append(known)
                continue
            judged, past = self._judged_here(run, rules)
            judged = self.with_places(judged, past, rules)
            if run.cases and not self.keep(judged, past):
                continue
            journal.unlink(missing_ok=True)
            recovered += [judged] if run.cases else []
        return LeftBehind(recovered, kept)

    def judged(self, run: Run, rules: Rules, default_branch: str = "") -> tuple[Run, Past]:
        """
        Judge a run against its past, which is empty where it cannot be read.

        Returns:
            The judged run, and what it was judged against.
        """
        if self._server is None:
            judged, past = self._judged_here(run, rules, default_branch)
            return judged, self._with_other_suites(past, run)
        try:
            return PastJudge(self._server, self.baselines, self._warn).judged(run, rules, default_branch, run.ended)
        except PacelineError as error:
            self._warn(f"no history: {error}")
            return judge(run, Past(), rules), Past(source=self._server.name)

    def with_places(self, run: Run, past: Past, rules: Rules) -> Run:
        """
        Name the functions, lines and hosts by which counts changed, as far as earlier runs are kept here.

        Args:
            run: the run, with its final verdicts.
            past: what it was judged against.
            rules: by which thresholds.
        """
        run = with_work_of_suspects(run, past, rules.work)
        needed = needed_vectors(run, past)
        earlier = self._tried(lambda: self._of_ledger(lambda: self.ledger.vectors(needed))) or {}
        run = with_functions(run, past, earlier)
        known = (self._tried(partial(self.ledger.run, run_id)) for run_id in needed_runs(run, past))
        return with_added_calls(run, past, {one.run_id: one for one in known if one is not None})

    def past_of(self, run: Run, rules: Rules, default_branch: str = "", *, shown: Needed = EVERY_TEST) -> Past:
        """
        The past of a kept run up to its end, on its own branch where that has runs enough, else on the default
        branch. It is empty where it cannot be read.

        Args:
            run: the run.
            rules: give the window of time and what is enough.
            default_branch: the default branch of a run that does not say its own; "" for none.
            shown: the measures that are shown beside those of every test.
        """
        try:
            reader = find_past(self._server or self.ledger, run, rules, default_branch, run.ended)
            reader.read(EVERY_TEST)
            read_or_warn(reader, shown, self._warn)
        except PacelineError as error:
            self._warn(f"no history: {error}")
            return Past(source=self._server.name if self._server is not None else "")
        return self._with_other_suites(reader.past(), run)

    def _with_other_suites(self, past: Past, run: Run) -> Past:
        """
        A past without runs with the suites that the folder has runs of instead.
        """
        if past.runs or past.source:
            return past
        try:
            summaries = self.ledger.summaries()
        except (PacelineError, OSError):
            return past
        kept = {suite for suite, _, one in summaries if one.run_id != run.run_id}
        return past if run.suite in kept else replace(past, other_suites=tuple(sorted(kept)))

    def latest(self, suite: str, needed: Needed, limit: int) -> Past:
        """
        The latest runs of a suite that are kept here, on the branch of the last one.

        Args:
            suite: name of the suite.
            needed: the measures to read.
            limit: the number of runs.

        Raises:
            PacelineError: they cannot be read.
        """
        last = self.ledger.summaries(suite, 1)
        if not last:
            return Past()
        reader = self.ledger.reader(suite, last[0][2].branch, TimeSpan(limit=limit))
        reader.read(needed)
        return reader.past()

    def keep(self, run: Run, past: Past) -> Run | None:
        """
        Write the document, the ledger and the trends.

        Args:
            run: the judged run.
            past: what it was judged against.

        Returns:
            The run as it is kept, as a document or in the ledger: without figures that cannot be read back. None where
            it is not kept.
        """
        readable = self._tried(partial(self._readable, run))
        if readable is None:
            return None
        run, document = readable
        path = self._tried(lambda: self.folder.add_document(document, run.ended))
        added = self._tried(lambda: self._of_ledger(lambda: self.ledger.add(run, document)))
        if added is False:
            self._warn(
                f"{self.folder.ledger} has a run {run.run_id} already, so the new run is kept as a document only: "
                "give each session an id of its own, or PACELINE_SHARD to the parts of one run"
            )
        self._tried(lambda: add_trends(self.folder, run.suite, summarize(run, past)))
        return run if path is not None or added is not None else None

    def _readable(self, run: Run) -> tuple[Run, bytes]:
        _check_times(run)
        try:
            document = encode_run(run)
            decode_run(document, f"run {run.run_id}")
        except (DocumentError, *NOT_READABLE):
            run, left_out = readable_part(run, f"run {run.run_id} is not kept")
            self._warn(f"run {run.run_id} is kept without figures that are out of their bounds: {left_out}")
            document = encode_run(run)
        return run, document

    def take_in(self, run: Run, rules: Rules) -> bool:
        """
        Add a run from elsewhere, judged if it was not, without a document of its own.

        Returns:
            Whether it was new.

        Raises:
            PacelineError: the ledger cannot be written.
        """
        is_judged = any(case.normalized_duration_seconds is not None for case in run.cases)
        return self.ledger.add(run if is_judged else self._judged_here(run, rules)[0])

    def renew_trends(self, rules: Rules, default_branch: str) -> None:
        """
        Write `trends.json` again from the runs that are kept, if there is such a file.

        Args:
            rules: give the window of time and what is enough.
            default_branch: the default branch of runs that do not say their own.

        Raises:
            PacelineError: the runs cannot be read, or the folder cannot be written to.
        """
        if not self.folder.trends.exists():
            return
        latest = {suite: run.run_id for suite, _, run in reversed(self.ledger.summaries())}
        runs = [run for run_id in latest.values() if (run := self.ledger.run(run_id)) is not None]
        write_trends(self.folder, {run.suite: summarize(run, self.past_of(run, rules, default_branch)) for run in runs})

    def prune(self, *, before: float = 0.0, keep: int | None = None, dry_run: bool = False) -> list[str]:
        """
        Forget runs, in the ledger and as documents; see `Ledger.prune`.

        Returns:
            The ids of the runs that are forgotten.
        """
        forgotten = self.ledger.prune(before=before, keep=keep, dry_run=True)
        gone = set(forgotten)
        for path in () if dry_run or not gone else self.folder.documents():
            if _run_id_of(path) in gone:
                path.unlink(missing_ok=True)
        if gone and not dry_run:
            # After the documents, which the next session would add to the ledger again.
            self.ledger.prune(before=before, keep=keep)
            self._tried(self.ledger.shrink)
        return forgotten

    def _judged_here(self, run: Run, rules: Rules, default_branch: str = "") -> tuple[Run, Past]:
        for _ in ("as it is", "rebuilt"):
            try:
                return PastJudge(self.ledger, self.baselines, self._warn).judged(run, rules, default_branch, inf)
            except NotALedgerError as error:
                if self._tried(partial(self._rebuild_ledger, error)) is None:
                    break
            except PacelineError as error:
                self._warn(f"no history: {error}")
                break
        return judge(run, Past(), rules), Past()

    def _of_ledger(self, step: Callable[[], _T]) -> _T:
        """
        What a step with the ledger returns; a damaged one is set aside first.
        """
        try:
            return step()
        except NotALedgerError as error:
            self._rebuild_ledger(error)
            return step()

    def refill_ledger(self) -> None:
        """
        Add the documents that the ledger lacks, as it was locked, the disk was full, or it was damaged or removed.
        """
        summaries = self._tried(lambda: self._of_ledger(self.ledger.summaries))
        if summaries is not None:
            self._refill_ledger(summaries)

    def _rebuild_ledger(self, error: NotALedgerError) -> Path:
        aside = set_aside(self.folder.ledger, "damaged")
        self._warn(f"{error}; it was set aside as {aside.name}, and {self._read_back()} read back from documents")
        return aside

    def _refill_ledger(self, summaries: Sequence[tuple[str, str, PastRun]]) -> None:
        ids, stems = {run.run_id for _, _, run in summaries}, {stem_of(run.ended) for _, _, run in summaries}
        # A second run of the same moment has a number behind the name.
        documents = (path for path in self.folder.documents() if stem_of_path(path) not in stems)
        missing = [path for path in documents if _run_id_of(path) not in ids]
        if missing:
            self._warn(f"{self.folder.ledger} lacked runs: {self._read_back(missing)} read back from documents")

    def _read_back(self, documents: Iterable[Path] | None = None) -> str:
        runs = self._documented(self.folder.documents() if documents is None else documents)
        count = sum(self._tried(partial(self.ledger.add, run)) is True for run in runs)
        return counted(count, "run was", "runs were")

    def _documented(self, documents: Iterable[Path]) -> Iterator[Run]:
        for path in documents:
            try:
                yield read_run(path)
            except (NewerDocumentError, StorageError) as error:
                self._warn(str(error))
            except DocumentError as error:
                aside = self._tried(partial(set_aside, path, "damaged"))
                self._warn(f"{error}; it was set aside as {aside.name}" if aside else str(error))

    def _tried(self, step: Callable[[], _T]) -> _T | None:
        try:
            return step()
        except (PacelineError, OSError) as error:
            self._warn(str(error))
            return None


def _is_same_session(known: Run, died: Run) -> bool:
    """
    Whether a session had kept its run whole before it died.
    """
    is_whole = known.outcome is not RunOutcome.CRASHED
    return is_whole and (known.run_id, known.suite, known.started) == (died.run_id, died.suite, died.started)


def _check_times(run: Run) -> None:
    """
    See that the times of a run can be written as dates.

    Raises:
        DocumentError: they cannot.
    """
    if not 0 <= run.started <= run.ended < LATEST:
        raise DocumentError(
            f"run {run.run_id} is not kept: by the clock of this machine it began at {run.started:.10g} and ended at "
            f"{run.ended:.10g}, expected seconds since 1970"
        )


class _Identity(Struct):
    run_id: str = ""


def _run_id_of(path: Path) -> str:
    try:
        return json.decode(unpacked_document(path.read_bytes(), path.name), type=_Identity).run_id
    except (OSError, DecodeError, DocumentError, UnicodeDecodeError):
        return ""
