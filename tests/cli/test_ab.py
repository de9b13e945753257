"""
`paceline ab`, with real commits and real runs of pytest.
"""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from paceline.ab.pytest_run import Tree
from paceline.model import Case, Run
from paceline.usage import UsageKey
from support.command import Ended, run_command
from support.repository import Project
from support.wording import ERROR

_SHOP = """
    def price():
        return {factor} * 20


    def stock():
        return 20
"""
_TESTS = """
    import pytest
    import shop


    def test_price(paceline):
        paceline.record("milliseconds", shop.price())


    @pytest.mark.parametrize("number", range(8))
    def test_stock(number, paceline):
        paceline.record("milliseconds", shop.stock())
"""
# Plugins of this environment would take half of each of some hundred sessions.
_UNNEEDED = ("anyio", "asyncio", "hypothesispytest", "rerunfailures", "timeout", "xdist")
_SETTINGS = f"[pytest]\naddopts = {' '.join(f'-p no:{plugin}' for plugin in _UNNEEDED)}\n"
_PRICE = "tests/test_shop.py::test_price"


@pytest.fixture
def shop(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """
    A project whose branch `slow` makes one function twice as slow, and where the user is in it, on `main`.
    """
    project.write("tests/test_shop.py", _TESTS)
    project.write("pytest.ini", _SETTINGS)
    (project.folder / "shop.py").unlink()
    project.commit("src/shop.py", _SHOP.format(factor=1))
    project.git("switch", "--quiet", "--create", "slow")
    project.commit("src/shop.py", _SHOP.format(factor=2))
    project.git("switch", "--quiet", "main")
    monkeypatch.chdir(project.folder)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return project


@pytest.fixture
def told_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A test takes the milliseconds that it records, instead of those of the clock, which a busy machine changes.
    """
    measured = Tree.run

    def run(
        tree: Tree, arguments: Sequence[str], seed: int, seconds: float | None, **counting: Any
    ) -> tuple[Run, dict[str, Path]]:
        run, imports = measured(tree, arguments, seed, seconds, **counting)
        return replace(run, cases=tuple(map(_as_told, run.cases))), imports

    monkeypatch.setattr(Tree, "run", run)


def _as_told(case: Case) -> Case:
    seconds = case.measures["milliseconds"].value / 1e3
    usage = {UsageKey.CPU_SECONDS: seconds}
    return replace(case, duration_seconds=seconds, normalized_duration_seconds=None, usage=usage, measures={})


def _call(*arguments: str) -> Ended:
    return run_command(["ab", *arguments])


def _compared(*arguments: str) -> dict[str, Any]:
    result = _call(*arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    return {test["id"]: test for test in found["tests"]}


def _changed(tests: dict[str, Any]) -> dict[str, str]:
    return {name: test["change"] for name, test in tests.items() if test["change"] in {"slower", "faster"}}


@pytest.mark.usefixtures("shop", "told_time")
def test_a_function_twice_as_slow_is_found() -> None:
    """
    Its test is slower by the factor 2, its CPU time moved, and no other test is changed.
    """
    tests = _compared("--base", "main", "--head", "slow", "--rounds", "2")

    assert _changed(tests) == {_PRICE: "slower"}
    assert tests[_PRICE]["shift"]["ratio"] == pytest.approx(2)
    assert tests[_PRICE]["moved"][0]["measure"] == "cpu_seconds"


@pytest.mark.usefixtures("shop", "told_time")
def test_the_reverse_is_faster() -> None:
    """
    From the slow branch to the other the same test is faster.
    """
    assert _changed(_compared("--base", "slow", "--head", "main", "--rounds", "2")) == {_PRICE: "faster"}


@pytest.mark.usefixtures("told_time")
def test_the_same_commit_on_both_sides(shop: Project) -> None:
    """
    Nothing is found, and nothing is left: no work tree, no results, no changed file.
    """
    tests = _compared("--base", "main", "--head", "main", "--rounds", "2")

    assert _changed(tests) == {}
    assert len(tests) == 9
    assert shop.work_trees() == [shop.folder]
    assert shop.git("status", "--porcelain", "--ignored") == ""


@pytest.mark.usefixtures("told_time")
def test_uncommitted_changes_are_the_head(shop: Project) -> None:
    """
    Without --head the work tree is looked at; exit code 10 where a test is slower by more than was allowed.
    """
    shop.write("src/shop.py", _SHOP.format(factor=10))
    result = _call("--base", "main", "--rounds", "2", "--fail-on-slower", "1.5", "--", "tests", "-k", "price")

    assert result.exit_code == 10
    assert re.search(r"^slower +\d+\.\d+ .*tests/test_shop\.py::test_price$", result.stdout, re.MULTILINE)
    assert "paceline: 1 test takes at least 1.5 times as long (--fail-on-slower)\n" in result.stderr
    assert shop.git("status", "--porcelain") == "M src/shop.py"


def test_a_test_that_fails_on_one_side(shop: Project) -> None:
    """
    It is reported, and not compared.
    """
    shop.write("tests/test_shop.py", "def test_price(): assert 0\n")
    tests = _compared("--base", "main", "--rounds", "1")

    assert (tests[_PRICE]["change"], tests[_PRICE]["head_failures"]) == ("failed", 1)
    assert "shift" in tests[_PRICE]
    assert tests[_PRICE]["shift"] is None


def test_code_imported_from_elsewhere_is_told(shop: Project) -> None:
    """
    A conftest that leads to one tree makes both sides the same, and a warning says so.
    """
    shop.commit("tests/conftest.py", f"import sys\nsys.path.insert(0, {str(shop.folder / 'src')!r})\n")
    result = _call("--base", "main", "--head", "main", "--rounds", "1")
    warnings = [line for line in result.stderr.splitlines() if line.startswith("paceline: ")]

    assert len(warnings) == 2
    assert re.fullmatch(
        rf"paceline: main \(\w{{10}}\): pytest tested other code: shop from {re.escape(str(shop.folder))}/src was "
        "imported from outside of the work tree, so both sides may be the same; install the code there with --setup",
        warnings[0],
    )


def test_an_editable_install_leads_to_the_work_tree(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A path that leads into the user's work tree leads into that of the side: the code of each side is tested.
    """
    shop.git("mv", "src", "lib")
    shop.git("commit", "--quiet", "--message", "an unusual layout")
    monkeypatch.syspath_prepend(shop.folder / "lib")
    result = _call("--base", "main", "--rounds", "1")

    assert result.exit_code == 0
    assert "tested other code" not in result.stderr


@pytest.mark.usefixtures("shop")
def test_setup_runs_once_in_each_work_tree(tmp_path: Path) -> None:
    """
    In the folder of the tree, before its tests.
    """
    told = tmp_path / "told"
    result = _call("--base", "main", "--rounds", "1", "--setup", f"pwd >> {told}", "--", "-k", "price")

    assert result.exit_code == 0
    assert [Path(line).name for line in told.read_text("utf-8").splitlines()] == ["base", "head"]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--base", "nowhere"], r"'nowhere' is not a commit of /.*, expected a branch, a tag or a commit"),
        (["--base", "main", "--", "-k", "nothing"], r"main \(\w{10}\): pytest collected no tests:\n"),
        (["--base", "main", "--", "--wrong"], r"main \(\w{10}\): pytest ended with exit code 4:\n"),
        (["--base", "main", "--setup", "echo no; exit 3"], r"main \(\w{10}\): --setup ended with exit code 3:\nno"),
        (["--base", "main", "--max-seconds", "0.01"], r"no round was complete within 0\.01 s; raise --max-seconds"),
    ],
    ids=["reference", "tests", "pytest", "setup", "time"],
)
def test_what_cannot_be_run_is_said(arguments: list[str], message: str) -> None:
    """
    Exit code 1, and what was wrong on which side, with what pytest or the command said.
    """
    result = _call(*arguments)

    assert result.exit_code == 1
    assert re.search(f"^{ERROR}{message}", result.stderr, re.MULTILINE)


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A clear line and exit code 1.
    """
    monkeypatch.chdir(tmp_path)
    result = _call("--base", "main")

    assert result.exit_code == 1
    assert result.stderr.startswith(f"{ERROR}{tmp_path}: expected a folder in a git work tree: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ending_it_in_the_middle_leaves_no_work_tree(shop: Project, number: signal.Signals) -> None:
    """
    Ctrl-C and a polite kill both end the tests and remove what was made.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "paceline", "ab", "--base", "main"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while len(shop.work_trees()) < 3 and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(number)

        assert process.wait(timeout=60) != 0
    assert shop.work_trees() == [shop.folder]


