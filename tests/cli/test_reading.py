"""
The commands that read what was kept: report, trends, history.
"""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from paceline.history.results_folder import read_run
from support.command import Ended, run_command
from support.servers import free_port
from support.suite import Suite
from support.wording import ERROR, NO_FILE, REFUSED


@pytest.fixture(scope="module")
def run_twice(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """
    A suite that was run twice.
    """
    suite = Suite(tmp_path_factory.mktemp("run-twice"))
    suite.write("test_shop.py", "import time\ndef test_slow(): time.sleep(0.12)\ndef test_quick(): pass\n")
    suite.run()
    suite.run()
    return suite


@pytest.fixture
def kept(run_twice: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """
    A copy of that suite, with the user in its folder.
    """
    suite = run_twice.copied(tmp_path / "shop")
    monkeypatch.chdir(suite.folder)
    monkeypatch.setenv("PACELINE_SUITE", "shop")
    return suite


def _call(*arguments: str) -> Ended:
    return run_command(arguments)


def test_two_saved_runs_leave_report_and_trends(kept: Suite) -> None:
    """
    trends.json has the duration of the suite and its number of tests; latest_report.json is the last run.
    """
    trends = json.loads((kept.results / "trends.json").read_bytes())["suites"]["shop"]
    latest = read_run(kept.results / "latest_report.json")

    assert trends["test_count"] == 2
    assert trends["duration_seconds"]["runs"] == 2
    assert trends["duration_seconds"]["latest"] == pytest.approx(latest.duration_seconds, abs=1e-6)
    assert trends["tests"]["test_shop.py::test_slow"]["p50"] > 0.12
    assert trends["run_id"] == latest.run_id
    assert len(list(kept.results.glob("performance_*.json"))) == 2


@pytest.mark.parametrize("arguments", [("test", "--report-only"), ("report",)])
def test_report_only_reads_what_was_saved(kept: Suite, arguments: tuple[str, ...]) -> None:
    """
    `paceline test --report-only` and `paceline report` print the saved report and run nothing.
    """
    before = sorted(kept.results.iterdir())
    output = _call(*arguments).output

    assert " ".join(output.split()).startswith(
        "nothing new, no times compared (1 of 8 earlier runs); still 1 broken budget · 2 tests in "
    )
    assert "still       1 broken budget: test_shop.py::test_slow" in output
    assert sorted(kept.results.iterdir()) == before


def test_a_report_by_the_beginning_of_its_id_and_as_json(kept: Suite) -> None:
    """
    A run is found by a part of its id that no other begins with, and JSON is the document itself.
    """
    run_id = read_run(kept.results / "latest_report.json").run_id
    output = _call("report", run_id[:20], "--format", "json").output

    assert json.loads(output) == json.loads((kept.results / "latest_report.json").read_bytes())


@pytest.mark.usefixtures("kept")
def test_a_report_as_junit_xml() -> None:
    """
    The file of a run has a test case for each of its tests.
    """
    suite = ET.fromstring(_call("report", "--format", "junit").output).find("testsuite")

    assert suite is not None
    assert "test_slow" in [case.attrib["name"] for case in suite.findall("testcase")]


@pytest.mark.usefixtures("kept")
def test_a_report_for_a_pull_request() -> None:
    """
    Markdown has a heading, and folded away a table with a row for each verdict that stands, and details.
    """
    lines = _call("report", "--format", "markdown").output.splitlines()

    assert lines[0].startswith("### ⚠️ Paceline: nothing new, no times compared (1 of 8 earlier runs); still 1 broken")
    assert lines[2] == "<details><summary>Still: 1 broken budget</summary>"
    assert re.match(r"\|\s+\| Verdict\s+\| Test\s+\| What\s+\| Why\s+\| Last runs\s+\|", lines[4])
    assert "| `test_shop.py::test_slow` |" in lines[6]
    assert lines[-1] == "</details>"


@pytest.mark.usefixtures("kept")
def test_a_run_that_is_not_there() -> None:
    """
    An unknown id is exit code 1 and a line that says how to see what there is.
    """
    result = _call("report", "01NOTHING")

    assert result.exit_code == 1
    assert re.fullmatch(
        rf"{ERROR}no run '01NOTHING' in .*history\.sqlite; `paceline history list` lists all runs\n", result.output
    )


@pytest.mark.parametrize("arguments", [("report",), ("trends",)])
def test_nothing_kept_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    """
    Before the first run, a line names the next step, the exit code is 1, and no folder is made.
    """
    monkeypatch.chdir(tmp_path)
    result = _call(*arguments)

    assert result.exit_code == 1
    assert result.output.endswith(f".json cannot be read: {NO_FILE}; `pytest --paceline` writes it\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("kept")
def test_trends_is_a_table() -> None:
    """
    One row for the suite and one for each test, in the order asked for, those that fit a pattern.
    """
    lines = _call("trends", "--sort", "p95").output.splitlines()

    assert lines[0].split() == [
        "normalised",
        "times",
        "runs",
        "latest",
        "p50",
        "p95",
        "p99",
        "slope",
        "a",
        "run",
        "95%",
        "interval",
        "a",
        "week",
    ]
    assert [line.split("  ")[0] for line in lines[2:]] == [
        "the whole suite, by the clock",
        "test_shop.py::test_slow",
        "test_shop.py::test_quick",
    ]
    assert "test_quick" not in _call("trends", "*slow").output
    assert list(json.loads(_call("trends", "slow", "--format", "json").output)) == ["test_shop.py::test_slow"]


def test_history_list_and_show(kept: Suite) -> None:
    """
    Runs are listed the latest first, and one is shown test by test.
    """
    run_id = read_run(kept.results / "latest_report.json").run_id
    listed = _call("history", "list").output.splitlines()
    shown = _call("history", "show", run_id).output

    assert len(listed) == 4
    assert listed[2].startswith(run_id)
    assert re.search(r"^test_shop\.py::test_slow\s+unit\s+passed\s+1\d\d ms", shown, re.MULTILINE)


def test_prune_forgets_runs_and_their_files(kept: Suite) -> None:
    """
    --keep 1 keeps the latest run of each branch, in the history and as a file; --dry-run only tells.
    """
    assert _call("history", "prune", "--keep", "1", "--dry-run").output == "would remove 1 run\n"
    assert len(_call("history", "list").output.splitlines()) == 4
    assert _call("history", "prune", "--keep", "1").output == "removed 1 run\n"
    assert len(_call("history", "list").output.splitlines()) == 3
    assert len(list(kept.results.glob("performance_*.json"))) == 1
    assert _call("report").exit_code == 0


def test_trends_forget_what_was_pruned(kept: Suite) -> None:
    """
    They are those of the runs that are left, and a suite without runs has none.
    """
    _call("history", "prune", "--keep", "1")
    (suite,) = json.loads((kept.results / "trends.json").read_bytes())["suites"].values()
    _call("history", "prune", "--keep", "0")

    assert suite["duration_seconds"]["runs"] == 1
    assert [test["runs"] for test in suite["tests"].values()] == [1, 1]
    assert json.loads((kept.results / "trends.json").read_bytes())["suites"] == {}


def test_trends_of_a_part_know_all_tests(kept: Suite) -> None:
    """
    After one test was run alone, the other is there still, and the suite as a whole was run twice.
    """
    kept.run("-k", "quick")
    rows = [line.split() for line in _call("trends").output.splitlines()[2:]]

    assert sorted((row[0], row[6] if row[0] == "the" else row[1]) for row in rows) == [
        ("test_shop.py::test_quick", "3"),
        ("test_shop.py::test_slow", "2"),
        ("the", "2"),
    ]


@pytest.mark.usefixtures("kept")
def test_trends_of_nothing_are_an_error() -> None:
    """
    A pattern that fits no test is said to.
    """
    result = _call("trends", "nothing")

    assert result.exit_code == 1
    assert result.output == f"{ERROR}no test matches 'nothing'; `paceline trends` shows all\n"


def test_prune_wants_to_know_what() -> None:
    """
    Without a limit nothing is forgotten.
    """
    result = _call("history", "prune")

    assert result.exit_code == 2
    assert f"{ERROR}expected --older-than DAYS or --keep N" in result.output


def test_import_fills_the_history_once(kept: Suite) -> None:
    """
    JUnit XML of earlier runs becomes history, a second time adds nothing, and a foreign file is named.
    """
    kept.run("--junitxml=old.xml", on=False)
    kept.write("foreign.xml", "<html/>")

    assert _call("history", "import", "old.xml").stdout.splitlines()[-1] == "added 1 run"
    assert _call("history", "import", "old.xml").stdout.splitlines()[-1] == "added 0 runs; 1 known already"
    foreign = _call("history", "import", "foreign.xml")
    assert foreign.exit_code == 1
    assert "paceline: foreign.xml" in foreign.output


def test_help_teaches() -> None:
    """
    The help of the command shows examples and every exit code.
    """
    output = _call("--help").output

    assert "paceline test cart --budget 50" in output
    assert "10  a gate is red: --fail-on, --fail-on-slower, or an alert" in output


@pytest.mark.usefixtures("kept")
def test_a_report_looks_where_the_past_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    With an address the past is asked there, and a server that is down costs one line beside the report.
    """
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("PACELINE_HISTORY", url)
    result = _call("report")

    assert result.exit_code == 0
    assert result.stderr == (f"paceline: no history: {url}: the connection failed ({REFUSED}), expected a Prometheus\n")
    assert f"history     none from {url}; regressions are judged from 8 on" in result.stdout
