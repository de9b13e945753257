"""
`paceline export`.
"""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from paceline.cli import main
from paceline.history.archive import Archive
from support.reading import read_openmetrics
from support.servers import prometheus_folder
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


@pytest.mark.parametrize("span", [[], ["--since", "2023-11-14T23:00:00"], ["--until", "2023-11-14T22:30:00"]])
def test_promtool_takes_any_span(tmp_path: Path, span: list[str]) -> None:
    """
    `promtool tsdb create-blocks-from openmetrics` makes blocks of it, and all runs are in them.
    """
    _call("runs.txt", *span)
    promtool = prometheus_folder() / "promtool"
    make: list[str | Path] = ["tsdb", "create-blocks-from", "openmetrics", "runs.txt", "data"]
    subprocess.run([promtool, *make], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "data" / "wal").mkdir()  # a running server has one, and the dump looks for it
    dumped = subprocess.run(
        [promtool, "tsdb", "dump", "--match={__name__='paceline_run_info'}", tmp_path / "data"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert len(dumped.splitlines()) == len(_runs((tmp_path / "runs.txt").read_text())) > 0


def test_a_past_goes_on_with_what_is_scraped(tmp_path: Path) -> None:
    """
    Where it has the labels of the scrape.
    """
    _call("runs.txt", "--label", "job=paceline-runs", "--label", "instance=a=b")
    samples = [one for family in read_openmetrics((tmp_path / "runs.txt").read_text()) for one in family.samples]

    assert samples
    assert {(one.labels["job"], one.labels["instance"]) for one in samples} == {("paceline-runs", "a=b")}


@pytest.mark.parametrize("label", ["job", "suite=shop", "a-b=c"])
def test_a_label_that_cannot_be_is_refused(label: str) -> None:
    """
    What has no value, what series have of their own, and what is no name.
    """
    result = _call("-", "--label", label)

    assert result.exit_code == 2
    assert f"{label!r}, expected a name that no series has, and a value: job=paceline-runs" in result.output
