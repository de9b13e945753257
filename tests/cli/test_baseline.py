"""
`paceline baseline`.
"""

import re
from pathlib import Path

import pytest

from paceline.analysis.past import PastRun
from paceline.history.baseline_file import read_baselines
from paceline.history.results_folder import read_run
from paceline.history.sqlite.ledger import Ledger
from support.command import Ended, run_command
from support.suite import Suite
from support.wording import ERROR


@pytest.fixture(scope="module")
def run_twice(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """
    A suite that was run twice.
    """
    suite = Suite(tmp_path_factory.mktemp("run-twice"))
    suite.write("test_shop.py", "import pytest\n@pytest.mark.parametrize('x', [1, 2])\ndef test_a(x): pass\n")
    suite.write("test_cart.py", "def test_b(): pass\n")
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
    return run_command(("baseline", *arguments))


def test_pin_keeps_the_last_run(kept: Suite) -> None:
    """
    Suite, run, time and commit are those of the run; pinned again for the same tests, it takes the place.
    """
    run = read_run(kept.results / "latest_report.json")
    output = _call("pin", "--note", "release 2.0").output
    _call("pin", "--note", "release 2.1")
    (pinned,) = read_baselines(kept.folder / "paceline_baselines.json").pinned

    assert output == f"pinned {run.run_id} for * in paceline_baselines.json; commit that file\n"
    assert (pinned.suite, pinned.tests, pinned.run_id, pinned.note) == ("shop", "*", run.run_id, "release 2.1")
    assert pinned.ended.timestamp() == pytest.approx(run.ended, abs=0.001)


def test_pin_a_run_by_its_id(kept: Suite) -> None:
    """
    An earlier run, for a part of the tests.
    """
    first = min(run.run_id for _, _, run in _ledger(kept))
    _call("pin", first, "--tests", "test_shop.py")
    (pinned,) = read_baselines(kept.folder / "paceline_baselines.json").pinned

    assert (pinned.run_id, pinned.tests) == (first, "test_shop.py")


def test_accept_says_how_many_tests(kept: Suite) -> None:
    """
    A test without its parameters means all of them.
    """
    run_id = read_run(kept.results / "latest_report.json").run_id
    result = _call("accept", "test_shop.py::test_a", "test_cart.py::*", "--note", "checks stock")
    accepted = read_baselines(kept.folder / "paceline_baselines.json").accepted

    assert result.output == f"accepted 3 tests as of {run_id} in paceline_baselines.json; commit that file\n"
    assert [one.tests for one in accepted] == ["test_cart.py::*", "test_shop.py::test_a"]


def test_a_pattern_that_fits_nothing_is_refused(kept: Suite) -> None:
    """
    A slip of the pen accepts nothing, and leaves no file.
    """
    run_id = read_run(kept.results / "latest_report.json").run_id
    result = _call("accept", "test_cart.py", "test_shopp.py")

    assert result.exit_code == 1
    assert result.output == (
        f"{ERROR}run {run_id} has no test that matches 'test_shopp.py'; `paceline history show` lists its tests\n"
    )
    assert not (kept.folder / "paceline_baselines.json").exists()


@pytest.mark.usefixtures("kept")
def test_list_is_a_table() -> None:
    """
    For each baseline what it applies to, since when, and why.
    """
    assert _call("list").output == "No baselines: tests are judged against their latest runs.\n"

    _call("pin", "--note", "release 2.0")
    _call("accept", "test_cart.py")
    lines = _call("list").output.splitlines()

    assert lines[0].split() == ["suite", "tests", "since", "(UTC)", "run", "commit", "note"]
    assert re.fullmatch(r"pinned +shop +\* +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +01\w+ +release 2\.0", lines[2])
    assert re.fullmatch(r"accepted +shop +test_cart\.py +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +01\w+ *", lines[3])


def test_clear_removes_by_pattern_or_all(kept: Suite) -> None:
    """
    What was made with the pattern goes, the rest stays; --all leaves an empty file.
    """
    _call("pin")
    _call("accept", "test_cart.py::test_b", "test_shop.py")
    path = kept.folder / "paceline_baselines.json"

    assert _call("clear", "test_cart.py").output == "removed 1 baseline\n"
    assert [one.tests for one in read_baselines(path).accepted] == ["test_shop.py"]
    assert _call("clear", "--all").output == "removed 2 baselines\n"
    assert (read_baselines(path).pinned, read_baselines(path).accepted) == ((), ())


@pytest.mark.usefixtures("kept")
def test_clear_says_where_nothing_fits() -> None:
    """
    A name that is misspelt removes nothing, and says so.
    """
    result = _call("clear", "nothing", "nobody")

    assert result.exit_code == 1
    assert result.output == f"{ERROR}no baseline matches 'nothing', 'nobody'; `paceline baseline list` shows all\n"


def test_clear_wants_to_know_what() -> None:
    """
    Without a pattern nothing is removed.
    """
    result = _call("clear")

    assert result.exit_code == 2
    assert f"{ERROR}expected PATTERN or --all" in result.output


def _ledger(suite: Suite) -> list[tuple[str, str, PastRun]]:
    return Ledger(suite.results / "history.sqlite").summaries()
