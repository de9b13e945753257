"""
Fixtures for all tests.
"""

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.installed import Permission
from support.repository import Project, make_project
from support.suite import Suite

# What a shell starts in the background ignores Ctrl-C, and so does all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
# In this process pytest makes errors of warnings; this is for the processes that tests start.
os.environ.setdefault("PYTHONWARNINGS", "error::DeprecationWarning")
# Laws are judged by values alone: a slow machine fails no law.
settings.register_profile("laws", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("laws")

# The folders of tests that use installed programs, or environments of their own.
_STACK = {"grafana", "neighbours", "rules", "stack"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """
    Add the option for a sample of the tests.
    """
    parser.addoption("--sample", action="store_true", help="Of the selected tests, run the first of each file.")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """
    Give the tests of some folders the marker `stack`, and begin with these, as the longest tests are among them.
    """
    for item in items:
        if item.path.parent.name in _STACK:
            item.add_marker("stack")
    items.sort(key=lambda item: item.get_closest_marker("stack") is None)
    yield
    if config.getoption("--sample"):
        sample = {item.path: item for item in reversed(items)}
        config.hook.pytest_deselected(items=[item for item in items if sample[item.path] is not item])
        items[:] = [item for item in items if sample[item.path] is item]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """
    Three workers for two CPUs, as tests wait for servers a third of their time.
    """
    return 3 * (os.cpu_count() or 1) // 2


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """
    Permit installed programs to tests with the marker `stack` alone.
    """
    Permission.is_given = item.get_closest_marker("stack") is not None


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The width of whoever runs the tests is not ours; xdist hands it to its workers.
    """
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def _one_traced_case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Coverage traces the processes of the first case of a test alone. The other cases run nearly the same lines, and
    tracing takes a third of the time of such a process.
    """
    callspec = getattr(request.node, "callspec", None)
    if callspec is not None and any(callspec.indices.values()):
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """
    An empty suite in a folder of its own.
    """
    folder = tmp_path / "shop"
    folder.mkdir()
    return Suite(folder)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """
    A project in a git repository.
    """
    return make_project(tmp_path / "project")
