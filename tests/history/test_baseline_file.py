"""
The file of baselines.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from paceline.analysis.baselines import Baseline, Baselines
from paceline.errors import DocumentError, StorageError
from paceline.history.baseline_file import read_baselines, write_baselines
from support.wording import IS_FOLDER, cause

_ONE = '{"suite": "shop", "tests": "*", "run_id": "01", "ended": "2026-11-24T00:00:00Z"}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """
    A file that is not there yet.
    """
    return tmp_path / "paceline_baselines.json"


def _baseline(tests: str, **changes: str) -> Baseline:
    moment = datetime(2026, 11, 24, 7, 38, 30, 125000, tzinfo=UTC)
    return Baseline(suite="shop", tests=tests, run_id="01M8", ended=moment, **changes)


def test_no_file_is_no_baselines(path: Path) -> None:
    """
    A project without any needs no file.
    """
    assert read_baselines(path) == Baselines()


def test_it_is_written_for_people(path: Path) -> None:
    """
    Sorted, a key a line, with a time that can be read; what is not known is absent.
    """
    write_baselines(path, Baselines(accepted=(_baseline("test_b"), _baseline("test_a", note="checks stock"))))

    assert (
        path.read_text()
        == """{
  "schema": 1,
  "pinned": [],
  "accepted": [
    {
      "suite": "shop",
      "tests": "test_a",
      "run_id": "01M8",
      "ended": "2026-11-24T07:38:30.125000Z",
      "note": "checks stock"
    },
    {
      "suite": "shop",
      "tests": "test_b",
      "run_id": "01M8",
      "ended": "2026-11-24T07:38:30.125000Z"
    }
  ],
  "repeated_queries": []
}
"""
    )


def test_it_is_read_back_equal(path: Path) -> None:
    """
    Whatever the order in which baselines were made, the file is the same.
    """
    one, other = _baseline("test_a", commit="4f2c"), _baseline("*")
    write_baselines(path, Baselines(pinned=(one, other)))
    text = path.read_text()
    write_baselines(path, Baselines(pinned=(other, one)))

    assert path.read_text() == text
    assert read_baselines(path) == Baselines(pinned=(other, one))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"pins": []}',
        '{"schema": 2}',
        '{"pinned": [_ONE, {"suite": "shop"}]}',
        '{"pinned": [_ONE, {"why": ""}]}',
        '{"accepted": [{"ended": "monday"}]}',
        '{"accepted": [{"tests": ""}]}',
    ],
)
def test_a_damaged_file_is_refused(path: Path, content: str) -> None:
    """
    The message names the file, and quotes its cause.
    """
    path.write_text(content.replace("_ONE", _ONE))
    with pytest.raises(DocumentError) as caught:
        read_baselines(path)

    assert str(caught.value) == f"{path}: not the baselines of a project: {cause(caught.value)}"


def test_a_file_that_cannot_be_used(path: Path) -> None:
    """
    A folder in its place is named, in reading as in writing.
    """
    path.mkdir()
    with pytest.raises(StorageError) as reading:
        read_baselines(path)
    with pytest.raises(StorageError) as writing:
        write_baselines(path, Baselines())

    assert str(reading.value) == f"the baselines {path} cannot be read: {IS_FOLDER}"
    assert str(writing.value) == f"{path} cannot be written ({IS_FOLDER})"
