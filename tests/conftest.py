"""
Fixtures for all tests.
"""

from pathlib import Path

import pytest

from support.suite import Suite


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """
    An empty suite in a folder of its own.
    """
    folder = tmp_path / "shop"
    folder.mkdir()
    return Suite(folder)