@pytest.fixture
def loops(shop: Project) -> Project:
    """
    The project, whose branch `loops` calls one function three times as often.
    """
    shop.write("tests/test_shop.py", "import shop\n\ndef test_total():\n    assert shop.total(range(10)) == 45\n")
    shop.commit("src/shop.py", _LOOPS.format(times=1))
    shop.git("switch", "--quiet", "--create", "loops")
    shop.commit("src/shop.py", _LOOPS.format(times=3))
    shop.git("switch", "--quiet", "main")
    return shop


_LOOPS = """
    def total(prices):
        return sum(price(one) for one in prices)


    def price(one):
        return [taxed(one) for _ in range({times})][0]


    def taxed(one):
        return one
"""


@pytest.mark.usefixtures("loops")
def test_calls_are_compared_without_times() -> None:
    """
    One run of each side, and one more where they differ; the function that runs more often is named.
    """
    result = _call("--base", "main", "--head", "loops", "--work-only", "--fail-on-work", "--format", "json")
    found = json.loads(result.stdout)
    (function,) = found["functions"]

    assert result.exit_code == 10, result.output
    assert (found["compared"], found["varying"], found["base_calls"], found["head_calls"]) == (1, 0, 22, 42)
    assert (function["function"], function["base_calls"], function["head_calls"]) == ("shop:taxed", 10, 30)
    assert function["tests"] == ["tests/test_shop.py::test_total"]


