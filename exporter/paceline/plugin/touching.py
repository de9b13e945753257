"""
Watch what tests touch, from before the first conftest to the end of the session.
"""

from typing import Final

import pytest

from paceline.plugin.guard import Guard
from paceline.probes.touch.hooks import Hooks


class Touching:
    """
    The hooks of a session, which are there before its settings are known.
    """

    def __init__(self, root: str) -> None:
        self._early_failures: Final[list[tuple[Exception, str]]] = []
        self._guard: Guard | None = None
        self.hooks: Final = Hooks(root, self._failed)

    def report_to(self, guard: Guard) -> None:
        """
        Tell failures, also those before.
        """
        self._guard = guard
        for error, doing in self._early_failures:
            guard.failed(error, doing)
        self._early_failures.clear()

    def _failed(self, error: Exception, doing: str) -> None:
        if self._guard is None:
            self._early_failures.append((error, doing))
        else:
            self._guard.failed(error, doing)


TOUCHING = pytest.StashKey[Touching]()


def watch_libraries(config: pytest.Config) -> None:
    """
    Put the hooks in place; they are taken off when pytest is done with this configuration.
    """
    touching = config.stash[TOUCHING] = Touching(str(config.rootpath))
    config.add_cleanup(touching.hooks.remove)
    touching.hooks.install()
