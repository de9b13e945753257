"""
`paceline compare`, on runs that are kept.
"""

import json
from pathlib import Path

import pytest

from paceline.documents import encode_run
from paceline.history.sqlite.ledger import Ledger
from paceline.model import Run
from support.command import Ended, run_command
from support.repository import Project
from support.values import make_case, make_run
from support.wording import ERROR

_COMMIT = "4f2c91a0" * 5
_NOTHING = (
    "'nothing' is not a file, a git revision, or a run, branch or commit in {ledger}; "
    "branches with runs: main, slow; `paceline history list` lists all runs"
)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A project with four runs of `main` and four of `slow`, in which the test takes twice as long.
    """
    monkeypatch.chdir(tmp_path)
    ledger = Ledger(tmp_path / "performance_results" / "history.sqlite")
    ledger.path.parent.mkdir()
    for number in range(4):
        ledger.add(_run(number, 0.02))
        ledger.add(_run(number, 0.04, run_id=f"slow-{number}", branch="slow", commit=_COMMIT))
    return tmp_path


def _run(number: int, seconds: float, **changes: str) -> Run:
    return make_run(number, [make_case(seconds=seconds * (1 + number / 100))], **changes)


def _call(*arguments: str) -> Ended:
    return run_command(["compare", *arguments])


@pytest.mark.parametrize(
    "arguments", [("compare", "main", "slow"), ("history", "list"), ("history", "show", "slow-0")], ids=" ".join
)
def test_what_is_said_fits_the_terminal(
    kept: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """
    In 80 columns less is said; a program that reads along gets all.
    """
    piped = run_command(arguments).output
    monkeypatch.setenv("COLUMNS", "80")
    shown = run_command(arguments).output

    assert max(map(len, shown.replace(str(kept), "").splitlines())) <= 80
    assert max(map(len, piped.splitlines())) > 80


@pytest.mark.usefixtures("kept")
def test_two_branches() -> None:
    """
    What became slower is in a table, with its interval, effect and runs.
    """
    lines = _call("main", "slow").output.splitlines()

    assert lines[:4] == [
        "1 slower, 0 faster, 0 unchanged",
        "base: main, 4 runs",
        "head: slow, 4 runs",
        "total: 20.3 ms → 40.6 ms, 2.00 times (95%: 1.96 to 2.04) as long, 1 test, without the wait for a CPU",
    ]
    assert lines[-1].split() == [
        *("slower", "2.00", "1.96", "to", "2.04", "20.3", "ms", "40.6", "ms", "+1.00", "4/4"),
        "tests/test_cart.py::test_total",
    ]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("head", ["slow", "4f2c91a", "slow-0,slow-1,slow-2", "slow-0, slow-3"])
def test_what_a_side_can_be(head: str) -> None:
    """
    A branch, the beginning of a commit, runs.
    """
    (test,) = json.loads(_call("main", head, "--format", "json").output)["tests"]

    assert test["change"] == "slower"
    assert test["shift"]["p_value"] <= test["q_value"] < 0.05
    assert test["head_runs"] == {"slow-0,slow-1,slow-2": 3, "slow-0, slow-3": 2}.get(head, 4)


@pytest.mark.parametrize("head", ["new", "new/*.json", "new/a.json"])
def test_documents_are_a_side(kept: Path, head: str) -> None:
    """
    A folder, a pattern, a file.
    """
    (kept / "new").mkdir()
    for name in ("a", "b") if head != "new/a.json" else ("a",):
        (kept / "new" / f"{name}.json").write_bytes(encode_run(_run(9, 0.06, run_id=f"new-{name}")))
    (test,) = json.loads(_call("main", head, "--format", "json").output)["tests"]

    assert test["shift"]["ratio"] == pytest.approx(3.2, abs=0.1)


@pytest.mark.usefixtures("kept")
def test_only_the_latest_runs_of_a_branch() -> None:
    """
    --runs says how many.
    """
    assert json.loads(_call("main", "slow", "--runs", "2", "--format", "json").output)["base_runs"] == 2


@pytest.mark.usefixtures("kept")
def test_single_runs_are_only_a_ratio() -> None:
    """
    That is said, and a gate has nothing to judge.
    """
    result = _call("run-0", "slow-0", "--fail-on-slower", "1.5")

    assert result.exit_code == 0
    assert "one run on each side: the ratios have no interval and no p-value; compare more runs\n" in result.stdout
    assert result.stderr == "paceline: --fail-on-slower had nothing to judge: no test has enough runs on both sides\n"


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(("ratio", "code"), [("1.5", 10), ("2.5", 0)])
def test_a_gate(ratio: str, code: int) -> None:
    """
    Exit code 10 where a test is slower by at least the ratio.
    """
    assert _call("main", "slow", "--fail-on-slower", ratio).exit_code == code


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        (
            ("main", "nothing"),
            _NOTHING,
        ),
        (("main", "slow-"), "'slow-' is the beginning of several ids: slow-3, slow-2, slow-1, slow-0"),
        (("main", "run-0"), "run run-0 is on both sides, expected different runs"),
        (("main", "no/*.json"), "no file matches 'no/*.json'"),
        (("main", "."), ". has no documents of runs, expected performance_*.json or performance_*.json.gz"),
        (("main", ","), "a side is empty, expected a run, a file, a branch or a commit"),
    ],
    ids=["unknown", "several", "both", "pattern", "folder", "empty"],
)
def test_a_side_that_is_none(kept: Path, sides: tuple[str, str], message: str) -> None:
    """
    Exit code 1, and what was found.
    """
    result = _call(*sides)

    assert result.exit_code == 1
    ledger = kept / "performance_results" / "history.sqlite"
    assert result.stderr == f"{ERROR}{message.format(ledger=ledger)}\n"


def test_a_name_that_can_be_two_things(kept: Path) -> None:
    """
    The beginning of a run and of a commit: both are told, and neither is taken.
    """
    Ledger(kept / "performance_results" / "history.sqlite").add(_run(5, 0.02, run_id="4f2c-run"))
    result = _call("main", "4f2c")

    assert result.stderr == (
        f"{ERROR}'4f2c' matches a run (1 run) and a commit (4 runs); expected a whole id, or "
        "more characters of the commit\n"
    )


def test_sides_of_different_suites(kept: Path) -> None:
    """
    A line says so; what they share is compared.
    """
    Ledger(kept / "performance_results" / "history.sqlite").add(_run(5, 0.02, run_id="other", suite="other"))

    assert _call("slow", "other").stderr == "paceline: the sides are of different suites: shop and other\n"


def test_what_only_git_knows_is_a_commit(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A tag or HEAD~1 stands for the runs of its commit; where there are none, the commit is named.
    """
    project.git("tag", "v1")
    commits = [project.git("rev-parse", "HEAD"), project.commit("shop.py", ""), project.commit("shop.py", "FACTOR = 2")]
    monkeypatch.chdir(project.folder)
    ledger = Ledger(project.folder / "performance_results" / "history.sqlite")
    ledger.path.parent.mkdir()
    for number, commit in enumerate(commits[:2]):
        ledger.add(_run(number, 0.02, commit=commit))

    assert _call("v1", "HEAD~1").output.splitlines()[1:3] == ["base: v1, 1 run", "head: HEAD~1, 1 run"]
    assert _call("v1", "HEAD").stderr == (
        f"{ERROR}'HEAD' is commit {commits[2][:10]}, but no complete run of that commit without changes is kept\n"
    )
