"""
The results folder.
"""

import errno
import os
from pathlib import Path

import pytest

from paceline.documents import encode_run
from paceline.errors import DocumentError, StorageError
from paceline.history.results_folder import ResultsFolder, read_run, set_aside
from paceline.history.sqlite.ledger import Ledger
from support.values import make_case, make_run
from support.wording import NO_FILE, NO_FOLDER, cause

# 12 March 2026, 08:05:09.120 UTC.
_ENDED = 1_773_302_709.120_5


@pytest.fixture
def folder(tmp_path: Path) -> ResultsFolder:
    """
    A folder that is ready.
    """
    made = ResultsFolder(tmp_path / "results")
    made.prepare()
    return made


def _names(folder: ResultsFolder) -> list[str]:
    return sorted(path.name for path in folder.path.iterdir())


def test_a_folder_keeps_itself_out_of_git(folder: ResultsFolder) -> None:
    """
    It is made with a `.gitignore` and a place for journals, and nothing is left of the trial to write.
    """
    assert _names(folder) == [".gitignore", ".running"]
    assert (folder.path / ".gitignore").read_text() == "# Made by Paceline.\n*\n"


def test_a_folder_is_made_ready_again(folder: ResultsFolder) -> None:
    """
    What the user changed stays.
    """
    (folder.path / ".gitignore").write_text("history.sqlite\n")
    folder.prepare()

    assert (folder.path / ".gitignore").read_text() == "history.sqlite\n"


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    """
    The message names the folder and says why it cannot be written to.
    """
    (tmp_path / "results").write_text("not a folder")
    with pytest.raises(StorageError) as caught:
        ResultsFolder(tmp_path / "results").prepare()

    assert str(caught.value) == f"the results folder {tmp_path}/results cannot be written to: {NO_FOLDER}"


def test_a_document_is_named_by_the_end_of_its_run(folder: ResultsFolder) -> None:
    """
    In UTC, to the millisecond, without characters that a file system does not like.
    """
    path = folder.add_document(b"{}", _ENDED)

    assert path == folder.path / "performance_2026-03-12T08-05-09.120Z.json"
    assert path.read_bytes() == b"{}"


def test_the_latest_report_is_the_latest_document(folder: ResultsFolder) -> None:
    """
    One file under two names, so that a large suite is not written twice.
    """
    first = folder.add_document(b"first", _ENDED)
    second = folder.add_document(b"second", _ENDED + 1)

    assert folder.latest_report.samefile(second)
    assert first.read_bytes() == b"first"
    assert _names(folder) == [".gitignore", ".running", "latest_report.json", first.name, second.name]


def test_runs_that_end_in_the_same_millisecond_get_two_names(folder: ResultsFolder) -> None:
    """
    Neither document is lost.
    """
    paths = [folder.add_document(content, _ENDED) for content in (b"one", b"two", b"three")]

    assert [path.name for path in paths] == [
        "performance_2026-03-12T08-05-09.120Z.json",
        "performance_2026-03-12T08-05-09.120Z-2.json",
        "performance_2026-03-12T08-05-09.120Z-3.json",
    ]
    assert [path.read_bytes() for path in paths] == [b"one", b"two", b"three"]


def test_documents_are_listed_by_time(folder: ResultsFolder) -> None:
    """
    The latest report and what else lies there are none.
    """
    late = folder.add_document(b"late", _ENDED)
    early = folder.add_document(b"early", _ENDED - 3600)
    folder.replace(folder.trends, b"{}")

    assert list(folder.documents()) == [early, late]


def test_documents_of_large_suites_are_compressed(folder: ResultsFolder) -> None:
    """
    They take a tenth of the space at most and are read as all others; the latest report is plain JSON, and no foreign
    one to the next run.
    """
    cases = [make_case(f"tests/test_shop.py::test_{number}_of_{'many' * 30}") for number in range(4000)]
    run = make_run(1, cases)
    path = folder.add_document(encode_run(run), _ENDED)
    before = path.stat().st_size
    later = folder.add_document(encode_run(make_run(2)), _ENDED + 60)

    assert path.name == "performance_2026-03-12T08-05-09.120Z.json.gz"
    assert 10 * before < len(encode_run(run))
    assert read_run(path) == run
    assert list(folder.documents()) == [path, later]
    assert _names(folder) == [".gitignore", ".running", "latest_report.json", path.name, later.name]
    assert folder.read_latest() == make_run(2)

    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DocumentError, match=r"json\.gz: not a run document"):
        read_run(path)


def test_a_foreign_latest_report_is_kept(tmp_path: Path) -> None:
    """
    A file of that name that was no document of a run gets another name, and the user reads which.
    """
    said: list[str] = []
    folder = ResultsFolder(tmp_path, said.append)
    folder.latest_report.write_bytes(b"theirs")
    folder.add_document(b"ours", _ENDED)
    kept = list(folder.path.glob("latest_report.json.replaced-*"))

    assert [path.read_bytes() for path in kept] == [b"theirs"]
    assert said == [f"{tmp_path}/latest_report.json was no run of this folder; set aside as {kept[0].name}"]
    assert folder.latest_report.read_bytes() == b"ours"


def test_a_copied_latest_report_is_not_foreign(folder: ResultsFolder) -> None:
    """
    A cache or an archive of a CI system makes two files of the two names: that is no reason to keep a third.
    """
    document = folder.add_document(b"first", _ENDED)
    folder.latest_report.unlink()
    folder.latest_report.write_bytes(document.read_bytes())
    folder.add_document(b"second", _ENDED + 1)

    assert list(folder.path.glob("latest_report.json.replaced-*")) == []
    assert folder.latest_report.read_bytes() == b"second"


