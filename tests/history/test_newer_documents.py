"""
What is kept of a newer release.
"""

import json
from pathlib import Path

import pytest

from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Needed
from paceline.documents import decode_run, encode_run
from paceline.history.archive import Archive
from paceline.history.importers import read_runs
from paceline.history.journal import left_behind
from paceline.history.source import TimeSpan
from paceline.shards import merge
from support.dying import leave_journal
from support.newer import FIELD, KEY, TOMORROW, newer, newer_document
from support.values import make_case, make_run

_RUN = make_run(1, [make_case(normalized_duration_seconds=0.01)])
_NEWER = decode_run(newer_document(_RUN), "newer")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """
    The archive of a project.
    """
    archive = Archive(tmp_path / "performance_results", pytest.fail)
    archive.folder.prepare()
    return archive


def test_a_results_folder_keeps_all_of_it(archive: Archive) -> None:
    """
    In the document, in the ledger, and in a ledger that was read back from documents.
    """
    assert archive.keep(*archive.judged(_RUN, Rules()))
    assert archive.keep(decode_run(newer_document(make_run(2, [make_case()])), "newer"), archive.past_of(_RUN, Rules()))
    archive.folder.ledger.unlink()
    with pytest.raises(pytest.fail.Exception, match="2 runs were read back from documents"):
        archive.recover(Rules(), "shop")

    assert json.loads(encode_run(archive.folder.read_latest())) == newer(make_run(2, [make_case()]))
    assert json.loads(archive.folder.latest_report.read_bytes())[FIELD] == TOMORROW
    kept = archive.ledger.run("run-2")
    assert kept is not None
    assert json.loads(encode_run(kept)) == newer(make_run(2, [make_case()]))


def test_a_new_quantity_is_in_the_past_of_a_test(archive: Archive) -> None:
    """
    A release that knows it finds it there.
    """
    archive.ledger.add(_NEWER)
    reader = archive.ledger.reader("shop", "main", TimeSpan())
    reader.read(Needed((KEY,)))

    assert [run.run_id for run in reader.runs] == ["run-1"]
    assert list(reader.past().series(KEY, _RUN.cases[0].id).values) == [0.5]


def test_what_a_newer_session_left_is_found(tmp_path: Path) -> None:
    """
    Its journal has the run and each case with their unknown fields.
    """
    path = leave_journal(tmp_path, _NEWER)
    ((_, run),) = left_behind(tmp_path, "shop")

    assert path.exists()
    assert (run.cases, run.unknown_fields) == (_NEWER.cases, _NEWER.unknown_fields)


def test_a_newer_document_can_be_imported(tmp_path: Path) -> None:
    """
    As a run document of this release.
    """
    (tmp_path / "run.json").write_bytes(newer_document(_RUN))

    assert read_runs(tmp_path / "run.json", "", "") == [_NEWER]


def test_parts_of_a_run_are_one_with_all_that_they_have() -> None:
    """
    Cases and verdicts keep their unknown fields. Unknown lists of the parts follow each other.
    """
    parts = [newer(make_run(number, [make_case(f"test_{number}")], run_id=f"47.{number}of2")) for number in (1, 2)]
    whole = json.loads(encode_run(merge("47", [decode_run(json.dumps(part).encode(), "part") for part in parts])))

    assert [case.get(FIELD) for case in whole["cases"]] == 3 * [TOMORROW]
    assert [verdict["kind"] for verdict in whole["verdicts"]] == 2 * ["slow_fixture"]
    assert (whole["results"], whole["outcome"]) == (2 * [{"kind": "load"}], "abandoned")
    assert (whole[FIELD], whole["counts"]) == (TOMORROW, {KEY: 2})
