"""
What watches a session from outside: the companion process.
"""

from collections.abc import Mapping
from typing import Final

import pytest

from paceline.companion.launch import start
from paceline.companion.order import Live, Order
from paceline.companion.session_side import Companion, Observed
from paceline.config import Config
from paceline.errors import CompanionError, ConfigError
from paceline.formatting import counted
from paceline.identity import safe_text
from paceline.live_report import LoadMoment
from paceline.model import Case
from paceline.plugin.collect.plan import Planner
from paceline.plugin.guard import Guard
from paceline.plugin.run_metadata import RunMetadata
from paceline.shards import part_of

# How long the end of a session waits for the last sample.
_SECONDS = 0.5


class CompanionWatch:
    """
    The companion of a session, where there can be one; as a plugin it follows which tests run.
    """

    def __init__(
        self, config: pytest.Config, settings: Config, planner: Planner, guard: Guard, metadata: RunMetadata
    ) -> None:
        self._project: Final = str(config.rootpath)
        self._settings: Final = settings
        self._planner: Final = planner
        self._guard: Final = guard
        self._metadata: Final = metadata
        self._companion: Companion | None = None

    @property
    def fifo_path(self) -> str:
        """
        Where processes that run tests send their boundaries; "" for nowhere.
        """
        return self._companion.fifo_path if self._companion is not None else ""

    @property
    def url(self) -> str:
        """
        The live endpoint; "" where none is served.
        """
        return self._companion.url if self._companion is not None else ""

    def start(self) -> None:
        """
        Start the companion.

        Raises:
            pytest.UsageError: the port of the live endpoint cannot be used, or the address for live reports is not
                valid.
        """
        order = Order(sample_seconds=self._settings.sample_seconds, project=self._project, live=self._live())
        try:
            self._companion = start(order)
        except CompanionError as error:
            self._guard.warn(f"no figures of the machine and of child processes: {error}")
        except ConfigError as error:
            raise pytest.UsageError(f"paceline: {error}") from error

    def begin_tests(self) -> None:
        """
        Tell the companion what is known of the run before its first test.
        """
        if self._companion is not None and self._companion.is_live:
            origin = self._metadata.origin
            self._companion.tell_branch(safe_text(origin.branch), origin.default_branch)

    def tell_case(self, case: Case) -> None:
        """
        Tell the companion that a test has ended.
        """
        if self._companion is not None:
            self._companion.tell_case(case)

    def tell_names(self) -> None:
        """
        Tell the companion the ids of the tests that run, now that workers have reported which had to be changed.
        """
        if self._companion is not None:
            self._companion.tell_case_names(self._planner.shown_id)

    def test_started(self, key: int) -> None:
        if self._companion is not None:
            self._companion.boundaries.test_started(key)

    def test_ended(self, key: int) -> None:
        if self._companion is not None:
            self._companion.boundaries.test_ended(key)

    def tell_load(self, test: str, moment: LoadMoment) -> None:
        if self._companion is not None:
            self._companion.tell_load(test, moment)

    def finish(self) -> Observed:
        """
        What the companion saw, after the last test.
        """
        companion = self._companion
        if companion is None:
            return Observed()
        observed = self._guard.tried(lambda: companion.finish(_SECONDS), "asking the companion") or Observed()
        for message in observed.messages:
            self._guard.warn(message)
        if observed.dropped:
            self._guard.warn(f"{counted(observed.dropped, 'message')} did not reach the companion process")
        return observed

    def close(self) -> None:
        """
        End the companion, and say which live reports did not arrive.
        """
        companion, self._companion = self._companion, None
        if companion is None:
            return
        close = self._guard.tried(lambda: companion.close(self._settings.push_seconds), "ending the companion")
        for message in close or ():
            self._guard.warn(message)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._tell_expected(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._tell_expected(len(ids))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self._companion is not None and self._companion.is_live:
            self._companion.tell_case_started(nodeid, self._planner.shown_id(nodeid))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        if self._companion is not None:
            self._companion.tell_case_ended(nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        self.pytest_runtest_logfinish(crashitem)

    def _tell_expected(self, tests: int) -> None:
        if self._companion is not None:
            self._companion.tell_expected(tests)

    def _live(self) -> Live | None:
        settings, part = self._settings, part_of(self._metadata.run_id)
        if settings.port is None and not settings.live:
            return None
        budgets: Mapping[str, float] = self._planner.type_budgets_ms
        return Live(
            run_id=self._metadata.run_id,
            suite=self._metadata.suite,
            shard=f"{part.number}of{part.parts}" if part else "",
            budgets={name: budget / 1e3 for name, budget in budgets.items()},
            port=settings.port,
            server=settings.live,
            ca_file=settings.push_ca_file,
        )
