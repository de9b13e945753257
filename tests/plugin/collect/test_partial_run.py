"""
A part of a suite is not the suite.
"""

from pathlib import Path

import pytest

from paceline.plugin.collect.partial_run import is_selection
from support.suite import Suite


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """
    A project with two folders of tests.
    """
    for name in ("tests", "more"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "test_one.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "testpaths", "is_part"),
    [
        ((), (), False),
        (("-q", "-x", "-n", "2", "--paceline"), (), False),
        (("tests",), (), False),
        (("tests/",), ("tests",), False),
        ((".",), ("tests",), False),
        (("more",), ("tests",), True),
        (("tests/test_one.py",), (), True),
        (("tests/test_one.py::test_one",), (), True),
        (("-k", "one"), (), True),
        (("-mfast",), (), True),
        (("--lf",), (), True),
        (("--deselect=tests/test_one.py",), (), True),
        (("--junitxml", "nowhere.xml"), (), False),
        (("-W", "ignore::DeprecationWarning"), (), False),
    ],
)
def test_what_is_a_part(project: Path, arguments: tuple[str, ...], testpaths: tuple[str, ...], is_part: bool) -> None:
    """
    Files, node ids and options that choose make a part; whole folders and other options do not.
    """
    assert is_selection(arguments, project, testpaths) is is_part


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
