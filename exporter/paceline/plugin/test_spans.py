"""
Make each test the parent of the spans that the application makes while it runs.
"""

from collections.abc import Generator
from typing import Any, Final

import pytest

from paceline.plugin.collect.plan import plan_of
from paceline.probes.touch.traces.test_span import TestSpan


class TestSpans:
    """
    Says which test runs. The repeats of a test that is measured again belong to no test.
    """

    __test__ = False

    def __init__(self, test_span: TestSpan) -> None:
        self._test_span: Final = test_span

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        with self._test_span.of_test(plan_of(item).id):
            return (yield)
