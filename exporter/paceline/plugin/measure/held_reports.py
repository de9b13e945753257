"""
Reports of a test that the other plugins receive later.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import pytest

_REPORT, _FINISH = "pytest_runtest_logreport", "pytest_runtest_logfinish"


class HeldReports:
    """
    Keeps the reports of a test in a `with` block from all plugins, until one of them is a failure or `release` is
    called. A failure passes at once, with all reports before it, as pytest may have to stop there.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.reports: Final[list[pytest.TestReport]] = []
        self.is_holding = True
        self._config: Final = config
        self._finished: list[Mapping[str, Any]] = []

    def __enter__(self) -> Self:
        self._undo = self._config.pluginmanager.add_hookcall_monitoring(before=self._hold, after=lambda *_: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo()
        if error is not None:
            self.release()

    def release(self) -> None:
        """
        Give the reports to the plugins.
        """
        self.is_holding = False
        reports, finished = list(self.reports), self._finished
        self.reports.clear()
        self._finished = []
        for report in reports:
            self._config.hook.pytest_runtest_logreport(report=report)
        for arguments in finished:
            self._config.hook.pytest_runtest_logfinish(**arguments)

    def _hold(self, name: str, implementations: Sequence[Any], arguments: Mapping[str, Any]) -> None:
        if not self.is_holding or not isinstance(implementations, list):
            return
        if name == _FINISH:
            self._finished.append(dict(arguments))
            implementations.clear()
        elif name == _REPORT and arguments["report"].failed:
            self.release()
        elif name == _REPORT:
            self.reports.append(arguments["report"])
            implementations.clear()
