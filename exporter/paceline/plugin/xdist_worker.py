"""
A worker of xdist: it runs tests, and the controller reports on them.
"""

from collections.abc import Generator
from contextlib import nullcontext
from functools import partial
from typing import Any, Final

import pytest
from msgspec import json
from msgspec.structs import replace

from paceline.companion.boundaries import Boundaries
from paceline.config import Config
from paceline.model import Case, Run
from paceline.plugin.collect.plan import Planner
from paceline.plugin.guard import Guard
from paceline.plugin.measure.benchmarks_apart import BenchmarksApart
from paceline.plugin.measure.item_cases import ItemCases
from paceline.plugin.measure.last_teardown import LastTeardown
from paceline.plugin.measure.marker_budgets import MarkerBudgets
from paceline.plugin.measure.meter import Meter
from paceline.plugin.measure.repeat import Repeater
from paceline.plugin.measure.work_choice import WorkChoice
from paceline.plugin.xdist_messages import (
    KEY,
    NumberedCase,
    WorkerOrder,
    WorkerSummary,
    put_case,
    put_changed_ids,
)
from paceline.project_archive import lock_wait_of, open_archive
from paceline.unpatched import UNPATCHED


class XdistWorker:
    """
    Puts each case on the last report of its test, and measures suspects again.

    A worker finds suspects among its own tests, as the controller cannot judge before all workers have ended.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a process that runs tests
        self,
        config: pytest.Config,
        settings: Config,
        planner: Planner,
        meter: Meter,
        guard: Guard,
        work: WorkChoice | None,
        apart: BenchmarksApart | None,
    ) -> None:
        self._apart: Final = apart
        self._order: Final = worker_order(config)
        path = self._order.boundaries
        self._boundaries: Final = Boundaries.open(path) if path else None
        self.tests: Final = ItemCases(meter, self._boundaries, lambda *_: None, self._on_settled, guard.failed)
        self._config: Final = config
        self._settings: Final = settings
        self._planner: Final = planner
        self._meter: Final = meter
        self._guard: Final = guard
        self._process: Final = UNPATCHED.getpid()
        self._work: Final = work
        self._lock_wait: Final = lock_wait_of(settings)
        self._settled: dict[int, Case] = {}
        self._repeater: Final = Repeater(meter, self.tests, settings, lambda _: None, work)
        self._has_sent_ids = False

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        result = yield
        self.tests.settle_last()
        if self._settings.confirmation.enabled and not (session.shouldstop or session.shouldfail):
            self._guard.tried(self._measure_again, "measuring again")
        return result

    # After the plugin `tests` has taken the report, and before xdist sends it.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not self._has_sent_ids:
            self._has_sent_ids = True
            put_changed_ids(report, self._planner.changed_ids or {})
        running = self.tests.current
        case = running.case() if running is not None and report.when == "teardown" else None
        if case is not None:
            put_case(report, NumberedCase(process=self._process, number=self.tests.number, case=case))

    def pytest_sessionfinish(self) -> None:
        collected = self._planner.collected
        summary = WorkerSummary(
            messages=tuple(self._guard.messages),
            failures=self._guard.failures,
            ids_made_safe=self._planner.made_safe,
            collected=collected.collected,
            selected=collected.selected,
            fixtures=tuple(self._meter.fixtures),
            probes=self._meter.touch_probes,
            work=self._work.work() if self._work is not None else None,
            settled=self._settled,
            repeats={case_id: tuple(cases) for case_id, cases in self._repeater.repeated.cases.items()},
            counted=self._repeater.repeated.counted,
            not_repeated=self._repeater.repeated.reasons,
        )
        self._config.workeroutput[KEY] = json.encode(summary).decode()  # type: ignore[attr-defined]

    def pytest_unconfigure(self) -> None:
        self._meter.close()
        if self._boundaries is not None:
            self._boundaries.close()

    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(
            LastTeardown(self._has_fixtures, self._meter.add_teardown, self._repeat_with), "paceline-last-teardown"
        )
        if self._settings.confirmation.enabled:
            budgets = MarkerBudgets(self._meter, self._repeater.measure_budget_again, self._guard)
            config.pluginmanager.register(budgets, "paceline-marker-budgets")

    def _has_fixtures(self) -> bool:
        return self._settings.confirmation.enabled and self._meter.fixtures.has_wide

    def _repeat_with(self, item: pytest.Item, node: pytest.Collector) -> None:
        self._guard.tried(partial(self._repeat_in, item, node), "measuring again")

    def _repeat_in(self, item: pytest.Item, node: pytest.Collector) -> None:
        self.tests.end_early()
        self._repeater.measure_again(item.config, self._judge(), node)

    def _measure_again(self) -> None:
        with self._apart.alone() if self._apart is not None else nullcontext():
            self._repeater.measure_again(self._config, self._judge())

    def _judge(self) -> Run:
        run = replace(self._order.run, cases=tuple(one.case for one in self.tests.ended.values()))
        archive = open_archive(self._settings, self._config.rootpath, self._guard.warn, self._lock_wait)
        judged, _ = archive.judged(run, self._settings.rules, self._order.default_branch)
        return judged

    def _on_settled(self, number: int, case: Case) -> None:
        self._settled[number] = case


def worker_order(config: pytest.Config) -> WorkerOrder:
    """
    What the controller sent to this worker.
    """
    return json.decode(config.workerinput[KEY], type=WorkerOrder)  # type: ignore[attr-defined]
