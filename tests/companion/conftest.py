"""
A folder for temporary files, in which companions are found by their arguments.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from paceline.companion.launch import start
from paceline.companion.order import Order
from paceline.companion.session_side import Companion


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    The folder for temporary files.
    """
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.fixture
def companion(temporary: Path) -> Iterator[Companion]:
    """
    A companion of this process.
    """
    companion = start(Order(sample_seconds=0.1, project=str(temporary)))
    yield companion
    companion.close()
