"""
The exporter without HTTP: takes runs, keeps them, and puts answers to scrapes together.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from paceline.errors import ConflictError, DocumentError, StorageError
from paceline.formatting import counted, moment
from paceline.history.sqlite.exporter_ledger import Exposed, Received, ServedLedger, Terms
from paceline.history.sqlite.lock_wait import LockWait
from paceline.identity import safe_text
from paceline.live_report import LiveReport
from paceline.metrics import catalogue
from paceline.metrics.counters import Key, tally, total_families
from paceline.metrics.families import family
from paceline.metrics.run_samples import branch_label
from paceline.metrics.runs_under_way import report_families
from paceline.model import Run
from paceline.server.drop_folder import CONFLICT, DAMAGED, DropFolder
from paceline.server.exporter_metrics import MAX_SERIES, OwnMetrics
from paceline.server.exporter_settings import LEDGER, ExporterSettings
from paceline.server.exposures import MARGIN_SECONDS, ExposureRules, Exposures, shares_series
from paceline.server.live_runs import LiveRuns
from paceline.server.negotiation import Format
from paceline.server.rendered_run import NOTHING, Cache, Rendered, join_runs, render
from paceline.server.report_checks import Sender, clock_note, read_arrival
from paceline.server.response_texts import Acknowledgement, Answer, LandingSummary
from paceline.server.scrapers import Scraper, Scrapers, resumed
from paceline.shards import part_of

_LOG = logging.getLogger(__name__)
_CACHE_BYTES = 64 << 20
# Whoever sends a run waits 10 s for its answer.
_LOCK_SECONDS = 5.0
# A file that is refused is a run that is, as one that is taken is accepted.
_REFUSED = {CONFLICT: "conflict", DAMAGED: "rejected"}


class ExporterService:
    """
    One exporter. Every method may be called from any thread.

    Raises:
        PacelineError: the data folder cannot be used, or its ledger is damaged.
    """

    def __init__(self, settings: ExporterSettings) -> None:
        self.settings: Final = settings
        self.own: Final = OwnMetrics(_State(self))
        self._now, self._ticks = time.time, time.monotonic
        self._ledger: Final = ServedLedger(settings.data / LEDGER, LockWait(each=_LOCK_SECONDS))
        uncounted = self._ledger.count_rest(self._tally)
        if uncounted:
            _LOG.info("counted %s that no exporter received", counted(uncounted, "run"))
        self._window: Final = settings.expose_window.longest(MARGIN_SECONDS)
        known = resumed(self._ledger.scrapers(), self._now())
        self._scrapers: Final = Scrapers(settings.expose_scrapes, known)
        self._exposures: Final = Exposures(self._rules(), self._ledger.exposed(), self._series, self._scrapers)
        self._is_scraped = False
        self._cache: Final = Cache(_CACHE_BYTES)
        self._live: Final = LiveRuns(self._branch)
        self._drop_folder: Final = DropFolder(settings.watch) if settings.watch is not None else None
        self._lock: Final = threading.Lock()
        # Held while a run is rendered, so that it is done once; within the other one, never around it.
        self._rendering: Final = threading.Lock()
        self._fresh: Final[deque[Exposed]] = deque()
        self._dropped: Final[set[str]] = set()

    @property
    def exposed(self) -> int:
        """
        How many runs are exposed now.
        """
        return len(self._exposures)

    def receive(self, document: bytes, where: str, sender: Sender) -> Acknowledgement:
        """
        Keep a run: when this returns, it is on the disk.

        Args:
            document: the run document.
            where: what to call it in an error.
            sender: whom it came from, and when by the clock there.

        Raises:
            DocumentError: the document is not a run.
            ConflictError: another run has the id of this run.
            StorageError: the ledger cannot be written now.
        """
        terms = self._terms()
        run, document = read_arrival(document, where, terms.now)
        try:
            received = self._keep(run, document, terms)
        except ConflictError as error:
            raise ConflictError(f"{where}: {error}") from error
        except DocumentError as error:  # a damaged kept run, which is not the sender's fault
            raise StorageError(f"the ledger is damaged: {error}") from error
        result = "accepted" if received.is_new else "duplicate"
        self.own.reports.labels(result).inc()
        tests = counted(len(run.cases), "test")
        _LOG.info("%s: run %s of %s with %s, from %s", result, run.run_id, run.suite, tests, sender.name)
        notes = (self._check_clock(run, sender, terms.now), self._take(received))
        return Acknowledgement(run_id=run.run_id, result=result, note="; ".join(filter(None, notes)))

    def _check_clock(self, run: Run, sender: Sender, now: float) -> str:
        """
        Say by how much the clock of a sender is off, where it is.
        """
        note = clock_note(run, sender.clock, now)
        if note:
            self.own.skewed.labels(run.suite).inc()
            _LOG.warning("run %s of %s from %s: %s", run.run_id, run.suite, sender.name, note)
        return note

    def _keep(self, run: Run, document: bytes, terms: Terms) -> Received:
        part = part_of(run.run_id)
        if part is None:
            return self._ledger.receive(run, document, terms)
        return self._ledger.receive_part(part, run, document, terms)

    def prepare(self) -> None:
        """
        Render what has come, so that the next scrape need not.
        """
        while self._fresh:
            with suppress(IndexError):  # another thread was faster
                self._rendered(self._fresh.popleft())

    def report(self, report: LiveReport) -> None:
        """
        Take a report of a run under way.
        """
        self._live.add(report, self._ticks())

    def answer(self, scraper: Scraper, form: Format) -> Answer:
        """
        Put an answer together for a scraper. Where two runs have series in common it is in the text format, as
        OpenMetrics wants all samples of a series in one place.
        """
        with self._lock:
            chosen = self._exposures.choose(scraper, lambda run: self._rendered(run).samples, self._now())
            pieces = [self._rendered(run) for run in chosen]
        if form is Format.OPENMETRICS and shares_series(chosen, self._series):
            form = Format.TEXT
        return Answer(body=join_runs(pieces, form), form=form, runs=tuple(chosen))

    def delivered(self, scraper: str, answer: Answer) -> None:
        """
        Note that an answer has reached a scraper.
        """
        with self._lock:
            self._exposures.delivered(scraper, answer.runs, self._now())
            self._is_scraped = True

    def tend(self) -> None:
        """
        What is due from time to time: expose what has waited for other parts, and no longer what has been seen; look
        into the drop folder.

        Raises:
            PacelineError: the ledger cannot be written.
        """
        terms = self._terms()
        for received in self._ledger.receive_incomplete(terms.now - self.settings.shard_seconds, terms):
            if received.run is not None:
                _LOG.info("run %s of %s is complete without its missing parts", received.run.run_id, received.run.suite)
            self._take(received)
        with self._lock:
            retired = self._exposures.retire(terms.now)
        if retired:
            self._tell([one.run for one in retired if not one.is_seen], terms.now)
            self._ledger.retire([one.run.run_id for one in retired])
            self._forget([one.run for one in retired])
        if self._drop_folder is not None:
            self._look_into(self._drop_folder)
        self.prepare()
        self.keep_scrapers()

    def keep_scrapers(self) -> None:
        """
        Write who scrapes and has seen which runs, where that is new.

        Raises:
            PacelineError: the ledger cannot be written.
        """
        with self._lock:
            is_scraped, self._is_scraped = self._is_scraped, False
            scrapers = self._scrapers.encoded() if is_scraped else {}
        if is_scraped:
            self._ledger.keep_scrapers(scrapers)

    def state_families(self) -> Iterator[Family]:
        """
        The families of the state channel that are not this process' own counters.
        """
        last_ends = self._last_ends()
        yield from total_families(self._ledger.totals())
        ends: dict[Key, float] = {}
        for (suite, *branches), ended in last_ends.items():
            key = (suite, self._branch(*branches))
            ends[key] = max(ended, ends.get(key, 0.0))
        yield family(catalogue.LAST_RUN_END, ends)
        yield family(catalogue.EXPORTER_WAITING, {(): self.exposed})
        yield from report_families(self._live.current(self._ticks()), self._branch, self._live.counters())

    def _last_ends(self) -> dict[tuple[str, str, str], float]:
        """
        When the last run of each suite and branch ended. Nothing is counted of suites without a run, which were pruned.
        """
        # The ledger has a run before something of that run is counted.
        counted_suites = self.own.suites()
        last_ends = self._ledger.last_ends()
        self.own.forget(counted_suites - {suite for suite, *_ in last_ends})
        return last_ends

    def summary(self) -> LandingSummary:
        """
        What the landing page says.
        """
        self._last_ends()
        latest = self._ledger.summaries(limit=10)
        with self._lock:
            return LandingSummary(
                exposed=self.exposed,
                scrapers=len(self._scrapers),
                live=len(self._live.current(self._ticks())),
                dropped=self.own.by_suite(self.own.dropped),
                late=self.own.by_suite(self.own.late),
                latest=[(suite, run.branch, run.run_id, outcome, run.ended) for suite, outcome, run in latest],
            )

    def _look_into(self, folder: DropFolder) -> None:
        results = folder.look(lambda document, name: self.receive(document, name, _file(name)))
        for result, count in results.items():
            self.own.files.labels(result).inc(count)
            if result in _REFUSED:
                self.own.reports.labels(_REFUSED[result]).inc(count)

    def _rules(self) -> ExposureRules:
        told = self.settings
        return ExposureRules(
            seconds=told.expose_seconds, scrapes=told.expose_scrapes, samples=told.max_series, window=self._window
        )

    def _terms(self) -> Terms:
        now = self._now()
        return Terms(now=now, tally=self._tally, oldest=now - self._window)

    def _take(self, received: Received) -> str:
        """
        Expose what was received, or say why it is not.
        """
        run = received.run
        if received.exposed is not None:
            self._expose(received.exposed)
        if run is None or received.exposed is not None:
            return ""
        self.own.late.labels(run.suite).inc()
        note = f"run {run.run_id} is kept and not exposed: {self._too_late(run.ended)}"
        _LOG.warning("%s", note)
        return note

    def _too_late(self, ended: float) -> str:
        return (
            f"it ended at {moment(ended)}, too long ago for --expose-window={self.settings.expose_window.text};"
            " `paceline export openmetrics` writes it for Prometheus"
        )

    def _expose(self, run: Exposed) -> None:
        with self._rendering:
            self._cache.drop(run.run_id)
        with self._lock:
            self._exposures.add(run)
        self._fresh.append(run)

    def _forget(self, retired: Sequence[Exposed]) -> None:
        with self._rendering:
            for run in retired:
                self._cache.drop(run.run_id)
        self._dropped.difference_update(run.run_id for run in retired)

    def _tell(self, unseen: Sequence[Exposed], now: float) -> None:
        """
        Say which runs not every Prometheus came for, and count those that are late for it now.
        """
        for run in unseen:
            why = "not every Prometheus scraped it within a week"
            if now - run.ended > self._window:
                self.own.late.labels(run.suite).inc()
                why = f"not every Prometheus scraped it, and {self._too_late(run.ended)}"
            _LOG.warning("run %s is no longer exposed: %s", run.run_id, why)

    def _rendered(self, exposed: Exposed) -> Rendered:
        with self._rendering:
            known = self._cache.get(exposed.run_id)
            if known is None:
                run = self._read(exposed.run_id)
                known = self._render(run, exposed.stamp) if run is not None else NOTHING
                self._cache.put(exposed.run_id, known)
            return known

    def _render(self, run: Run, stamp: int) -> Rendered:
        rendered = render(run, stamp, self.settings.branches, self.settings.max_series)
        if rendered.dropped and run.run_id not in self._dropped:
            self._dropped.add(run.run_id)
            self.own.dropped.labels(run.suite, MAX_SERIES).inc(rendered.dropped)
            _LOG.warning("run %s: %d samples are beyond --max-series", run.run_id, rendered.dropped)
        return rendered

    def _read(self, run_id: str) -> Run | None:
        try:
            return self._ledger.received(run_id)
        except DocumentError as error:
            _LOG.warning("not exposed: %s", error)
            return None

    def _tally(self, run: Run) -> dict[Key, float]:
        return tally(run, self._branch(run.branch, run.default_branch))

    def _series(self, run: Exposed) -> tuple[str, str]:
        return run.suite, self._branch(run.branch, run.default_branch)

    def _branch(self, branch: str, default_branch: str) -> str:
        return branch_label(branch, default_branch, self.settings.branches)


def _file(name: str) -> Sender:
    return Sender(name=f"the file {safe_text(name)}")


class _State(Collector):
    def __init__(self, service: ExporterService) -> None:
        self._service = service

    def collect(self) -> Iterator[Family]:
        return self._service.state_families()

    def describe(self) -> list[Family]:
        return []
