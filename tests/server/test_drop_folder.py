"""
A folder in which others leave documents.
"""

import gzip
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paceline.documents import decode_run, encode_run
from paceline.errors import ConflictError, DocumentError, StorageError
from paceline.server.drop_folder import DropFolder
from support.exporter import exporter_in
from support.values import make_case, make_run
from support.wording import ERROR, LOOP, NO_FILE

_FILES = "paceline_exporter_watched_files_total"
_DOCUMENT = encode_run(make_run(1, [make_case()]))


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _look_twice(folder: Path) -> list[str]:
    taken: list[str] = []
    drop_folder = DropFolder(folder)
    for _ in range(2):
        drop_folder.look(lambda document, where: taken.append(decode_run(document, where).run_id))
    return taken


def test_documents_are_taken_and_kept(tmp_path: Path) -> None:
    """
    Plain and compressed; afterwards they are in a folder beside.
    """
    (tmp_path / "a.json").write_bytes(_DOCUMENT)
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(_DOCUMENT))

    assert _look_twice(tmp_path) == ["run-1", "run-1"]
    assert _names(tmp_path) == ["taken/a.json", "taken/b.json.gz"]


def test_what_is_no_run_is_set_aside(tmp_path: Path) -> None:
    """
    And what is none of ours is left alone.
    """
    for name in ("a.json", "b.json.gz", ".hidden.json", "notes.txt"):
        (tmp_path / name).write_bytes(b"{}")

    assert _look_twice(tmp_path) == []
    assert _names(tmp_path) == [".hidden.json", "damaged/a.json", "damaged/b.json.gz", "notes.txt"]


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    """
    Until it stays as it is from one look to the next.
    """
    path, taken = tmp_path / "a.json", list[str]()
    drop_folder = DropFolder(tmp_path)
    results = []
    for size in (100, 200, len(_DOCUMENT), None):
        if size is not None:
            path.write_bytes(_DOCUMENT[:size])
        results.append(drop_folder.look(lambda document, where: taken.append(decode_run(document, where).run_id)))

    assert (results, taken) == ([{}, {}, {}, {"taken": 1}], ["run-1"])


def test_a_name_that_came_before_is_kept_too(tmp_path: Path) -> None:
    """
    Nothing that was taken is overwritten.
    """
    for _ in range(2):
        (tmp_path / "a.json").write_bytes(_DOCUMENT)
        _look_twice(tmp_path)

    assert len(_names(tmp_path / "taken")) == 2


@pytest.mark.parametrize(
    ("error", "result", "names"),
    [
        (StorageError("full"), "unreadable", ["a.json"]),
        (DocumentError("bad"), "damaged", ["damaged/a.json"]),
        (ConflictError("known"), "conflict", ["damaged/a.json"]),
    ],
)
def test_what_cannot_be_kept_now_stays(tmp_path: Path, error: Exception, result: str, names: list[str]) -> None:
    """
    For the next look; it is told and counted once.
    """
    (tmp_path / "a.json").write_bytes(_DOCUMENT)
    drop_folder = DropFolder(tmp_path)

    def refuse(_: bytes, __: str) -> None:
        raise error

    assert [drop_folder.look(refuse) for _ in range(3)] == [{}, {result: 1}, {}]
    assert _names(tmp_path) == names


def test_what_is_no_file_is_skipped_and_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """
    A folder whatever its name, a pipe, a link to itself; but not the folders of what was taken.
    """
    for name in ("job-7", "taken", "damaged", ".git", "run.json"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "loop.json").symlink_to("loop.json")
    drop_folder = DropFolder(tmp_path)
    results = [drop_folder.look(lambda *_: None) for _ in range(3)]

    assert results == [{"skipped": 3, "unreadable": 1}, {}, {}]
    assert caplog.messages == [
        "skipped: job-7 is not a file",
        f"loop.json cannot be read: {LOOP}",
        "skipped: pipe.json is not a file",
        "skipped: run.json is not a file",
    ]


def test_a_document_that_is_hidden_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """
    When it stays: a program may write it aside, and rename it when it is whole. A link to nothing is told too.
    """
    (tmp_path / "gone.json").symlink_to("nowhere.json")
    for name in (".aside.json", ".hidden.json", ".run.json.x7"):
        (tmp_path / name).write_bytes(_DOCUMENT)
    drop_folder, taken = DropFolder(tmp_path), list[str]()
    results = []
    for _ in range(3):
        results.append(drop_folder.look(lambda _, where: taken.append(where)))
        if len(results) == 1:
            (tmp_path / ".aside.json").rename(tmp_path / "aside.json")

    assert (results, taken) == ([{"unreadable": 1}, {"skipped": 1}, {"taken": 1}], ["aside.json"])
    assert caplog.messages == [
        "gone.json cannot be read: it is a link to a file that is not there",
        "skipped: .hidden.json begins with a dot",
    ]


def test_a_folder_that_is_gone_may_come_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """
    That it cannot be read is told once, and once more when it is gone again.
    """
    folder = tmp_path / "inbox"
    drop_folder = DropFolder(folder)
    results = []
    for is_there in (False, False, True, False):
        if is_there:
            folder.mkdir()
        elif folder.exists():
            folder.rmdir()
        results.append(drop_folder.look(lambda *_: None))

    assert results == [{"unreadable": 1}, {}, {}, {"unreadable": 1}]
    assert caplog.messages == [f"{folder} cannot be read: {NO_FILE}"] * 2


def test_a_folder_that_was_never_there_is_refused(tmp_path: Path) -> None:
    """
    At the start, as nobody would ever put anything into one that was made for a wrong name.
    """
    command = [sys.executable, "-m", "paceline", "serve", "--watch=inbox"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (1, f"{ERROR}--watch is 'inbox', expected an existing folder\n")


def test_an_exporter_takes_what_is_put_there(tmp_path: Path) -> None:
    """
    As if it had been sent.
    """
    watched = tmp_path / "inbox"
    watched.mkdir()
    with exporter_in(tmp_path, f"--watch={watched}") as exporter:
        (watched / ".new").write_bytes(_DOCUMENT)
        (watched / ".new").rename(watched / "run.json")
        (watched / "bad.json").write_bytes(b"{")
        (watched / "second.json").write_bytes(_DOCUMENT.replace(b'"shop"', b'"e2e"'))
        end = time.monotonic() + 60
        while sum(exporter.state(_FILES).values()) < 3 and time.monotonic() < end:
            time.sleep(0.1)

        assert exporter.runs() == ["run-1"]
        assert exporter.state(_FILES) == {
            "taken": 1,
            "damaged": 1,
            "conflict": 1,
            "skipped": 0,
            "unreadable": 0,
        }
        reports = exporter.state("paceline_exporter_reports_total")
        assert {result: count for result, count in reports.items() if count} == {
            "accepted": 1,
            "conflict": 1,
            "rejected": 1,
        }
        assert "INFO accepted: run run-1 of shop with 1 test, from the file run.json" in exporter.log.read_text()
        assert "WARNING set aside: second.json: run run-1 exists already (suite shop, " in exporter.log.read_text()
        assert "WARNING set aside: bad.json: not a run document: " in exporter.log.read_text()
