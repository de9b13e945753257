"""
A run from its start to its end: what is begun before the first test, and what is made of it after the last.
"""

import os
from collections.abc import Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from paceline.analysis.confirmation import confirmed
from paceline.analysis.past import Past
from paceline.config import Config
from paceline.errors import StorageError
from paceline.formatting import counted
from paceline.history.journal import Journal
from paceline.identity import safe_text
from paceline.live_report import LiveReport
from paceline.model import Case, Run, RunOutcome
from paceline.plugin.cases import CaseBook
from paceline.plugin.components import Components
from paceline.plugin.measure.meter import Meter
from paceline.plugin.measure.repeat import Repeater, measure_again
from paceline.plugin.misread_paths import misleading
from paceline.plugin.progress import Progress
from paceline.plugin.run_metadata import RunMetadata
from paceline.plugin.terminal_report import say_repeats, verbose_line, write_messages, write_report, write_sent
from paceline.plugin.xdist import Order, measurement_on
from paceline.probes.sampler import Sampler
from paceline.project_archive import open_archive
from paceline.shards import part_of
from paceline.translated_names import RunCount

if TYPE_CHECKING:
    from paceline.plugin.live_endpoint import LiveEndpoint
    from paceline.plugin.live_reports import LiveReports
    from paceline.plugin.send_runs import Sending

EXIT_VERDICT = 10
_OUTCOMES = {
    pytest.ExitCode.OK: RunOutcome.PASSED,
    pytest.ExitCode.NO_TESTS_COLLECTED: RunOutcome.PASSED,
    pytest.ExitCode.TESTS_FAILED: RunOutcome.FAILED,
    pytest.ExitCode.INTERRUPTED: RunOutcome.INTERRUPTED,
}


