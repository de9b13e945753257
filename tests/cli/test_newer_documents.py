"""
The command, where a newer release has written into the history.
"""

import gzip
import json
from pathlib import Path

import pytest

from paceline.analysis.judgement_rules import Rules
from paceline.documents import decode_run
from paceline.history.archive import Archive
from support.command import Ended, run_command
from support.newer import FIELD, KEY, KIND, OUTCOME, TOMORROW, newer, newer_document
from support.reading import read_openmetrics
from support.receiving import receiving
from support.values import TEST, make_case, make_run

_RUNS = [make_run(number, [make_case(seconds=0.02 + number / 1000)]) for number in range(4)]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A project with four runs, each written by a newer release.
    """
    archive = Archive(tmp_path / "performance_results", pytest.fail)
    archive.folder.prepare()
    for run in _RUNS:
        archive.keep(decode_run(newer_document(run), "newer"), archive.past_of(run, Rules()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path


def _call(*arguments: str) -> Ended:
    result = run_command(arguments)
    assert result.exit_code == 0, result.output
    return result


def test_export_writes_the_figures_that_it_knows(project: Path) -> None:
    """
    Each run, with `other` for an outcome and a verdict that are unknown.
    """
    _call("export", "openmetrics", "runs.txt")
    text = (project / "runs.txt").read_text()
    samples = [sample for family in read_openmetrics(text) for sample in family.samples]
    cases = {sample.labels["outcome"]: sample.value for sample in samples if sample.name == "paceline_run_cases"}

    accounts = {sample.labels["account"]: sample.value for sample in samples if sample.name == "paceline_run_accounts"}
    scopes = {sample.labels["scope"] for sample in samples if sample.name == "paceline_fixture_seconds"}

    assert sum(sample.name == "paceline_run_info" for sample in samples) == 4
    assert (accounts["measured"], accounts["other"], scopes) == (1, 2, {"other"})
    assert (cases["passed"], cases["other"]) == (1, 1)
    assert [name for name in (FIELD, KEY, KIND, OUTCOME) if name in text] == []


def test_reports_show_an_unknown_verdict(project: Path) -> None:
    """
    Its kind, its test and its reason, which is escaped in Markdown; advice is the newer release's.
    """
    text, markdown = _call("report").output, _call("report", "--format", "markdown").output
    document = json.loads(_call("report", "--format", "json").output)

    assert "1 finding of a newer Paceline" in text
    assert [name for name in ("SLOW_FIXTURE", TEST, "slow <fixture>", "newer Paceline") if name not in text] == []
    assert "slow &lt;fixture>" in markdown
    assert "<fixture>" not in markdown
    assert document == newer(_RUNS[3])
    assert _call("report", str(project / "performance_results" / "latest_report.json")).output == text


@pytest.mark.parametrize("arguments", [("compare", "run-0,run-1", "run-2,run-3"), ("compare", "run-0", "run-3")])
def test_runs_are_compared(arguments: tuple[str, ...]) -> None:
    """
    By the tests that ran in them.
    """
    assert TEST in _call(*arguments, "--format", "json").output


def test_history_lists_and_shows_the_runs() -> None:
    """
    With their outcome as it is.
    """
    assert _call("history", "list").output.count("abandoned") == 4
    assert OUTCOME in _call("history", "show", "run-3").output
    assert _call("trends").exit_code == 0


@pytest.mark.parametrize("arguments", [("replay", "--since", "2023-11-14"), ("push", "run.json")])
def test_runs_are_sent_as_they_are(project: Path, arguments: tuple[str, ...]) -> None:
    """
    To an exporter, from the history and from a file.
    """
    (project / "run.json").write_bytes(newer_document(_RUNS[0]))
    with receiving() as server:
        _call(*arguments, "--to", server.url)

    assert json.loads(gzip.decompress(server.requests[0].body)) == newer(_RUNS[0])
    assert json.loads(gzip.decompress(server.requests[-1].body))[FIELD] == TOMORROW
