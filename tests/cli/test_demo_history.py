"""
`paceline demo-history`.
"""

from pathlib import Path

import pytest

from paceline.analysis.judgement_rules import Rules
from paceline.history.results_folder import read_run
from paceline.history.sqlite.ledger import Ledger
from support.command import run_command


@pytest.fixture(autouse=True)
def _empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A folder without results.
    """
    monkeypatch.chdir(tmp_path)


def _make(*arguments: str) -> str:
    options = ("--days", "3", "--tests", "10", "--until", "2026-11-24", *arguments)
    result = run_command(("demo-history", *options))
    assert result.exit_code == 0
    return result.stdout


def test_runs_are_kept_as_real_ones_are(tmp_path: Path) -> None:
    """
    Judged, as documents, in the ledger and in the trends.
    """
    said = _make()
    results = tmp_path / "performance_results"
    kept = Ledger(results / "history.sqlite").summaries("demo")

    assert said == "added 6 runs\n"
    assert len(kept) == len(list(results.glob("performance_*.json"))) == 6
    assert (results / "trends.json").is_file()
    assert kept[0][2].slowdown_ratio is not None


def test_the_same_runs_are_not_added_again(tmp_path: Path) -> None:
    """
    Neither to the ledger nor as documents; another suite is another history.
    """
    said = [_make(), _make(), _make("--suite", "an other")]
    results = tmp_path / "performance_results"

    assert said == ["added 6 runs\n", "added 0 runs\n", "added 6 runs\n"]
    assert len(list(results.glob("performance_*.json"))) == 12
    assert len(Ledger(results / "history.sqlite").summaries("an other")) == 6


def test_rules_of_prometheus_judge_what_is_made(tmp_path: Path) -> None:
    """
    The thresholds travel with each run, as with real ones.
    """
    _make()
    results = tmp_path / "performance_results"
    documents = [read_run(path) for path in results.glob("performance_*.json")]

    assert {tuple(one.thresholds.items()) for one in documents} == {tuple(Rules().thresholds().items())}