@pytest.mark.usefixtures("loops")
def test_fewer_calls_fail_nothing() -> None:
    """
    The same code has no function that changed.
    """
    fewer = _call("--base", "loops", "--head", "main", "--work-only", "--fail-on-work")
    same = _call("--base", "main", "--head", "main", "--work-only", "--fail-on-work", "--format", "markdown")

    assert (fewer.exit_code, same.exit_code) == (0, 0)
    assert fewer.stdout.splitlines()[:2] == [
        "0 functions run more often, 1 less often",
        "1 test counted on both sides: 42 → 22 calls",
    ]
    assert same.stdout.startswith("### ✅ Paceline: no function runs more or less often\n")


@pytest.mark.usefixtures("loops")
def test_calls_stand_beside_times() -> None:
    """
    The first round counts them, so that they cost no round more where nothing changed.
    """
    result = _call("--base", "main", "--head", "loops", "--rounds", "1", "--format", "json")

    assert result.exit_code == 0, result.output
    assert [one["function"] for one in json.loads(result.stdout)["work"]["functions"]] == ["shop:taxed"]


def test_a_load_test_is_compared_by_its_median_latency(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The time of a load test is as long as it was asked to be on both sides; its latency is not.
    """
    project.write(
        "tests/test_load.py",
        """
        import shop
        from paceline.testkit import load_test


        def test_orders():
            load_test(shop.order, concurrent_users=1, ramp_up_seconds=0, duration_seconds=0.3)
        """,
    )
    project.write("pytest.ini", _SETTINGS)
    (project.folder / "shop.py").unlink()
    code = "import time\n\n\ndef order():\n    time.sleep({})\n"
    project.commit("src/shop.py", code.format(0.01))
    project.write("src/shop.py", code.format(0.08))
    monkeypatch.chdir(project.folder)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (test,) = _compared("--base", "HEAD", "--rounds", "2").values()

    assert test["change"] == "slower"
