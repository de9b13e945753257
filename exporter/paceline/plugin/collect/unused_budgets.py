"""
Budgets that no test has: most likely a name is misspelt.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import pytest

from paceline.config import DEFAULT_TEST_TYPES, Config
from paceline.identity import safe_text
from paceline.plugin.collect.partial_run import why_partial
from paceline.plugin.collect.plan import family_of
from paceline.plugin.guard import Guard


class UnusedBudgets:
    """
    Warns of settings of budgets for tests and types that a whole suite does not have.
    """

    def __init__(self, settings: Config, guard: Guard) -> None:
        self._settings = settings
        self._tests = settings.test_budgets_ms
        self._types = [name for name in settings.budgets_ms if name not in {*DEFAULT_TEST_TYPES, *settings.test_types}]
        self._patterns = [key for key in settings.limits if key not in settings.known_types]
        self._guard = guard

    @property
    def is_needed(self) -> bool:
        return bool(self._tests or self._types or self._patterns)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        # Runs before tests are deselected: a test that is deselected on purpose exists all the same.
        if session.testsfailed or why_partial(config, self._settings):
            return
        for message in self._messages(items):
            self._guard.warn(message)

    def _messages(self, items: Sequence[pytest.Item]) -> Iterator[str]:
        families = {safe_text(family_of(item)) for item in items} if self._tests else set()
        paths = {item.nodeid.partition("::")[0] for item in items} if self._patterns else set()
        for pattern in self._patterns:
            if not any(fnmatchcase(path, pattern) for path in paths):
                yield f"limits has {pattern!r}, which matches no test type and no path of a test"
        for test in self._tests:
            if test not in families:
                yield f"test_budgets_ms has {test!r}, but no test has this id"
        for test_type in self._types:
            if not any(item.get_closest_marker(test_type) for item in items):
                known = ", ".join(DEFAULT_TEST_TYPES)
                yield f"budgets_ms has {test_type!r}, but no test has this marker; known types: {known}"
