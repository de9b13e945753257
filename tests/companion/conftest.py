"""
A folder for temporary files, in which companions are found by their arguments.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from paceline.companion.launch import start
from paceline.companion.order import Order
from paceline.companion.session_side import Companion

_SECONDS = 60


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
    A companion of this process that has begun to watch.
    """
    companion = start(Order(sample_seconds=0.1, project=str(temporary)))
    deadline = time.monotonic() + _SECONDS
    while Path(companion.fifo_path).with_name("order").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield companion
    companion.close()
