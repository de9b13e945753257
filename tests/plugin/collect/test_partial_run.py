"""
A part of a suite is not the suite.
"""

import pytest

from support.suite import Suite


@pytest.fixture
def project(suite: Suite) -> Suite:
    """
    A project with folders of tests, one of them within another.
    """
    for name in ("tests", "more", "tests/unit"):
        suite.write(f"{name}/test_{name.replace('/', '_')}.py", "def test_one(): pass\ndef test_two(): pass\n")
    return suite


@pytest.mark.parametrize(
    ("arguments", "settings", "reason"),
    [
        ((), "", ""),
        (("-q", "-x", "-p", "no:cacheprovider"), "", ""),
        (("tests",), "", ""),
        (("tests/",), 'testpaths = ["tests"]', ""),
        ((".",), 'testpaths = ["tests"]', ""),
        (("more",), 'testpaths = ["tests"]', "selected by more"),
        (("tests/unit",), "", "selected by tests/unit"),
        (("tests/test_tests.py",), "", "selected by tests/test_tests.py"),
        (("tests/test_tests.py::test_one",), "", "selected by tests/test_tests.py::test_one"),
        (("-k", "one"), "", "selected by -k"),
        (("-mnot slow",), "", "selected by -m 'not slow'"),
        (("-mnot slow",), "addopts = \"-m 'not slow'\"", ""),
        (("-mslow or not slow",), "addopts = \"-m 'not slow'\"", "selected by -m 'slow or not slow'"),
        (("--deselect=tests/test_tests.py",), "", "selected by --deselect"),
        (("--junitxml", "nowhere.xml"), "", ""),
        (("-W", "ignore::DeprecationWarning"), "", ""),
    ],
)
def test_what_is_selected_beyond_the_whole_makes_a_part(
    project: Suite, arguments: tuple[str, ...], settings: str, reason: str
) -> None:
    """
    Files, node ids and options that choose make a part; whole folders and other options do not. The project's own
    `testpaths` and `addopts` say what the whole is.
    """
    project.write("pyproject.toml", f"[tool.pytest.ini_options]\nmarkers = ['slow']\n{settings}\n")
    run = project.run(*arguments).run

    assert (run.partial_because, run.is_partial) == (reason, bool(reason))


def test_a_selection_counts_however_it_was_given(project: Suite) -> None:
    """
    In a file of arguments, or in PYTEST_ADDOPTS.
    """
    project.write("arguments.txt", "-k\none\n")

    assert project.run("@arguments.txt").run.partial_because == "selected by -k"
    assert project.run(environ={"PYTEST_ADDOPTS": "-k two"}).run.partial_because == "selected by -k"


def test_the_setting_whole_suite_says_what_the_whole_is(project: Suite) -> None:
    """
    What is run in every CI job is that suite's whole.
    """
    project.write(
        "pyproject.toml",
        "[tool.pytest.ini_options]\nmarkers = ['slow']\n"
        "[tool.paceline]\nwhole_suite = ['-m', 'not slow', 'tests/unit']\n",
    )

    assert project.run("-m", "not slow", "tests/unit").run.partial_because == ""
    assert project.run("-m", "not slow", "more").run.partial_because == "selected by more"
    assert project.run("-m", "slow", "tests/unit").code == 5


def test_a_run_that_was_cut_short_says_how_many_tests_are_missing(suite: Suite) -> None:
    """
    Whatever stopped it.
    """
    suite.write("test_a.py", "def test_a(): assert False\ndef test_b(): pass\ndef test_c(): pass\n")
    run = suite.run("-x").run

    assert run.partial_because == "2 selected tests did not run"
    assert (run.collected, run.accounts) == (3, {"measured": 1, "not_run": 2})


_PART = {"PACELINE_RUN_ID": "4711", "PACELINE_SHARD": "1/2"}


@pytest.mark.parametrize(
    ("arguments", "environ", "is_partial"),
    [
        (("test_one.py",), {}, True),
        (("test_one.py",), {"PACELINE_RUN_ID": "4711"}, True),
        (("test_one.py",), _PART, False),
        (("-k", "fails"), _PART, False),
        (("-x", "test_one.py"), _PART, True),
        (("--junitxml", "report.xml"), {}, False),
    ],
)
def test_parts_share_a_suite_as_they_like(
    suite: Suite, arguments: tuple[str, ...], environ: dict[str, str], is_partial: bool
) -> None:
    """
    A part that was chosen by path or name is a whole part, unless it was cut short; the file of an option is no path.
    """
    suite.write("test_one.py", "def test_fails(): assert False\ndef test_passes(): pass\n")
    suite.write("test_two.py", "def test_two(): pass\n")
    suite.write("report.xml", "of the last run")

    assert suite.run(*arguments, environ=environ).run.is_partial is is_partial
