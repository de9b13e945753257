"""
Benchmarks in the workers of xdist: each runs alone on the machine, after the other tests.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Final, Self

import pytest

from paceline.files import HAS_LOCKS, hold_lock
from paceline.own_descriptor import OwnDescriptor
from paceline.plugin.collect.plan import is_marked_benchmark, marker_finder


class BenchmarksApart:
    """
    Workers lock a folder that only they share: a benchmark has the lock alone, all other tests have it together.

    In a session without benchmarks of Paceline, nothing is locked and no test changes its place.

    Args:
        folder: descriptor of the folder.
    """

    def __init__(self, folder: OwnDescriptor) -> None:
        self._folder: Final = folder
        self._benchmarks: frozenset[pytest.Item] = frozenset()
        # A process that a test forks would hold the lock when its worker has crashed.
        os.register_at_fork(after_in_child=folder.close)

    @classmethod
    def in_worker(cls, config: pytest.Config) -> Self | None:
        """
        None where xdist gave the worker no folder, as on another machine, and where the system has no locks.
        """
        base = config.getoption("basetemp", None)
        if not base or not HAS_LOCKS:
            return None
        with suppress(OSError):
            return cls(OwnDescriptor.open(os.path.dirname(base), os.O_RDONLY))  # noqa: PTH120 - a text
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        markers_of = marker_finder()
        self._benchmarks = frozenset(item for item in items if is_marked_benchmark(item, markers_of(item)))
        items.sort(key=self._benchmarks.__contains__)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        with self._locked(alone=item in self._benchmarks):
            return (yield)

    def alone(self) -> AbstractContextManager[None]:
        """
        While no other worker runs a test, if the session has benchmarks.
        """
        return self._locked(alone=True)

    def pytest_unconfigure(self) -> None:
        self._folder.close()

    @contextmanager
    def _locked(self, *, alone: bool) -> Iterator[None]:
        if not self._benchmarks:
            yield
            return
        with hold_lock(self._folder, alone=alone):
            yield
