"""
Which tests have their calls counted as they run.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from paceline.analysis.rotation import Rotation, chosen_in_rotation
from paceline.config import WorkSettings
from paceline.errors import ConfigError
from paceline.plugin.collect.plan import plan_of
from paceline.probes.work.project_code import find_project_code
from paceline.probes.work.work_probe import WorkProbe
from paceline.unpatched import UNPATCHED
from paceline.work import Work, WorkMode

# The calls of a benchmark depend on how long its rounds take.
_BENCHMARK = "benchmark"


class WorkChoice:
    """
    Switches the probe on for each test that is to be counted, and off for the others.

    In the mode `rotate` those are the tests whose last count is the oldest. Most of them are in a row, so that the
    interpreter prepares its code for counting once.

    Args:
        probe: counts.
        settings: whose calls are counted.
        project: the name of the project's distribution.
        rotation: what is known of the tests, the same in all workers.
        warn: takes a line for the user.
    """

    def __init__(
        self, probe: WorkProbe, settings: WorkSettings, project: str, rotation: Rotation, warn: Callable[[str], None]
    ) -> None:
        self.probe: Final = probe
        self._settings: Final = settings
        self._project: Final = project
        self._rotation: Final = rotation
        self._warn: Final = warn
        self._chosen: frozenset[str] = frozenset()

    @property
    def can_count_loops(self) -> bool:
        return UNPATCHED.monitoring is not None

    def work(self) -> Work | None:
        """
        What this process counted.
        """
        return self.probe.book.work(self._settings.mode)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """
        Count the calls of tests that are measured again, and who makes them.
        """
        self.probe.is_on = self.probe.notes_callers = True
        try:
            yield
        finally:
            self.pause()

    @contextmanager
    def counting_loops(self) -> Iterator[None]:
        """
        Count the rounds of loops of tests that are measured again, on Python 3.12 and later.
        """
        self.count_loops()
        try:
            yield
        finally:
            self.pause()

    def count_loops(self) -> None:
        """
        Count rounds of loops instead of calls from now on, on Python 3.12 and later.
        """
        self.probe.loops = {}
        self.probe.is_on = self.probe.notes_loops = self.can_count_loops

    def keep_loops(self, test: str) -> None:
        """
        Keep the loops of the test that was counted last.
        """
        self.probe.book.add_loops(test, self.probe.loops)

    def pause(self) -> None:
        """
        Count no calls until the next test begins.
        """
        self.probe.is_on = self.probe.notes_callers = self.probe.notes_loops = False
        self.probe.rest()

    # After the planner has given each test its id.
    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        files = {item.path for item in session.items}
        self._find_code(session.config.rootpath, sorted(files))
        if self._settings.mode is WorkMode.ROTATE:
            tests = [plan_of(item).id for item in session.items if not _is_benchmark(item)]
            self._chosen = chosen_in_rotation(tests, self._settings.share, self._rotation)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self.probe.is_on = self._is_chosen(item)
        if not self.probe.is_on:
            self.probe.rest()

    def _find_code(self, root: Path, files: Sequence[Path]) -> None:
        try:
            self.probe.code = find_project_code(root, self._settings.packages, self._project, files)
        except ConfigError as error:
            self._warn(f"no calls counted: {error}")

    def _is_chosen(self, item: pytest.Item) -> bool:
        if _is_benchmark(item):
            return False
        return self._settings.mode is WorkMode.ALL or plan_of(item).id in self._chosen


def _is_benchmark(item: pytest.Item) -> bool:
    return _BENCHMARK in getattr(item, "fixturenames", ()) or item.get_closest_marker(_BENCHMARK) is not None
