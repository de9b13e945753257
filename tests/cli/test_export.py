"""
`paceline export`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from paceline.history.archive import Archive
from support.command import Ended, run_command
from support.installed import prometheus_folder
from support.reading import read_openmetrics
from support.values import EPOCH, make_case, make_run
from support.wording import ERROR


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


def _call(*arguments: str) -> Ended:
    return run_command(("export", "openmetrics", *arguments))


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
    Beside the default branch. The standard output is a file as well.
    """
    result = _call("-", "--branch", "topic")

    assert _runs(result.stdout) == [("run-0", "main"), ("run-1", "main"), ("run-2", "topic")]


@pytest.mark.parametrize("name", ["stdout", "pipe"])
def test_what_is_no_file_is_written_to(tmp_path: Path, name: str) -> None:
    """
    A pipe gives the runs to whoever reads from it, and stays a pipe.
    """
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")  # what /dev/stdout is
    command = [sys.executable, "-m", "paceline", "export", "openmetrics", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        read = (tmp_path / name).read_text() if name == "pipe" else ""
        written, said = process.communicate(timeout=60)

    assert (process.returncode, said) == (0, "wrote 3 runs\n")
    assert len(_runs(read or written)) == 3
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--suite", "nobody"], "no run of the suite 'nobody' in performance_results/history.sqlite; {}"),
        (["--since", "2024-01-01"], "no run in that time in performance_results/history.sqlite; {}"),
        (["--results", "nowhere"], "nowhere/history.sqlite does not exist, expected a results folder with a history"),
    ],
)
def test_what_is_not_there_is_said(tmp_path: Path, asked: list[str], message: str) -> None:
    """
    And the file stays as it was.
    """
    (tmp_path / "runs.txt").write_text("of yesterday")
    result = _call("runs.txt", *asked)

    hint = "`paceline history list` lists all runs"
    assert (result.exit_code, result.output.replace(f"{tmp_path}/", "")) == (1, f"{ERROR}{message.format(hint)}\n")
    assert (tmp_path / "runs.txt").read_text() == "of yesterday"


def test_runs_of_one_millisecond_are_all_written(tmp_path: Path) -> None:
    """
    Each with a time of its own, by their ids.
    """
    archive = Archive(tmp_path / "performance_results", pytest.fail)
    for number in (5, 4):
        archive.ledger.add(make_run(number, [make_case()], suite="tools", ended=EPOCH))
    text = _call("-", "--suite", "tools").stdout
    (passed,) = (family for family in read_openmetrics(text) if family.name == "paceline_test_passed")

    assert _runs(text) == [("run-4", "main"), ("run-5", "main")]
    assert [float(sample.timestamp or 0) for sample in passed.samples] == [EPOCH, EPOCH + 0.001]


def _add_parts(folder: Path, *ids: str) -> None:
    archive = Archive(folder / "performance_results", pytest.fail)
    for number, run_id in enumerate(ids):
        archive.ledger.add(make_run(number, [make_case(f"test_{run_id}")], suite="tools", run_id=run_id))


def test_parts_of_a_run_are_one_run(tmp_path: Path) -> None:
    """
    With the tests of all, at the end of the last, a whole one; and in a span with that end.
    """
    _add_parts(tmp_path, "gh-1.1of2", "gh-1.2of2")
    result = _call("runs.txt", "--suite", "tools", "--since", "2023-11-14T23:00:00")
    families = {family.name: family for family in read_openmetrics((tmp_path / "runs.txt").read_text())}

    assert result.output == "wrote 1 run\n"
    assert _runs((tmp_path / "runs.txt").read_text()) == [("gh-1", "main")]
    assert {sample.labels["partial"] for sample in families["paceline_run_info"].samples} == {"false"}
    assert sum(sample.value for sample in families["paceline_run_cases"].samples) == 2


def test_a_part_that_is_missing_is_told(tmp_path: Path) -> None:
    """
    The run is a partial one then.
    """
    _add_parts(tmp_path, "gh-1.1of4", "gh-1.3of4")
    result = _call("runs.txt", "--suite", "tools")
    (info,) = (one for one in read_openmetrics((tmp_path / "runs.txt").read_text()) if one.name == "paceline_run_info")

    assert result.output == "paceline: run gh-1 lacks part 2, 4 and is written as a partial run\nwrote 1 run\n"
    assert [(sample.labels["run_id"], sample.labels["partial"]) for sample in info.samples] == [("gh-1", "true")]


def test_a_part_beside_its_whole_is_a_run_of_its_own(tmp_path: Path) -> None:
    """
    As in the history of an exporter, to which it came late.
    """
    _add_parts(tmp_path, "gh-1", "gh-1.3of3")
    result = _call("runs.txt", "--suite", "tools")

    assert result.output == "wrote 2 runs\n"
    assert _runs((tmp_path / "runs.txt").read_text()) == [("gh-1", "main"), ("gh-1.3of3", "main")]


@pytest.mark.stack
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


@pytest.mark.parametrize("label", ["job", "suite=shop", "test=a", "a-b=c", "__name__=x", "__tenant__=x", "le=1"])
def test_a_label_that_cannot_be_is_refused(label: str) -> None:
    """
    What has no value, what series have of their own, what is no name, and what is Prometheus's own.
    """
    result = _call("-", "--label", label)

    assert result.exit_code == 2
    assert (
        f"{label!r}, expected NAME=VALUE with a name that is not a label of Paceline, such as job=paceline-runs"
        in result.output
    )
