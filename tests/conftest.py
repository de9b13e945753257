"""
Fixtures for all tests.
"""

from pathlib import Path

import pytest

from support.repository import Project, make_project
from support.suite import Suite


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