def test_a_file_is_replaced_as_a_whole(folder: ResultsFolder) -> None:
    """
    Who has the old file open reads the old content to its end, and nothing half-written is left beside it.
    """
    folder.replace(folder.trends, b"old")
    with folder.trends.open("rb") as reader:
        folder.replace(folder.trends, b"new")
        read = reader.read()

    assert (read, folder.trends.read_bytes()) == (b"old", b"new")
    assert _names(folder) == [".gitignore", ".running", "trends.json"]


def test_files_can_be_read_by_others(folder: ResultsFolder) -> None:
    """
    A web server or another user may show reports.
    """
    path = folder.add_document(b"{}", _ENDED)

    assert path.stat().st_mode & 0o777 == 0o644


def test_a_missing_folder_is_made_again(tmp_path: Path) -> None:
    """
    A test may have removed it.
    """
    folder = ResultsFolder(tmp_path / "missing")
    folder.replace(folder.trends, b"{}")

    assert folder.add_document(b"{}", _ENDED).read_bytes() == b"{}"


def test_a_folder_that_is_a_file_cannot_be_written_to(tmp_path: Path) -> None:
    """
    The message says what was not written, and why.
    """
    (tmp_path / "missing").touch()
    folder = ResultsFolder(tmp_path / "missing")
    with pytest.raises(StorageError) as document:
        folder.add_document(b"{}", _ENDED)
    with pytest.raises(StorageError) as trends:
        folder.replace(folder.trends, b"{}")

    reason = os.strerror(errno.ENOTDIR)
    assert str(document.value) == f"{tmp_path}/missing: the report of the run was not written: {reason}"
    assert str(trends.value) == f"{tmp_path}/missing/trends.json was not written: {reason}"


def test_what_was_not_finished_is_not_left(folder: ResultsFolder) -> None:
    """
    Where a file cannot get its name, its content does not stay under a strange one.
    """
    folder.trends.mkdir()
    with pytest.raises(StorageError):
        folder.replace(folder.trends, b"{}")

    assert _names(folder) == [".gitignore", ".running", "trends.json"]


def test_the_latest_report_is_read(folder: ResultsFolder) -> None:
    """
    The run that comes out is the one that was written.
    """
    run = make_run(1, [make_case()])
    folder.add_document(encode_run(run), run.ended)

    assert folder.read_latest() == run


def test_a_missing_document_is_an_error(folder: ResultsFolder) -> None:
    """
    The message names the file once.
    """
    with pytest.raises(StorageError) as caught:
        folder.read_latest()

    where = f"{folder.path}/latest_report.json"
    assert str(caught.value) == f"{where} cannot be read: {NO_FILE}; `pytest --paceline` writes it"


def test_a_document_that_is_none_is_an_error(tmp_path: Path) -> None:
    """
    The message names the file and what is wrong in it.
    """
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(DocumentError) as caught:
        read_run(tmp_path / "run.json")

    assert str(caught.value) == f"{tmp_path}/run.json: not a run document: {cause(caught.value)}"


def test_a_file_is_set_aside_beside_its_place(tmp_path: Path) -> None:
    """
    The new name says why and when, and the bytes are the same.
    """
    (tmp_path / "trends.json").write_bytes(b"\xff")
    aside = set_aside(tmp_path / "trends.json", "damaged")

    assert aside.name.startswith("trends.json.damaged-2")
    assert [path.name for path in tmp_path.iterdir()] == [aside.name]
    assert aside.read_bytes() == b"\xff"


def test_what_is_not_there_cannot_be_set_aside(tmp_path: Path) -> None:
    """
    The message says what was to be renamed.
    """
    with pytest.raises(StorageError) as caught:
        set_aside(tmp_path / "trends.json", "damaged")

    assert str(caught.value) == f"{tmp_path}/trends.json is damaged and cannot be set aside: {NO_FILE}"


@pytest.mark.parametrize("write", ["prepare", "add", "replace", "ledger"])
def test_a_new_results_folder_is_private(tmp_path: Path, write: str) -> None:
    """
    Its owner alone can enter it, whichever file is written first; folders above it follow the umask.
    """
    folder = ResultsFolder(tmp_path / "build" / "results")
    if write == "prepare":
        folder.prepare()
    elif write == "add":
        folder.add_document(b"{}", _ENDED)
    elif write == "replace":
        folder.replace(folder.trends, b"{}")
    else:
        Ledger(folder.ledger).add(make_run(1))

    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert folder.path.parent.stat().st_mode & 0o777 == 0o777 & ~_umask()


def test_a_results_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    """
    A folder that was made for other users stays open to them.
    """
    path = tmp_path / "results"
    path.mkdir()
    path.chmod(0o755)
    ResultsFolder(path).prepare()

    assert path.stat().st_mode & 0o777 == 0o755


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def test_reports_are_never_more_open_than_the_ledger(tmp_path: Path) -> None:
    """
    They say what it says; and the umask holds.
    """
    folder = ResultsFolder(tmp_path)
    umask = os.umask(0o027)
    try:
        before = folder.add_document(b"{}", _ENDED)
        folder.ledger.touch()
        folder.ledger.chmod(0o600)
        after = folder.add_document(b"{}", _ENDED + 1)
        folder.replace(folder.trends, b"{}")
    finally:
        os.umask(umask)

    assert [path.stat().st_mode & 0o777 for path in (before, after, folder.trends)] == [0o640, 0o600, 0o600]
