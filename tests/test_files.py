"""
Files that are written.
"""

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from paceline.errors import StorageError
from paceline.files import open_to_write, write_files


def _write(path: Path, text: str) -> None:
    with open_to_write(path) as file:
        file.write(text)


def test_a_file_is_replaced_when_it_is_whole(tmp_path: Path) -> None:
    """
    Until then, its readers have the old text; who may read it stays as it was.
    """
    path = tmp_path / "runs.txt"
    path.write_text("old")
    path.chmod(0o640)
    with open_to_write(path) as file:
        file.write("new")
        before = path.read_text()

    assert (before, path.read_text(), path.stat().st_mode & 0o777) == ("old", "new", 0o640)
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """
    And nothing beside it.
    """
    path = tmp_path / "runs.txt"
    path.write_text("old")
    with pytest.raises(TypeError), open_to_write(path) as file:
        file.writelines(["half of the ", None])  # type: ignore[list-item]

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    """
    It stays a pipe, and whoever reads from it has the text.
    """
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=_write, args=(path, "new"))
    writer.start()
    read = path.read_text()
    writer.join()

    assert read == "new"
    assert path.is_fifo()
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_one(tmp_path: Path) -> None:
    """
    The file that it leads to is replaced, or made.
    """
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to("there/runs.txt")
    for text in ("old", "new"):
        _write(link, text)

    assert link.is_symlink()
    assert (tmp_path / "there" / "runs.txt").read_text() == "new"


@pytest.mark.parametrize(
    ("name", "why"),
    [("nowhere/runs.txt", "No such file or directory"), ("file/runs.txt", "Not a directory"), (".", "Is a directory")],
)
def test_what_cannot_be_written_is_said(tmp_path: Path, name: str, why: str) -> None:
    """
    By its path, with the reason.
    """
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as caught:
        _write(tmp_path / name, "new")

    assert str(caught.value) == f"{tmp_path / name} cannot be written ({why})"


@contextmanager
def _small_files() -> Iterator[None]:
    """
    What a full disk is to whoever writes.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """
    And is said, of a file as of a folder of files.
    """
    path = tmp_path / "runs.txt"
    path.write_text("old")
    with _small_files(), pytest.raises(StorageError) as one:
        _write(path, "new")
    with _small_files(), pytest.raises(StorageError) as several:
        write_files(tmp_path / "folder", {"a.yml": "new"}, force=False)

    assert str(one.value) == f"{path} cannot be written (File too large)"
    assert str(several.value) == f"{tmp_path / 'folder'} cannot be written (File too large)"
    assert path.read_text() == "old"
