"""
`paceline export`.
"""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from paceline.cli import main
from paceline.history.archive import Archive
from support.reading import read_openmetrics
from support.values import make_case, make_run


@pytest.fixture(autouse=True)
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Three runs, an hour after the other from 14 November 2023, 22:13 UTC, the last on another branch.
    """
    archive = Archive(tmp_path / "performance_results", pytest.fail)
    archive.folder.prepare()
    for number, branch in enumerate(["main", "main", "topic"]):
        archive.ledger.add(make_run(number, [make_case()], branch=branch))
    monkeypatch.chdir(tmp_path)


def _call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("export", "openmetrics", *arguments))


def _runs(text: str) -> list[tuple[str, str]]:
    (info,) = (family for family in read_openmetrics(text) if family.name == "paceline_run_info")
    return [(sample.labels["run_id"], sample.labels["branch"]) for sample in info.samples]


def test_all_runs_are_written(tmp_path: Path) -> None:
    """
    Into the file, and the command says how many; branches but the default one are called other.
    """
    result = _call("runs.txt")

    assert (result.exit_code, result.output) == (0, "wrote 3 runs\n")
    assert _runs((tmp_path / "runs.txt").read_text()) == [("run-0", "main"), ("run-1", "main"), ("run-2", "other")]


def test_a_span_of_time_is_written(tmp_path: Path) -> None:
    """
    From one point in time to another, both in UTC.
    """
    _call("runs.txt", "--since", "2023-11-14T23:00:00", "--until", "2023-11-14T23:30:00")

    assert _runs((tmp_path / "runs.txt").read_text()) == [("run-1", "main")]


def test_a_branch_may_keep_its_name() -> None:
    """
    The standard output is a file as well.
    """
    result = _call("-", "--branch", "topic")

    assert _runs(result.stdout) == [("run-0", "other"), ("run-1", "other"), ("run-2", "topic")]


def test_nothing_to_write_is_an_empty_text(tmp_path: Path) -> None:
    """
    A suite without runs.
    """
    assert _call("runs.txt", "--suite", "nobody").output == "wrote 0 runs\n"
    assert (tmp_path / "runs.txt").read_text() == "# EOF\n"
