"""
What was collected and what was measured: no test is lost in silence, and a part is not taken for the whole.
"""

import json
from pathlib import Path

import pytest

from paceline.usage import UsageKey
from support.neighbours import Beside

_BUSY = """
    import time

    def test_busy_200_ms():
        end = time.process_time() + 0.2
        while time.process_time() < end:
            pass

    def test_over_budget():
        time.sleep(0.3)
"""
_MANY = """
    import os

    import pytest

    @pytest.mark.parametrize("n", range(12))
    def test_many(n):
        if os.environ.get("CRASH") and n in {3, 4}:
            os._exit(1)
        if os.environ.get("BROKEN") and n == 3:
            raise KeyboardInterrupt
        sum(range(1000))
"""


@pytest.mark.parametrize(
    ("plugin", "options"),
    [
        ("xdist", ("--tx=2*popen",)),
        ("xdist", ("--tx=popen", "--dist=no")),
        ("xdist", ("-n0",)),
        ("xdist", ("-n2", "--dist=each")),
        ("xdist", ("--tx=2*popen", "--dist=each")),
        ("xdist", ("--tx=2*popen", "--dist=load")),
        ("pytest_forked", ("--forked",)),
    ],
    ids=str,
)
def test_a_test_has_figures_or_the_report_says_why_not(tmp_path: Path, plugin: str, options: tuple[str, ...]) -> None:
    """
    However tests are run, the one over its budget is found and the busy one has its CPU; or a line says that they
    cannot be measured.
    """
    # pytest-forked runs no test under pytest 9.
    requirements = "requirements-pytest-8" if plugin == "pytest_forked" else "requirements"
    suite = Beside(tmp_path / "shop", plugin, requirements=requirements)
    suite.write("test_busy.py", _BUSY)
    result = suite.run(*options)
    busy = [case for case in result.run.cases if "200_ms" in case.id]
    over = {verdict.case for verdict in result.run.verdicts if verdict.kind.value == "budget"}

    assert result.code == 0
    if "not measur" in result.section() or "cannot be measured" in result.section():
        return
    assert busy
    assert all(case.usage.get(UsageKey.CPU_SECONDS, 0) > 0.15 for case in busy), result.section()
    assert any("over_budget" in (one or "") for one in over)


def test_an_option_of_an_ini_file_is_as_one_that_is_typed(tmp_path: Path) -> None:
    """
    --tx in `addopts` runs tests in this process.
    """
    suite = Beside(tmp_path / "shop", "xdist")
    suite.write("pytest.ini", "[pytest]\naddopts = --tx 2*popen\n")
    suite.write("test_busy.py", _BUSY)
    case = suite.run().case("test_busy_200_ms")

    assert case.duration_seconds is not None
    assert case.usage[UsageKey.CPU_SECONDS] > 0.15


def _tests_in_trends(suite: Beside) -> int:
    trends = json.loads((suite.results / "trends.json").read_text("utf-8"))
    return sum(len(one["tests"]) for one in trends["suites"].values())


_PARTS = {
    "-k": ((), ("-k", "[0]"), {}),
    "PYTEST_ADDOPTS": ((), (), {"PYTEST_ADDOPTS": "-k [0]"}),
    "PYTEST_ADDOPTS with a path": ((), (), {"PYTEST_ADDOPTS": "test_many.py::test_many[0]"}),
    "@file": ((), ("@some.txt",), {}),
    "--deselect": ((), ("-p", "cacheprovider", "--deselect", "test_many.py::test_many[1]"), {}),
    "split": (("pytest-split",), ("--splits=3", "--group=1"), {}),
    "crash": (("xdist",), ("-n2", "--max-worker-restart=0"), {"CRASH": "1"}),
    "interrupt": ((), (), {"BROKEN": "1"}),
    "maxfail": ((), ("-x",), {"FAILS": "1"}),
    "ignore": ((), ("--ignore-glob=*other*",), {}),
    "-o addopts": ((), ("-o", "addopts=-k [0]"), {}),
    "-o python_files": ((), ("-o", "python_files=test_other.py"), {}),
}


@pytest.mark.parametrize("way", _PARTS)
def test_a_part_is_not_the_whole(tmp_path: Path, way: str) -> None:
    """
    Whatever left tests out, the run is partial and the trends of the others stay.
    """
    plugins, options, environ = _PARTS[way]
    suite = Beside(tmp_path / "shop", *plugins)
    suite.write("test_many.py", _MANY)
    suite.write(
        "test_other.py",
        "import os\ndef test_fails(): assert not os.environ.get('FAILS')\ndef test_other(): pass\n",
    )
    suite.write("some.txt", "test_many.py::test_many[0]\n")
    for _ in range(2):
        whole = suite.run().run
    result = suite.run(*options, environ=environ)

    assert (whole.is_partial, len(whole.cases)) == (False, 14)
    assert len(result.run.cases) < 14
    assert result.run.is_partial
    assert _tests_in_trends(suite) == 14


@pytest.mark.parametrize("option", ["addopts=", "python_files=test_*.py", "testpaths=."])
def test_an_override_that_is_the_whole_suite_makes_no_part(tmp_path: Path, option: str) -> None:
    """
    Options that select no test, settings of `whole_suite` and `testpaths` make no part.
    """
    suite = Beside(tmp_path / "shop")
    suite.write("test_many.py", _MANY)
    suite.write("pytest.ini", "[pytest]\naddopts = --strict-markers\n")
    suite.write("pyproject.toml", '[tool.paceline]\nwhole_suite = ["-o", "python_files=test_*.py"]\n')

    assert not suite.run("-o", option).run.is_partial


