"""
A pytest plugin: runs the tests in a given or a random order, and writes how each ended.

`paceline flaky` passes it by `-p`. Environment variables say what to do, as the plugin's process is another one.
"""

import json
import os
from pathlib import Path
from random import Random

import pytest

SEED_VARIABLE = "PACELINE_FLAKY_SEED"
ORDER_VARIABLE = "PACELINE_FLAKY_ORDER"
OUTCOMES_VARIABLE = "PACELINE_FLAKY_OUTCOMES"
# A test whose setup or teardown fails has failed.
_ENDS = ("setup", "call", "teardown")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """
    Run a given order in one process: workers of xdist would share the tests out.
    """
    if os.environ.get(ORDER_VARIABLE) and hasattr(config.option, "numprocesses"):
        config.option.numprocesses, config.option.dist, config.option.tx = None, "no", []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Order the tests: as a file says, which leaves all others out, or by a seed, module by module.
    """
    order = os.environ.get(ORDER_VARIABLE)
    seed = os.environ.get(SEED_VARIABLE)
    if order:
        wanted = json.loads(Path(order).read_text("utf-8"))
        known = {item.nodeid: item for item in items}
        items[:] = [known[node_id] for node_id in wanted if node_id in known]
    elif seed:
        items[:] = shuffled(items, int(seed))


def shuffled(items: list[pytest.Item], seed: int) -> list[pytest.Item]:
    """
    The modules in random order, and the tests of each in random order: fixtures of a module are made once.
    """
    random = Random(seed)  # noqa: S311 - no secret
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.nodeid.partition("::")[0], []).append(item)
    names = list(modules)
    random.shuffle(names)
    for name in names:
        random.shuffle(modules[name])
    return [item for name in names for item in modules[name]]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """
    Add a line with the outcome of each phase.
    """
    path = os.environ.get(OUTCOMES_VARIABLE)
    if path and report.when in _ENDS:
        with Path(path).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps([report.nodeid, report.when, report.outcome]) + "\n")
