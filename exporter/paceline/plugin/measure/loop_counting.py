"""
A pytest plugin (`-p paceline.plugin.measure.loop_counting`): runs some tests alone, and counts the rounds of their
loops instead of their calls.
"""

import os
from pathlib import Path

import pytest
from msgspec import json

from paceline.plugin.collect.plan import plan_of
from paceline.plugin.measure.work_choice import WorkChoice
from paceline.work import LOOPS_VARIABLE

_WORK = "paceline-work"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Leave out all other tests.
    """
    wanted = frozenset(json.decode(Path(os.environ[LOOPS_VARIABLE]).read_bytes(), type=list[str]))
    others = [item for item in items if item.nodeid not in wanted]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item.nodeid in wanted]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """
    Count loops in the call phase that follows.
    """
    if (work := _work(item)) is not None:
        work.count_loops()


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """
    Keep the functions with most rounds.
    """
    if (work := _work(item)) is not None:
        work.keep_loops(plan_of(item).id)


def _work(item: pytest.Item) -> WorkChoice | None:
    work = item.config.pluginmanager.get_plugin(_WORK)
    return work if isinstance(work, WorkChoice) else None
