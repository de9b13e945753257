"""
Locks on files.
"""

import os
from pathlib import Path

import pytest

from paceline.history import file_lock
from paceline.history.file_lock import is_held, lock


def test_a_lock_is_seen_until_its_file_is_closed(tmp_path: Path) -> None:
    """
    By all that open the file, and nobody else gets it.
    """
    with (tmp_path / "file").open("xb") as file, (tmp_path / "file").open("rb") as other:
        locked = (is_held(other), lock(file), is_held(other), lock(other))
        file.close()

        assert locked == (False, True, True, False)
        assert not is_held(other)


def test_what_looks_takes_no_lock(tmp_path: Path) -> None:
    """
    A second look sees what the first one saw.
    """
    (tmp_path / "file").touch()
    with (tmp_path / "file").open("rb") as one, (tmp_path / "file").open("rb") as other:
        assert [is_held(one), is_held(other), is_held(one)] == [False] * 3


def test_what_has_no_locks_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A system without them, or a file that cannot have one.
    """
    (tmp_path / "file").touch()
    with open(os.open(tmp_path / "file", os.O_PATH), "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        assert (lock(file), is_held(file)) == (False, False)

    monkeypatch.setattr(file_lock, "HAS_LOCKS", False)
    with (tmp_path / "file").open("rb") as file:
        assert (lock(file), is_held(file)) == (False, False)
