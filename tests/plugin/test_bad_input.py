"""
Bad input gets a clear error or is made safe, and nothing that was kept is lost.
"""

from pathlib import Path

import pytest

from paceline.translated_names import RunCount
from support.suite import Suite

_ONE = "def test_one(): pass\n"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            "[tool.paceline]\nbudgetz = 1\n",
            "[tool.paceline]: budgetz is an unknown key (did you mean budget_ms?), expected one of baselines, ",
        ),
        ("[tool.paceline]\nport = 'x'\n", "[tool.paceline]: port is 'x', expected a whole number"),
        (
            "[tool.paceline.rules]\nwindow_days = -1\n",
            "[tool.paceline]: rules.window_days is -1, expected a number above 0",
        ),
        (
            "[tool.paceline]\nfail_on = ['speed']\n",
            "fail_on has 'speed', expected one of suite_regression, regression, ",
        ),
    ],
)
def test_a_wrong_setting_stops_before_collection(suite: Suite, settings: str, message: str) -> None:
    """
    pytest's usage error, with the file, the key, what was found and what was expected.
    """
    suite.write("pyproject.toml", settings)
    suite.write("test_one.py", "raise SystemError('collected')\n")
    result = suite.run()

    assert result.code == 4
    assert message in result.output
    assert "collected" not in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--paceline-budget", "-5"),
            "ERROR: paceline: the command line: --paceline-budget is -5.0, expected a number above 0",
        ),
        (
            ("--paceline-fail-on", "budget,speed"),
            "ERROR: paceline: the command line: --paceline-fail-on has 'speed', expected one of suite_regression, ",
        ),
        (
            ("--paceline-port", "70000"),
            "ERROR: paceline: the command line: --paceline-port is 70000, expected a whole number from 0 to 65535",
        ),
    ],
)
def test_a_wrong_option_is_named(suite: Suite, arguments: tuple[str, ...], message: str) -> None:
    """
    An option with a value that cannot be is a usage error.
    """
    suite.write("test_one.py", _ONE)
    result = suite.run(*arguments)

    assert result.code == 4
    assert message in result.output


_ARGUMENTS = (
    "performance(budget_ms=<milliseconds>, memory_mib=<number>, queries=<number>, requests=<number>, "
    "cache_misses=<number>, endpoint=<route>, p95_ms=<milliseconds>, confirm=<True or False>)"
)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        (
            "performance(budget_ms=0)",
            "test_one.py::test_one: performance(budget_ms=0) is not a valid budget, expected more than 0 milliseconds",
        ),
        (
            "performance(queries=-1)",
            "test_one.py::test_one: performance(queries=-1) is not a valid limit, expected 0 or more",
        ),
        (
            "performance('fast')",
            f"performance('fast'), expected {_ARGUMENTS}",
        ),
        (
            "performance(budget=5)",
            f"performance(budget=5), expected {_ARGUMENTS}",
        ),
        (
            "performance_test(max_seconds=5)",
            f"performance_test(max_seconds=5), expected {_ARGUMENTS.replace('performance', 'performance_test')}",
        ),
    ],
)
def test_an_impossible_budget_stops_before_the_first_test(suite: Suite, marker: str, message: str) -> None:
    """
    The error names the test and the marker.
    """
    suite.write("test_one.py", f"import pytest\n@pytest.mark.{marker}\n{_ONE}")
    result = suite.run()

    assert result.code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_marker_that_the_project_has_too_keeps_its_meaning(suite: Suite) -> None:
    """
    Where the project declares a marker of that name, its arguments are no mistake, and a budget is still a budget.
    """
    suite.write("pytest.ini", "[pytest]\naddopts = --strict-markers\nmarkers = performance(area): what is measured\n")
    suite.write(
        "test_one.py",
        """
        import time
        import pytest

        @pytest.mark.performance("db")
        def test_label(): pass

        @pytest.mark.performance(budget_ms=1)
        def test_budget(): time.sleep(0.01)
        """,
    )
    result = suite.run()

    assert result.outcomes == {"test_label": "passed", "test_budget": "failed"}


def test_a_folder_that_cannot_be_written_to_stops_no_test(suite: Suite) -> None:
    """
    One line says that nothing is kept, and names the folder.
    """
    suite.write("occupied", "not a folder")
    suite.write("test_one.py", _ONE)
    result = suite.run("--paceline-results", "occupied/results")

    assert result.code == 0
    assert (
        result.output.count(f"paceline: this run is not kept: the results folder {suite.folder}/occupied/results ") == 1
    )


