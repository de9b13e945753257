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

from paceline import files
from paceline.errors import StorageError
from paceline.files import PRIVATE, holding, is_locked, lock, open_to_write, replace_file, write_files
from support.wording import IS_FOLDER, NO_FILE, NO_FOLDER, NO_LOCKS, NOT_A_FILE, TOO_LARGE


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
    [("nowhere/runs.txt", NO_FILE), ("file/runs.txt", NO_FOLDER), (".", IS_FOLDER)],
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

    assert str(one.value) == f"{path} cannot be written ({TOO_LARGE})"
    assert str(several.value) == f"{tmp_path / 'folder'} cannot be written ({TOO_LARGE})"
    assert path.read_text() == "old"


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    """
    The umask takes something away from any mode, whatever the old file had.
    """
    path, umask = tmp_path / "state", os.umask(0o027)
    try:
        modes = []
        for mode in (None, PRIVATE, 0o644):
            replace_file(path, b"new", mode)
            modes.append(oct(path.stat().st_mode & 0o777))
    finally:
        os.umask(umask)

    assert modes == ["0o640", "0o600", "0o640"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_content(tmp_path: Path) -> None:
    """
    And nothing beside it.
    """
    path = tmp_path / "state"
    path.write_bytes(b"old")
    with _small_files(), pytest.raises(OSError, match=TOO_LARGE):
        replace_file(path, b"new")

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_lock_is_seen_until_its_file_is_closed(tmp_path: Path) -> None:
    """
    By all that open the file, and nobody else gets it.
    """
    with (tmp_path / "file").open("xb") as file, (tmp_path / "file").open("rb") as other:
        before = is_locked(other)
        lock(file)
        with pytest.raises(BlockingIOError):
            lock(other)
        while_locked = is_locked(other)
        file.close()

        assert (before, while_locked, is_locked(other)) == (False, True, False)


def test_looking_at_a_lock_takes_none(tmp_path: Path) -> None:
    """
    A second look sees what the first one saw.
    """
    (tmp_path / "file").touch()
    with (tmp_path / "file").open("rb") as one, (tmp_path / "file").open("rb") as other:
        assert [is_locked(one), is_locked(other), is_locked(one)] == [False] * 3


def test_a_system_without_locks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    So does a file that cannot have one.
    """
    (tmp_path / "file").touch()
    with open(os.open(tmp_path / "file", os.O_PATH), "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        with pytest.raises(OSError, match=NOT_A_FILE):
            lock(file)
        assert not is_locked(file)

    monkeypatch.setattr(files, "HAS_LOCKS", False)
    with (tmp_path / "file").open("rb") as file:
        with pytest.raises(OSError, match=NO_LOCKS):
            lock(file)
        assert not is_locked(file)


def test_a_fork_does_not_hold_the_lock(tmp_path: Path) -> None:
    """
    A child that outlives the process that locked the file keeps nobody else out.
    """
    (is_forked, tell_forked), (may_end, tell_end) = os.pipe(), os.pipe()
    with (tmp_path / "file").open("xb") as file, (tmp_path / "file").open("rb") as other:
        lock(file)
        child = os.fork()
        if child == 0:
            os.write(tell_forked, b"x")
            os.read(may_end, 1)
            os._exit(0)
        os.read(is_forked, 1)
        file.close()
        is_held = is_locked(other)
        os.write(tell_end, b"x")
        os.waitpid(child, 0)
    for descriptor in (is_forked, tell_forked, may_end, tell_end):
        os.close(descriptor)

    assert not is_held


def test_holding_a_lock_waits_for_its_turn(tmp_path: Path) -> None:
    """
    Two that hold it one after the other do not meet.
    """
    order: list[str] = []

    def second() -> None:
        with holding(tmp_path / ".lock"):
            order.append("second")

    waiting = threading.Thread(target=second)
    with holding(tmp_path / ".lock"):
        waiting.start()
        waiting.join(0.2)
        order.append("first")
    waiting.join()

    assert order == ["first", "second"]
