"""
All that is known of a run but its cases.
"""

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Final

import pytest

from paceline.config import Config
from paceline.identity import safe_text
from paceline.model import Case, Machine, Run, RunOutcome
from paceline.plugin.collect.partial_run import why_partial
from paceline.plugin.guard import Guard
from paceline.plugin.others_cpu import OthersCpu
from paceline.plugin.run_id import find_run_id
from paceline.probes.calibration import calibrate
from paceline.run_origin import FALLBACK_BRANCH, OriginFinder, RunOrigin, find_environment
from paceline.shards import part_of
from paceline.translated_names import RunCount
from paceline.unpatched import UNPATCHED

# pytest sets it while a test runs, and child processes inherit it.
_CURRENT_TEST = "PYTEST_CURRENT_TEST"


class RunMetadata:
    """
    Starts the clock of a run when it is made.

    `is_nested` says that a test of another session started this one: then the ids in the environment are those of
    the other.

    Args:
        config: of the session.
        settings: of Paceline.
        guard: takes what goes wrong.

    Raises:
        ConfigError: the id in the environment is not valid.
    """

    def __init__(self, config: pytest.Config, settings: Config, guard: Guard) -> None:
        self.is_nested: Final = _CURRENT_TEST in os.environ
        self._config: Final = config
        self._settings: Final = settings
        self._guard: Final = guard
        self._started: Final = UNPATCHED.wall_time()
        self._machine = Machine()
        self._others: OthersCpu | None = None
        self._is_after_tests = False
        self._finder: OriginFinder | None = None
        self._environment: Final = find_environment()
        self.suite: Final = safe_text(settings.suite)
        self.run_id: Final = find_run_id({} if self.is_nested else os.environ, self._started)

    def begin(self) -> None:
        """
        Start git in the background, and time the machine.
        """
        self._finder = OriginFinder(self._config.rootpath, default_branch=self._settings.default_branch)
        self._machine = Machine(calibration_seconds=self._guard.tried(calibrate, "calibration"))

    def settle(self) -> None:
        """
        Wait for git, so that no child process of Paceline is there while tests run.
        """
        _ = self.origin, self.partial_because

    def begin_tests(self) -> None:
        """
        Note how busy the machine is until now.
        """
        self._others = self._guard.tried(OthersCpu, "looking at the machine")

    def end_tests(self) -> None:
        """
        Note how busy other processes kept the machine since the tests began, and time it once more: the slower time is
        kept, as a busy machine has fast moments.
        """
        if self._is_after_tests:
            return
        self._is_after_tests = True
        times = (self._machine.calibration_seconds, self._guard.tried(calibrate, "calibration"))
        others = self._guard.tried(self._others.percent, "looking at the machine") if self._others else None
        self._machine = Machine(
            calibration_seconds=max((seconds for seconds in times if seconds is not None), default=None),
            others_cpu_percent=others,
        )

    @cached_property
    def origin(self) -> RunOrigin:
        """
        Where the code is from; the first who asks waits for git.
        """
        unknown = RunOrigin(branch=FALLBACK_BRANCH, default_branch=FALLBACK_BRANCH)
        found = self._guard.tried(self._finder.find, "asking git") if self._finder is not None else None
        self.close()
        return found or unknown

    @cached_property
    def partial_because(self) -> str:
        """
        Why the selected tests are not the whole suite; "" where they are.
        """
        # The parts of a run choose how they share the suite.
        return why_partial(self._config, self._settings) if part_of(self.run_id) is None else ""

    def close(self) -> None:
        """
        End git where nobody waited for it.
        """
        if self._finder is not None:
            self._guard.tried(self._finder.close, "ending git")
            self._finder = None

    def run(self, cases: tuple[Case, ...], outcome: RunOutcome, counts: Mapping[RunCount, int]) -> Run:
        """
        The run with these cases, as if it ended now.
        """
        origin = self.origin
        return Run(
            run_id=self.run_id,
            suite=self.suite,
            branch=safe_text(origin.branch),
            default_branch=origin.default_branch,
            target_branch=origin.target_branch,
            commit=safe_text(origin.commit),
            dirty=origin.dirty,
            base_commits=origin.base_commits,
            outcome=outcome,
            is_partial=bool(self.partial_because),
            partial_because=self.partial_because,
            started=self._started,
            ended=UNPATCHED.wall_time(),
            environment=self._environment,
            machine=self._machine,
            counts=counts,
            thresholds=self._settings.rules.thresholds(),
            cases=cases,
        )
