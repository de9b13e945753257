"""
A run from its start to its end: what is begun before the first test, and what is made of it after the last.
"""

import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from paceline.analysis.judge import judge
from paceline.analysis.past import Past
from paceline.config import Config
from paceline.errors import StorageError
from paceline.history.archive import Archive
from paceline.history.journal import Journal
from paceline.identity import safe_text
from paceline.model import Case, Run, RunOutcome
from paceline.plugin.cases import CaseBook
from paceline.plugin.guard import Guard
from paceline.plugin.live import Endpoint, LiveRun
from paceline.plugin.meter import Meter
from paceline.plugin.plan import Planner
from paceline.plugin.run_id import new_run_id
from paceline.plugin.summary import Summary, verbose_line
from paceline.plugin.workers import measurement_on
from paceline.probes.calibration import calibrate
from paceline.probes.origin import Origin, OriginFinder, find_environment
from paceline.probes.own import OwnWork
from paceline.probes.sampler import Sampler

EXIT_VERDICT = 10
_T = TypeVar("_T")
_OUTCOMES = {
    pytest.ExitCode.OK: RunOutcome.PASSED,
    pytest.ExitCode.NO_TESTS_COLLECTED: RunOutcome.PASSED,
    pytest.ExitCode.TESTS_FAILED: RunOutcome.FAILED,
    pytest.ExitCode.INTERRUPTED: RunOutcome.INTERRUPTED,
}
# Options of pytest that make a run a part of the suite; in the controller of xdist nothing else tells.
_PARTIAL_OPTIONS = ("keyword", "markexpr", "lf", "stepwise", "deselect", "paceline_benchmarks_only")


class RunSession:
    """
    In the process that reports: the only one there is, or the controller of xdist.
    """

    def __init__(
        self,
        config: pytest.Config,
        settings: Config,
        planner: Planner,
        meter: Meter | None,
        own: OwnWork,
        guard: Guard,
    ) -> None:
        self._config = config
        self._settings = settings
        self._planner = planner
        self._meter = meter
        self._own = own
        self._guard = guard
        self._archive = Archive(Path(settings.results), guard.warn)
        self._sampler = Sampler(own, settings.sample_seconds)
        self._live = LiveRun(settings.suite, planner, self._sampler, guard)
        self._book = CaseBook(planner, [self._keep_case])
        self._endpoint: Endpoint | None = None
        self._journal: Journal | None = None
        self._run: Run | None = None
        self._origin: Origin | None = None
        self._clock, self._stopwatch = time.time, time.perf_counter
        self._started, self._started_ticks = self._clock(), self._stopwatch()
        self._run_id = new_run_id(self._started)
        self._calibration: float | None = None
        self._deselected = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        try:
            if self._settings.save_results:
                self._archive.folder.prepare()
        except StorageError as error:
            raise pytest.UsageError(f"paceline: {error}") from error
        self._open_endpoint()
        self._finder = OriginFinder(self._config.rootpath, default_branch=self._settings.default_branch)
        self._guarded(self._sampler.start, "sampling")
        self._calibration = self._guarded(calibrate, "calibration")

    def pytest_report_header(self) -> list[str]:
        served = [f"paceline: live metrics on {self._endpoint.url}"] if self._endpoint is not None else []
        return [f"paceline: suite {self._settings.suite}, results in {self._settings.results}", *served]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._deselected += len(items)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, Any, Any]:
        # By now git has had the time of the collection to answer, and no test has begun.
        self._origin = self._guarded(self._finder.find, "asking git")
        if self._origin is not None:
            self._live.branch = self._origin.branch
        if self._settings.save_results:
            self._guarded(self._open_journal, "opening the journal")
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._guarded(lambda: self._take(report), "taking a report")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        self._guarded(self._sampler.stop, "sampling")
        if self._endpoint is not None:
            self._endpoint.close()
        if self._book.cases:
            self._guarded(lambda: self._finish(session, exitstatus), "judging and keeping the run")
        if self._journal is not None and self._run is not None:
            self._journal.close()

    def _open_endpoint(self) -> None:
        self._config.pluginmanager.register(self._live, "paceline-live")
        if self._settings.port is None:
            return
        try:
            self._endpoint = Endpoint(self._settings.port, self._live.registry, self._own)
        except OSError as error:
            raise pytest.UsageError(
                f"paceline: the live endpoint cannot use port {self._settings.port} on 127.0.0.1: {error.strerror}; "
                "choose another with --paceline-port"
            ) from error

    def _open_journal(self) -> None:
        recovered = self._archive.recover(self._settings.rules)
        for run in recovered:
            self._guard.warn(f"a session that died left {len(run.cases)} tests; they are kept as run {run.run_id}")
        self._journal = Journal(self._archive.folder.journals, self._build_run(RunOutcome.CRASHED))

    def _take(self, report: pytest.TestReport) -> None:
        measurement = None
        if report.when == "teardown":
            measurement = self._meter.take(report.nodeid) if self._meter is not None else measurement_on(report)
        self._book.add_report(report, measurement)

    def _keep_case(self, case: Case) -> None:
        if self._journal is not None:
            self._journal.add(case)
        self._live.add(case)
        if self._settings.verbose_tests:
            verbose_line(self._config, case)

    def _finish(self, session: pytest.Session, exitstatus: int) -> None:
        outcome = _OUTCOMES.get(exitstatus, RunOutcome.ERROR)  # type: ignore[call-overload]
        measured = self._build_run(outcome, is_cut=bool(session.shouldstop or session.shouldfail))
        past = self._past_of(measured)
        self._run = run = judge(measured, past, self._settings.rules)
        if self._settings.save_results:
            self._archive.keep(run, past)
        self._config.pluginmanager.register(
            Summary(run, past, self._settings, self._guard), "paceline-summary"
        )
        is_failed = any(verdict.kind in self._settings.fail_on for verdict in run.verdicts)
        if is_failed and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = EXIT_VERDICT

    def _past_of(self, run: Run) -> Past:
        default = self._origin.default_branch if self._origin else ""
        return self._archive.past_of(run, self._settings.rules, default)

    def _build_run(self, outcome: RunOutcome, *, is_cut: bool = False) -> Run:
        origin = self._origin or Origin(branch="main", default_branch="main")
        options = (self._config.getoption(name, None) for name in _PARTIAL_OPTIONS)
        return Run(
            run_id=self._run_id,
            suite=safe_text(self._settings.suite),
            branch=safe_text(origin.branch),
            commit=safe_text(origin.commit),
            dirty=origin.dirty,
            outcome=outcome,
            is_partial=is_cut or outcome is RunOutcome.INTERRUPTED or self._deselected > 0 or any(options),
            # A wall clock may be set back while tests run; a stopwatch cannot.
            started=self._started,
            ended=self._started + self._stopwatch() - self._started_ticks,
            environment=find_environment(),
            machine=replace(self._sampler.machine(), calibration_seconds=self._calibration),
            counts={"ids made safe": self._planner.made_safe, "failures inside Paceline": self._guard.failures},
            cases=tuple(self._book.cases.values()),
        )

    def _guarded(self, step: Callable[[], _T], doing: str) -> _T | None:
        try:
            return step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of the user's tests
            self._guard.failed(error, doing)
            return None
