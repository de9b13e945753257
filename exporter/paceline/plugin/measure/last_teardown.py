"""
Measure suspects again while the fixtures of the session are still there: before the last test's teardown ends them.
"""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from paceline.plugin.measure.time_limit import without_time_limit
from paceline.unpatched import UNPATCHED

_CURRENT_TEST = "PYTEST_CURRENT_TEST"


class LastTeardown:
    """
    Ends the fixtures of the last test one scope after the other, and calls `repeat` in between: with the node whose
    fixtures are alive.

    Time limits of pytest-timeout stand still meanwhile, and the time is not the test's.
    """

    def __init__(
        self,
        is_needed: Callable[[], bool],
        add_teardown: Callable[[float], None],
        repeat: Callable[[pytest.Item, pytest.Collector], None],
    ) -> None:
        self._is_needed: Final = is_needed
        self._add_teardown: Final = add_teardown
        self._repeat: Final = repeat
        self._seconds = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        session = item.session
        if nextitem is not None or session.shouldstop or session.shouldfail or not self._is_needed():
            return (yield)
        error = self._end_scopes(item)
        try:
            return (yield)
        finally:
            if error is not None:
                raise error

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        if self._seconds and call.when == "teardown":
            call.duration -= self._seconds
            call.stop -= self._seconds
            self._seconds = 0.0
        return (yield)

    def _end_scopes(self, item: pytest.Item) -> BaseException | None:
        """
        The error of a fixture of the last test, which pytest is to report as usual.
        """
        for node in dict.fromkeys((item.parent, item.session)):
            if node is None:
                continue
            began = UNPATCHED.monotonic()
            error = _tear_down_to(item, node)
            self._add_teardown(UNPATCHED.monotonic() - began)
            if error is not None:
                return error
            started = UNPATCHED.monotonic()
            with without_time_limit(item), _same_environment():
                self._repeat(item, node)
            self._seconds += UNPATCHED.monotonic() - started
        return None


def _tear_down_to(item: pytest.Item, node: pytest.Collector) -> BaseException | None:
    capture: Any = item.config.pluginmanager.get_plugin("capturemanager")
    state: Any = item.session._setupstate  # noqa: SLF001 - pytest has no public way to end some fixtures only
    try:
        with capture.item_capture("teardown", item):
            state.teardown_exact(node)
    except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:  # noqa: BLE001 - raised by the caller
        return error
    return None


@contextmanager
def _same_environment() -> Iterator[None]:
    """
    Pytest sets the name of the running test there, and takes it away at the end of each.
    """
    test = os.environ.get(_CURRENT_TEST)
    try:
        yield
    finally:
        if test is not None:
            os.environ[_CURRENT_TEST] = test
