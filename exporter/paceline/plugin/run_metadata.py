"""
The head of a run: all that is known of it but its cases.
"""

import os
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Final

import pytest
from msgspec.structs import replace

from paceline.config import Config
from paceline.identity import safe_text
from paceline.model import Case, Machine, Run, RunOutcome
from paceline.plugin.collect.partial_run import is_selection
from paceline.plugin.guard import Guard
from paceline.plugin.run_id import find_run_id
from paceline.probes.calibration import calibrate
from paceline.run_origin import FALLBACK_BRANCH, Origin, OriginFinder, find_environment
from paceline.shards import part_of
from paceline.translated_names import RunCount


class RunMetadata:
    """
    Starts the clock of a run when it is made.

    Args:
        config: of the session.
        settings: of Paceline.
        guard: takes what goes wrong.

    Raises:
        ConfigError: the environment gives an id that is none.
    """

    def __init__(self, config: pytest.Config, settings: Config, guard: Guard) -> None:
        self._config: Final = config
        self._settings: Final = settings
        self._guard: Final = guard
        # Bound now: tests may put another clock into the module while they run.
        self._stopwatch: Final = time.perf_counter
        self._started, self._started_ticks = time.time(), self._stopwatch()
        self._calibration: float | None = None
        self.suite: Final = safe_text(settings.suite)
        self.run_id: Final = find_run_id(os.environ, self._started)
        # What the parts of a run choose is how they share the suite.
        self.is_selection: Final = part_of(self.run_id) is None and _is_selection(config)

    def begin(self) -> None:
        """
        Have git asked, and time the machine.
        """
        self._finder = OriginFinder(self._config.rootpath, default_branch=self._settings.default_branch)
        self._calibration = self._guard.tried(calibrate, "calibration")

    @cached_property
    def origin(self) -> Origin:
        """
        Where the code is from; the first who asks waits for git.
        """
        unknown = Origin(branch=FALLBACK_BRANCH, default_branch=FALLBACK_BRANCH)
        return self._guard.tried(self._finder.find, "asking git") or unknown

    def close(self) -> None:
        """
        End git where nobody waited for it.
        """
        self._guard.tried(self._finder.close, "ending git")

    def run(
        self, cases: tuple[Case, ...], machine: Machine, outcome: RunOutcome, counts: Mapping[RunCount, int]
    ) -> Run:
        """
        The run with these cases, as if it ended now.
        """
        origin, settings = self.origin, self._settings
        return Run(
            run_id=self.run_id,
            suite=self.suite,
            branch=safe_text(origin.branch),
            default_branch=origin.default_branch,
            commit=safe_text(origin.commit),
            dirty=origin.dirty,
            outcome=outcome,
            is_partial=self.is_selection,
            # A wall clock may be set back while tests run; a stopwatch cannot.
            started=self._started,
            ended=self._started + self._stopwatch() - self._started_ticks,
            environment=find_environment(),
            machine=replace(machine, calibration_seconds=self._calibration),
            counts=counts,
            thresholds=settings.rules.thresholds(),
            cases=cases,
        )


def _is_selection(config: pytest.Config) -> bool:
    given = config.invocation_params
    # The value behind an option may be a file, too, such as that of --junitxml.
    chosen = [one for one in map(str, given.args) if one.startswith("-") or one in config.option.file_or_dir]
    return is_selection(chosen, given.dir, config.getini("testpaths"))