def test_a_corrupt_history_is_set_aside_and_read_back(suite: Suite) -> None:
    """
    Garbage in the place of the history fails no run: it is kept under another name, and the documents fill a new one.
    """
    suite.write("test_one.py", _ONE)
    suite.run()
    suite.run()
    (suite.results / "history.sqlite").write_bytes(b"garbage" * 1000)
    result = suite.run()

    assert result.code == 0
    assert "and 2 runs were read back from documents" in result.output
    assert result.kept_runs() == 3
    assert [path.read_bytes() for path in suite.results.glob("history.sqlite.damaged-*")] == [b"garbage" * 1000]


def test_a_clock_that_goes_backwards_makes_no_negative_time(suite: Suite) -> None:
    """
    A test that sets the clock back a day moves neither its own time nor the run's.
    """
    suite.write(
        "test_clock.py",
        """
        import time
        def test_back(monkeypatch):
            now = time.time()
            time.time = lambda: now - 86400
        """,
    )
    run = suite.run().run

    assert 0 < run.ended - run.started < 60
    assert run.cases[0].duration_seconds is not None and run.cases[0].duration_seconds >= 0


def test_strange_ids_are_made_safe_and_counted(suite: Suite) -> None:
    """
    A long id, control characters and secrets: safe in every file and in the report, unique, and counted.
    """
    suite.write(
        "test_ids.py",
        r"""
        import pytest

        IDS = ["x" * 5000, "token=hunter2", "token=hunter3", "ghp_0123456789abcdefghijABCDEFGHIJ0123", "ok"]

        @pytest.mark.parametrize("text", IDS, ids=IDS)
        def test_id(text): pass
        """,
    )
    result = suite.run("-v", "-k", "test_id")
    ids = [case.id for case in result.run.cases]
    kept = b"".join(path.read_bytes() for path in suite.results.iterdir() if path.is_file())

    assert [len(case_id) <= 200 for case_id in ids] == [True] * 5
    assert ids[1:] == [
        "test_ids.py::test_id[text1]",
        "test_ids.py::test_id[text2]",
        "test_ids.py::test_id[text3]",
        "test_ids.py::test_id[ok]",
    ]
    assert not [secret for secret in (b"hunter2", b"hunter3", b"ghp_0123") if secret in kept]
    assert "hunter2" not in result.section()
    assert result.run.counts[RunCount.IDS_MADE_SAFE] == 4


def test_a_wrong_measure_is_the_tests_own_error(suite: Suite) -> None:
    """
    `record` refuses what cannot be kept, with the literal it was given.
    """
    suite.write("test_one.py", "def test_one(paceline): paceline.record('Cart Items', 3)\n")

    assert (
        "ValueError: paceline.record: the name is 'Cart Items', expected lowercase letters, digits and underscores, "
        "at most 80, a letter first" in suite.run().output
    )


def test_our_own_failure_fails_no_test(suite: Suite) -> None:
    """
    A probe and the judgement that raise are one warning each, counted, and the tests pass.
    """
    suite.write(
        "conftest.py",
        """
        from paceline.probes.cpu import CpuProbe
        import paceline.history.past_judge as past_judge

        def broken(*args): raise RuntimeError("boom")

        CpuProbe.start_call = broken
        past_judge.find_verdicts = broken
        """,
    )
    suite.write("test_one.py", _ONE + "def test_two(): pass\ndef test_three(): pass\n")
    result = suite.run("-W", "error")

    assert result.code == 0
    assert (
        result.output.count("measuring with CpuProbe failed inside Paceline and was skipped: RuntimeError: boom") == 1
    )
    assert result.output.count("judging the run failed inside Paceline and was skipped") == 1
    assert result.section().startswith("not judged, because Paceline failed · 3 tests")


def test_a_disk_that_is_full_fails_no_test(suite: Suite) -> None:
    """
    Where nothing more can be written, the run is reported and the failure said.
    """
    suite.write("test_one.py", _ONE)
    suite.write(
        "conftest.py",
        """
        def pytest_collection_finish():
            import resource
            resource.setrlimit(resource.RLIMIT_FSIZE, (600, resource.RLIM_INFINITY))
            import signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        """,
    )
    result = suite.run()

    assert result.code == 0
    assert "the report of the run was not written" in result.output
    assert "1 test in " in result.section()


def test_ids_of_files_in_strange_folders(suite: Suite) -> None:
    """
    Folders with spaces and other alphabets are kept as they are.
    """
    suite.write("tests/größe und/test_ß.py", _ONE)

    assert [case.id for case in suite.run().run.cases] == ["tests/größe und/test_ß.py::test_one"]
    assert Path(suite.results, "latest_report.json").stat().st_size > 0
    assert not list((suite.results / ".running").iterdir())
