"""
The process that both runs the tests and reports on them: pytest without xdist.
"""

from collections.abc import Generator
from functools import partial
from typing import Any, Final

import pytest

from paceline.config import Config
from paceline.model import Case, Run
from paceline.plugin.measure.item_cases import ItemCases
from paceline.plugin.measure.last_teardown import LastTeardown
from paceline.plugin.measure.marker_budgets import MarkerBudgets
from paceline.plugin.measure.meter import Meter
from paceline.plugin.measure.repeat import Repeater
from paceline.plugin.measure.work_choice import WorkChoice
from paceline.plugin.session import RunSession
from paceline.plugin.terminal_report import say
from paceline.plugin.xdist_messages import NumberedCase
from paceline.unpatched import UNPATCHED


class SingleProcess:
    """
    Gives the cases of its tests to the session, and measures suspects again.
    """

    def __init__(
        self, config: pytest.Config, settings: Config, meter: Meter, session: RunSession, work: WorkChoice | None
    ) -> None:
        if work is not None:
            session.find_work = work.work
        self.tests: Final = ItemCases(
            meter, session.companion_watch, self._on_end, self._on_settled, session.guard.failed
        )
        self._process: Final = UNPATCHED.getpid()
        self._settings: Final = settings
        self._meter: Final = meter
        self._session: Final = session
        self._judged_early: Run | None = None
        self._repeater: Final = Repeater(meter, self.tests, settings, partial(say, config), work, calibrates=True)

    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(
            LastTeardown(self._has_fixtures, self._meter.add_teardown, self._repeat_with), "paceline-last-teardown"
        )
        if self._settings.confirmation.enabled:
            budgets = MarkerBudgets(self._meter, self._repeater.measure_budget_again, self._session.guard)
            config.pluginmanager.register(budgets, "paceline-marker-budgets")

    # Inside of what other plugins do around all tests: under their tracers, and before they close their reports.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        result = yield
        if self._session.is_here:
            self._session.guard.tried(partial(self._finish_tests, session), "measuring again")
        return result

    def pytest_unconfigure(self) -> None:
        self._meter.close()

    def _finish_tests(self, session: pytest.Session) -> None:
        self.tests.settle_last()
        self._session.fixtures = tuple(self._meter.fixtures)
        self._session.add_probes(self._meter.touch_probes)
        judged = self._session.judge()
        if (
            judged is not None
            and self._settings.confirmation.enabled
            and not (session.shouldstop or session.shouldfail)
        ):
            self._repeater.measure_again(session.config, judged)
            self._session.repeated = self._repeater.repeated

    def _has_fixtures(self) -> bool:
        return self._session.is_here and self._settings.confirmation.enabled and self._meter.fixtures.has_wide

    def _repeat_with(self, item: pytest.Item, node: pytest.Collector) -> None:
        # Once for all scopes that end: what a fixture's teardown takes makes no test a suspect.
        if self._judged_early is None:
            self._session.guard.tried(self.tests.end_early, "ending the last test")
            self._judged_early = self._session.guard.tried(self._session.judge, "judging")
        if self._judged_early is not None:
            measure_again = partial(self._repeater.measure_again, item.config, self._judged_early, node)
            self._session.guard.tried(measure_again, "measuring again")

    def _on_end(self, number: int, case: Case) -> None:
        self._session.add("", NumberedCase(process=self._process, number=number, case=case))

    def _on_settled(self, number: int, case: Case) -> None:
        self._session.replace("", number, case)
