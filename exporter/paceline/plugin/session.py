"""
A session in the process that reports: the only one there is, or the controller of xdist.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from msgspec.structs import replace

from paceline.analysis.baselines import Baselines
from paceline.analysis.ignored_queries import unused
from paceline.analysis.past import Past
from paceline.analysis.repeat_figures import Repeated
from paceline.analysis.rotation import NEEDED_FOR_ROTATION, Rotation, find_rotation
from paceline.analysis.suspects import suspects_of
from paceline.analysis.usual_machine import UsualMachine
from paceline.companion.session_side import Observed
from paceline.config import Config
from paceline.model import Case, FixtureTime, Run, RunOutcome
from paceline.plugin.added_time import AddedTime
from paceline.plugin.case_book import CaseBook
from paceline.plugin.collect.plan import Planner
from paceline.plugin.companion_watch import CompanionWatch
from paceline.plugin.conclude import SessionEnd, accounts_of, conclude, exit_code_of, judged_cases, with_sampled
from paceline.plugin.guard import Guard
from paceline.plugin.journaling import Journaling
from paceline.plugin.misread_paths import misleading
from paceline.plugin.run_metadata import RunMetadata
from paceline.plugin.terminal_report import verbose_line, write_messages, write_report, write_sent
from paceline.plugin.xdist_messages import NumberedCase, WorkerOrder
from paceline.project_archive import lock_wait_of, open_archive
from paceline.report.gate import gate_failures
from paceline.shards import merged_fixtures
from paceline.translated_names import RunCount
from paceline.unpatched import UNPATCHED
from paceline.work import Work, WorkMode, merged_work, with_counts

if TYPE_CHECKING:
    from paceline.plugin.send_runs import Sending

# In twice as many runs as it takes to count all tests, each was counted.
_TURNS = 2


class RunSession:
    """
    Collects the cases of a run; judges, keeps, sends and reports the run at the end.

    `selected` and `deselected` count tests as workers collected them; without workers the planner knows.
    """

    def __init__(self, config: pytest.Config, settings: Config, planner: Planner, guard: Guard) -> None:
        self.guard: Final = guard
        self.repeated = Repeated()
        self.fixtures: tuple[FixtureTime, ...] = ()
        self.probes: tuple[str, ...] | None = None
        self.selected = self.deselected = 0
        self.find_work: Callable[[], Work | None] = self._work_of_workers
        self._works: list[Work] = []
        self._config: Final = config
        self._settings: Final = settings
        self._planner: Final = planner
        self._process: Final = UNPATCHED.getpid()
        self._added: Final = AddedTime(settings.added_seconds, guard)
        self._archive: Final = open_archive(settings, config.rootpath, guard.warn, lock_wait_of(settings))
        self._metadata: Final = RunMetadata(config, settings, guard)
        self._book: Final = CaseBook()
        self._sending: Final = self._open_sending() if settings.push or settings.otlp else None
        self.companion_watch: Final = CompanionWatch(config, settings, planner, guard, self._metadata)
        self._journaling: Final = Journaling(self._archive, settings, guard, self._sending)
        self._judged: tuple[Run, Past] | None = None
        self._run: Run | None = None
        self._session: pytest.Session | None = None
        self._past = Past()

    @property
    def run_id(self) -> str:
        return self._metadata.run_id

    @property
    def baselines(self) -> Baselines:
        """
        What tests are judged against instead of their latest past, and the repeated queries that are tolerated.
        """
        return self._archive.baselines

    @cached_property
    def rotation(self) -> Rotation:
        """
        What is known of the tests that take turns in being counted, as far as runs are kept here.
        """
        settings = self._settings.work
        if settings.mode is not WorkMode.ROTATE:
            return Rotation()
        find = partial(self._archive.latest, self._metadata.suite, NEEDED_FOR_ROTATION, round(_TURNS / settings.share))
        return find_rotation(self.guard.tried(find, "reading earlier runs") or Past(), self.run_id)

    @property
    def is_here(self) -> bool:
        """
        Whether this process began the session. One that a test forked and that goes on never speaks for its parent.
        """
        return self._process == UNPATCHED.getpid()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        prepare = partial(self._journaling.prepare, is_nested=self._metadata.is_nested)
        self.guard.tried(prepare, "preparing the results folder")
        self.companion_watch.start()
        self.guard.tried(self._metadata.begin, "timing the machine")

    def pytest_report_header(self) -> list[str]:
        return self.guard.tried(self._header, "writing the header") or []

    def _header(self) -> list[str]:
        given = self._config.invocation_params
        return [
            f"paceline: suite {self._settings.suite}, {self._journaling.place()}",
            *([f"paceline: live metrics on {self.companion_watch.url}"] if self.companion_watch.url else []),
            *(f"paceline: {warning}" for warning in misleading(given.args, given.dir, self._config.rootpath)),
        ]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, Any, Any]:
        # By now git has had the time of the collection to answer, and no test has begun.
        self.guard.tried(self._begin_tests, "beginning the run")
        if self._added.is_interrupted:
            raise KeyboardInterrupt
        return (yield)

    def _begin_tests(self) -> None:
        self._metadata.settle()
        self.companion_watch.begin_tests()
        self._metadata.begin_tests()
        run = self._build_run(RunOutcome.CRASHED)
        self._journaling.begin(run)
        self._added.tried(partial(self._journaling.recover, run), "recovering earlier runs")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if not self.is_here:
            return
        observed = self._added.tried(self.companion_watch.finish, "asking the companion") or Observed()
        end = SessionEnd(exit_code=exitstatus, is_cut=bool(session.shouldstop or session.shouldfail))
        if len(self._book):
            session.exitstatus = self._conclude(end, observed) or exitstatus
        close_journal = partial(self._journaling.end, has_cases=bool(len(self._book)))
        self._added.tried(close_journal, "closing the journal", in_any_case=True)
        self._send()
        self._added.tried(self._close, "ending the companion", in_any_case=True)
        self._session = session
        self._note_interrupt()

    def _note_interrupt(self) -> None:
        if self._added.is_interrupted and self._session is not None:
            self._session.exitstatus = pytest.ExitCode.INTERRUPTED

    def _close(self) -> None:
        self.companion_watch.close()
        self._metadata.close()

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        if not self.is_here:
            return
        if self._run is not None:
            write = partial(write_report, terminalreporter, self._run, self._past, self._settings)
            self._added.tried(write, "writing the report", in_any_case=True)
            if self._sending is not None:
                write_sent(terminalreporter, self._sending.lines)
        write_messages(terminalreporter, self.guard)
        self._note_interrupt()

    def pytest_unconfigure(self) -> None:
        if self.is_here:
            self._added.tried(self._close, "ending the companion", in_any_case=True)

    def order(self) -> WorkerOrder:
        """
        What a worker has to know of this run.
        """
        self._metadata.settle()
        return WorkerOrder(
            run=self._build_run(RunOutcome.PASSED),
            default_branch=self._metadata.origin.default_branch,
            boundaries=self.companion_watch.fifo_path,
            rotation=self.rotation,
        )

    def add(self, worker: str, numbered: NumberedCase) -> None:
        """
        Take the case of a test that has ended.
        """
        if not self.is_here:
            return
        case = numbered.case
        if self._book.put(worker, numbered):
            self.companion_watch.tell_case(case)
            if self._settings.verbose_tests:
                verbose_line(self._config, case)
        self._journaling.add(case)

    def replace(self, worker: str, number: int, case: Case) -> None:
        """
        Take a better figure of a case that was added.
        """
        self._book.replace(worker, number, case)

    def add_fixtures(self, times: Iterable[FixtureTime]) -> None:
        self.fixtures = merged_fixtures([*self.fixtures, *times])

    def add_probes(self, probes: Collection[str]) -> None:
        """
        Take the probes that were on in a process that ran tests; those of the run were on in each.
        """
        known = probes if self.probes is None else self.probes
        self.probes = tuple(probe for probe in known if probe in probes)

    def add_work(self, work: Work | None) -> None:
        """
        Take the calls that a worker counted.
        """
        self._works += [work] if work is not None else []

    def add_repeats(self, repeated: Repeated) -> None:
        known = self.repeated
        self.repeated = replace(
            known,
            cases={**known.cases, **repeated.cases},
            counted={**known.counted, **repeated.counted},
            reasons={**known.reasons, **repeated.reasons},
        )

    def judge(self) -> Run | None:
        """
        Judge the tests that have ended; None where there are none.
        """
        judged = self._added.tried(self._judge, "judging the run") if len(self._book) else None
        if self._added.is_interrupted:
            raise KeyboardInterrupt
        return judged[0] if judged is not None else None

    def _conclude(self, end: SessionEnd, observed: Observed) -> int | None:
        """
        Judge and keep the run; where it cannot be judged, it is kept without verdicts.
        """
        judge = partial(self._concluded, end, observed)
        run, past = self._added.tried(judge, "judging the run") or (self._unjudged(end), Past())
        if run is None:
            return None
        settings = self._settings
        failed_by = gate_failures(run, past, settings.rules, settings.fail_on, require_history=settings.require_history)
        run = replace(run, failed_by=tuple(failed_by))
        kept = self._added.tried(partial(self._journaling.keep, run, past), "keeping the run", in_any_case=True)
        run = kept or run
        self._run, self._past = run, past
        if self._sending is not None:
            put = partial(self._sending.put, run)
            self._added.tried(put, "keeping the run that waits", in_any_case=True)
        return exit_code_of(run, past, self._settings, end.exit_code)

    def _unjudged(self, end: SessionEnd) -> Run | None:
        build = partial(self._build_run, RunOutcome.PASSED)
        run = self._added.tried(build, "naming the tests", in_any_case=True)
        return conclude(run, None, end) if run is not None else None

    def _concluded(self, end: SessionEnd, observed: Observed) -> tuple[Run, Past]:
        judged, past = self._judged or self._judge()
        complete = replace(
            judged,
            cases=judged_cases(judged.cases, self._book.cases(observed.children_memory_peaks)),
            machine=with_sampled(judged.machine, observed.machine),
            counts=self._counts(),
            work=with_counts(judged.work, self.find_work()),
        )
        repeated = self.repeated if self._settings.confirmation.enabled else None
        suspects = suspects_of(complete, self._settings.fail_on)
        usual = UsualMachine.of(past, suspects, self._settings.rules.regression.min_runs)
        concluded = conclude(complete, repeated, end, self._settings.fail_on, usual)
        run = self._archive.with_places(concluded, past, self._settings.rules)
        if not run.is_partial:
            self._name_unused(run.cases)
        return run, past

    def _name_unused(self, cases: Sequence[Case]) -> None:
        in_file, name = self.baselines.repeated_queries, Path(self._settings.baselines).name
        for ignored, where in ((self._settings.queries.ignore, "queries.ignore"), (in_file, name)):
            for message in unused(ignored, cases, where):
                self.guard.warn(message)

    def _judge(self) -> tuple[Run, Past]:
        self._metadata.end_tests()
        run = self._build_run(RunOutcome.PASSED)
        self._judged = self._archive.judged(run, self._settings.rules, self._metadata.origin.default_branch)
        return self._judged

    def _build_run(self, outcome: RunOutcome) -> Run:
        cases, collected = self._book.cases(), self._planner.collected
        # A plugin may run tests that were not collected, or some of them more than once.
        selected = max(self.selected or collected.selected, len(cases))
        total = max(collected.collected, selected + self.deselected)
        run = self._metadata.run(cases, outcome, self._counts())
        accounts = accounts_of(cases, total, selected)
        return replace(
            run,
            collected=total,
            accounts=accounts,
            fixtures=self.fixtures,
            probes=self.probes or (),
            work=self.guard.tried(self.find_work, "naming the calls that were counted"),
        )

    def _work_of_workers(self) -> Work | None:
        return merged_work(self._works)

    def _counts(self) -> dict[RunCount, int]:
        return {
            RunCount.IDS_MADE_SAFE: self._planner.made_safe,
            RunCount.INTERNAL_FAILURES: self.guard.failures,
        }

    def _send(self) -> None:
        if self._sending is None:
            return
        superseded = self._journaling.superseded
        if self._run is not None:
            is_done = self._added.tried(partial(self._sending.send, self._added.left), "sending the run")
            self._added.is_interrupted |= is_done is False
        elif superseded is not None:
            self._added.tried(partial(self._sending.put, superseded), "keeping the run that waits")

    def _open_sending(self) -> "Sending":
        from paceline.delivery.configured_sinks import open_sinks  # noqa: PLC0415 - imported by those who send
        from paceline.plugin.send_runs import Sending  # noqa: PLC0415

        settings = self._settings
        sinks = open_sinks(settings, self._default_branch, self.guard.warn)
        folder = self._archive.folder.outbox if settings.save_results else None
        return Sending(sinks, folder, settings, self.guard.warn, self._default_branch)

    def _default_branch(self) -> str:
        return self._metadata.origin.default_branch
