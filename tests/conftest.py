"""
Fixtures for all tests.
"""

import signal
from pathlib import Path

import pytest

from support.repository import Project, make_project
from support.suite import Suite

# What a shell starts in the background ignores Ctrl-C, and so does all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The width of whoever runs the tests is not ours; xdist hands it to its workers.
    """
    monkeypatch.delenv("COLUMNS", raising=False)


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