def test_a_crashed_worker_s_test_is_kept_as_failed(tmp_path: Path) -> None:
    """
    And what never ran is in the account.
    """
    suite = Beside(tmp_path / "shop", "xdist")
    suite.write("test_many.py", _MANY)
    result = suite.run("-n2", "--max-worker-restart=0", environ={"CRASH": "1"})

    assert result.code == 1
    assert [case.outcome.value for case in result.run.cases].count("failed") >= 1
    assert result.run.is_partial
    assert "not run" in result.section() or len(result.run.cases) == 12


def test_each_process_that_crashed_is_a_failed_test(tmp_path: Path) -> None:
    """
    With pytest-forked, one worker of xdist reports the crashes of several tests.
    """
    suite = Beside(tmp_path / "shop", "xdist", "pytest_forked", requirements="requirements-pytest-8")
    suite.write(
        "test_dies.py",
        """
        import os, pytest

        @pytest.mark.parametrize("n", range(6))
        def test_dies(n):
            if n < 5:
                os._exit(3)
        """,
    )
    run = suite.run("-n2", "--forked").run

    assert sorted(case.outcome.value for case in run.cases) == ["failed"] * 5 + ["passed"]
    assert run.accounts == {"measured": 1, "not_measured": 5}


def test_a_crash_that_is_run_again_is_an_attempt(tmp_path: Path) -> None:
    """
    pytest-rerunfailures has a test whose worker crashed run again in another worker: the test is flaky.
    """
    suite = Beside(tmp_path / "shop", "xdist", "rerunfailures")
    suite.write(
        "test_dies.py",
        """
        import os, pathlib, pytest

        def test_dies_once():
            mark = pathlib.Path(__file__).with_name("mark")
            if not mark.exists():
                mark.touch()
                os._exit(3)

        def test_dies(): os._exit(3)

        def test_lives(): pass
        """,
    )
    run = suite.run("-n2", "--reruns=2").run

    assert sorted((case.id.partition("::")[2], case.outcome.value, case.attempts) for case in run.cases) == [
        ("test_dies", "failed", 3),
        ("test_dies_once", "passed", 2),
        ("test_lives", "passed", 1),
    ]
    assert [verdict.case for verdict in run.verdicts] == ["test_dies.py::test_dies_once"]


def test_an_internal_error_is_no_good_run(tmp_path: Path) -> None:
    """
    A conftest that raises in a hook ends the session: the run has what ran, and is no whole.
    """
    suite = Beside(tmp_path / "shop")
    suite.write("test_many.py", _MANY)
    suite.write(
        "conftest.py", "def pytest_runtest_logfinish(nodeid):\n    if '[3]' in nodeid: raise ValueError('broken')\n"
    )
    result = suite.run()

    assert result.code == 3
    assert "INTERNALERROR" in result.output
    assert (result.run.outcome.value, result.run.is_partial) == ("error", True)
    assert len(result.run.cases) == 4


_LUCKY = {
    "pytest-retry": """
        import pytest

        tries = []

        @pytest.mark.flaky(retries=3, delay=0)
        def test_lucky():
            tries.append(1)
            assert len(tries) == 3
    """,
    "rerunfailures": """
        import pytest

        tries = []

        @pytest.fixture
        def shaky():
            tries.append(1)
            assert len(tries) == 3

        @pytest.mark.flaky(reruns=3)
        def test_lucky(shaky): pass
    """,
    "flaky": """
        from flaky import flaky

        tries = []

        @flaky(max_runs=3, min_passes=2)
        def test_lucky():
            tries.append(1)
            assert len(tries) != 2
    """,
}


@pytest.mark.parametrize("name", _LUCKY)
def test_every_attempt_is_in_the_account(tmp_path: Path, name: str) -> None:
    """
    A test that passed on its third attempt is seen as flaky, whoever retried it.
    """
    suite = Beside(tmp_path / "shop", name)
    suite.write("test_lucky.py", _LUCKY[name])
    result = suite.run()
    (case,) = result.run.cases

    assert (result.code, case.outcome.value, case.attempts) == (0, "passed", 3)
    assert [verdict.kind.value for verdict in result.run.verdicts] == ["flaky"]


def test_a_retry_of_a_project_is_an_attempt(tmp_path: Path) -> None:
    """
    A conftest that runs the protocol again, as old recipes do, makes two attempts of one test.
    """
    suite = Beside(tmp_path / "shop")
    suite.write(
        "conftest.py",
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            for attempt in range(3):
                reports = runtestprotocol(item, nextitem=nextitem, log=False)
                if all(report.passed for report in reports):
                    break
            for report in reports:
                item.ihook.pytest_runtest_logreport(report=report)
            item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
            return True
        """,
    )
    suite.write("test_lucky.py", "tries = []\ndef test_lucky():\n    tries.append(1)\n    assert len(tries) == 3\n")
    result = suite.run()
    (case,) = result.run.cases

    assert (result.code, case.outcome.value, case.attempts) == (0, "passed", 3)
    assert case.duration_seconds is not None


def test_each_run_of_a_test_is_in_the_account(tmp_path: Path) -> None:
    """
    A project may run all tests twice, or tests that were not collected.
    """
    suite = Beside(tmp_path / "shop")
    suite.write(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtestloop(session):
            added = pytest.Function.from_parent(session.items[0].parent, name="test_added", callobj=lambda: None)
            for item in [*session.items, *session.items, added]:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            return True
        """,
    )
    suite.write("test_shop.py", "import pytest\ndef test_passes(): pass\ndef test_skips(): pytest.skip()\n")
    run = suite.run().run

    assert (len(run.cases), run.collected, run.accounts) == (5, 5, {"measured": 3, "skipped": 2})