class RunSession:
    """
    In the process that reports: the only one there is, or the controller of xdist.
    """

    def __init__(self, config: pytest.Config, settings: Config, parts: Components) -> None:
        self._config = config
        self._settings = settings
        self._parts = parts
        self._guard = parts.guard
        self._archive = open_archive(settings, config.rootpath, parts.guard.warn)
        self._sampler = Sampler(parts.own, settings.sample_seconds)
        self._book = CaseBook(parts.planner, self._keep_case)
        self._sending = self._open_sending() if settings.push or settings.otlp else None
        self._live: LiveEndpoint | None = None
        self._heartbeat: LiveReports | None = None
        self._progress = Progress(parts.planner)
        self._journal: Journal | None = None
        self._run: Run | None = None
        # What a session left that died and had the id of this one. It is sent if this one has no run.
        self._superseded: Run | None = None
        self._judged: tuple[Run, Past] | None = None
        self._past = Past()
        self._is_kept = False
        self._head = RunMetadata(config, settings, parts.guard)
        if settings.live:
            self._heartbeat = self._make_heartbeat(settings.live)
        if settings.live or settings.port is not None:
            config.pluginmanager.register(self._progress, "paceline-progress")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        try:
            if self._settings.save_results:
                self._archive.folder.prepare()
        except StorageError as error:
            raise pytest.UsageError(f"paceline: {error}") from error
        if self._settings.port is not None:
            self._live = self._start_live(self._settings.port)
        self._guard.tried(self._sampler.start, "sampling")
        self._head.begin()

    def pytest_report_header(self) -> list[str]:
        given = self._config.invocation_params
        served = [f"paceline: live metrics on {self._live.url}"] if self._live is not None else []
        return [
            f"paceline: suite {self._settings.suite}, results in {os.path.relpath(self._settings.results)}",
            *served,
            *(f"paceline: {warning}" for warning in misleading(given.args, given.dir, self._config.rootpath)),
        ]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        # By now git has had the time of the collection to answer, and no test has begun.
        if self._live is not None or self._heartbeat is not None:
            self._progress.branch = self._head.origin.branch
        if self._heartbeat is not None:
            self._guard.tried(self._heartbeat.start, "sending live reports")
        if self._settings.save_results:
            self._guard.tried(self._open_journal, "opening the journal")
        result = yield
        if self._parts.meter is not None and self._settings.confirmation.enabled:
            self._guard.tried(partial(self._measure_again, session, self._parts.meter), "measuring again")
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "setup" and report.passed:  # as the book has it, three calls earlier
            return
        try:
            self._take(report)
        except Exception as error:  # noqa: BLE001 - as the guard does, which costs a closure for each report
            self._guard.failed(error, "taking a report")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        self._guard.tried(self._sampler.stop, "sampling")
        if self._live is not None:
            self._guard.tried(self._live.close, "closing the live endpoint")
        if self._heartbeat is not None:
            self._guard.tried(self._heartbeat.end, "ending live reports")
        if self._book.cases:
            self._guard.tried(partial(self._finish, session, exitstatus), "judging and keeping the run")
        if self._journal is not None:
            is_kept = self._is_kept or not self._book.cases
            self._guard.tried(partial(self._journal.close, is_kept=is_kept), "closing the journal")
        try:
            self._wait_for_servers()
        except KeyboardInterrupt:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        self._head.close()

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        if self._run is not None:
            write = partial(write_report, terminalreporter, self._run, self._past, self._settings)
            self._guard.tried(write, "writing the report")
            if self._sending is not None:
                write_sent(terminalreporter, self._sending.lines)
        write_messages(terminalreporter, self._guard)

    def order(self) -> Order:
        """
        What a worker has to know of this run.
        """
        return Order(run=self._build_run(RunOutcome.PASSED), default_branch=self._head.origin.default_branch)

    def _measure_again(self, session: pytest.Session, meter: Meter) -> None:
        if session.shouldstop or session.shouldfail or not self._book.cases:
            return
        limits, parts = self._settings.confirmation, self._parts
        self._judged = self._judge()
        repeater = Repeater(meter, parts.planner, parts.repeats, limits)
        suspects = repeater.find_suspects(session, self._judged[0])
        if suspects:
            say_repeats(self._config, len(suspects), limits.seconds)
        measure_again(self._config, suspects, repeater, limits.repeats)

    def _open_sending(self) -> "Sending":
        from paceline.delivery.configured_sinks import open_sinks  # noqa: PLC0415
        from paceline.plugin.send_runs import Sending  # noqa: PLC0415 - imported by those who send

        settings = self._settings
        sinks = open_sinks(settings, lambda: self._head.origin.default_branch, self._guard.warn)
        folder = self._archive.folder.outbox if settings.save_results else None
        return Sending(sinks, folder, settings, self._guard.warn)

    def _start_live(self, port: int) -> "LiveEndpoint":
        from paceline.plugin.live_endpoint import LiveEndpoint  # noqa: PLC0415 - an endpoint is rare, and its imports are not

        try:
            live = LiveEndpoint(port, self._settings.suite, self._parts, self._sampler, self._progress)
        except OSError as error:
            raise pytest.UsageError(
                f"paceline: the live endpoint cannot use port {port} on 127.0.0.1: {error.strerror}; "
                "choose another with --paceline-port"
            ) from error
        return live

    def _make_heartbeat(self, url: str) -> "LiveReports":
        from paceline.plugin.live_reports import LiveReports, LiveServer  # noqa: PLC0415 - as the endpoint

        server = LiveServer(url, self._settings.push_ca_file, os.environ)
        return LiveReports(server, self._live_report, self._guard, self._parts.own)

    def _live_report(self, is_over: bool) -> LiveReport:
        progress, part = self._progress, part_of(self._head.run_id)
        return LiveReport(
            run_id=self._head.run_id,
            suite=self._head.suite,
            branch=safe_text(progress.branch),
            # Nobody waits for git where no test began.
            default_branch=self._head.origin.default_branch if progress.branch else "",
            shard=f"{part.number}of{part.parts}" if part else "",
            expected=progress.expected,
            ended=progress.ended,
            active=progress.active(),
            outcomes=dict(progress.outcomes),
            budgets={name: budget / 1e3 for name, budget in self._parts.planner.type_budgets_ms.items()},
            sample=self._sampler.latest,
            is_over=is_over,
        )

    def _open_journal(self) -> None:
        head = self._head
        for run in self._archive.recover(self._settings.rules, head.suite):
            left = f"a session that died left {counted(len(run.cases), 'test')}"
            if run.run_id == head.run_id:
                self._superseded = run
                self._guard.warn(f"{left} under the id of this one, {head.run_id}, which takes its place")
                continue
            self._guard.warn(f"{left}, kept as run {run.run_id}")
            if self._sending is not None:
                self._sending.put(run)
        self._journal = Journal(self._archive.folder.journals, self._build_run(RunOutcome.CRASHED))

    def _take(self, report: pytest.TestReport) -> None:
        measurement = None
        if report.when == "teardown":
            meter = self._parts.meter
            measurement = meter.take(report.nodeid) if meter is not None else measurement_on(report)
        self._book.add_report(report, measurement)

    def _wait_for_servers(self) -> None:
        if self._sending is not None and self._run is None and self._superseded is not None:
            self._guard.tried(partial(self._sending.put, self._superseded), "keeping the run that waits")
        if self._sending is not None and self._run is not None:
            self._guard.tried(self._sending.send, "sending the run")
        if self._heartbeat is not None:
            # The last report was on its way meanwhile, so that it adds nothing to what the user gives servers.
            self._guard.tried(partial(self._heartbeat.close, self._settings.push_seconds), "ending live reports")

    def _keep_case(self, case: Case) -> None:
        if self._journal is not None:
            self._journal.add(case)
        self._progress.add(case)
        if self._live is not None:
            self._live.add(case)
        if self._settings.verbose_tests:
            verbose_line(self._config, case)

    def _finish(self, session: pytest.Session, exitstatus: int) -> None:
        is_cut = bool(session.shouldstop or session.shouldfail)
        judged, past = self._judged or self._judge()
        outcome = _OUTCOMES.get(exitstatus, RunOutcome.ERROR)  # type: ignore[call-overload]
        is_confirmed = self._settings.confirmation.enabled
        run = replace(
            confirmed(judged, self._parts.repeats.cases) if is_confirmed else judged,
            outcome=outcome,
            is_partial=is_cut or outcome is RunOutcome.INTERRUPTED or self._head.is_selection,
            counts=self._counts(),
        )
        self._run = run
        if self._settings.save_results:
            self._is_kept = self._archive.keep(run, past)
        self._past = past
        is_failed = any(verdict.kind in self._settings.fail_on for verdict in run.verdicts)
        if is_failed and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = EXIT_VERDICT
        if self._sending is not None:
            self._sending.put(run)

    def settle(self, retained: Mapping[str, float]) -> None:
        """
        Mend what tests keep, as a worker found it later.
        """
        self._book.settle(retained)

    def _judge(self) -> tuple[Run, Past]:
        if self._parts.meter is not None:
            self._book.settle(self._parts.meter.take_settled())
        run = self._build_run(RunOutcome.PASSED)
        return self._archive.judged(run, self._settings.rules, self._head.origin.default_branch)

    def _counts(self) -> dict[RunCount, int]:
        return {
            RunCount.IDS_MADE_SAFE: self._parts.planner.made_safe,
            RunCount.INTERNAL_FAILURES: self._guard.failures,
        }

    def _build_run(self, outcome: RunOutcome) -> Run:
        return self._head.run(tuple(self._book.cases.values()), self._sampler.machine(), outcome, self._counts())
