"""
Values of options that pytest takes for places of tests.
"""

from pathlib import Path

import pytest

from support.suite import Suite


@pytest.mark.parametrize("option", ["--paceline-results", "--paceline-push-ca-file"])
def test_a_path_behind_a_space_is_told_of(tmp_path: Path, option: str) -> None:
    """
    Where pytest found no configuration because of it; behind "=" it does no harm.
    """
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    suite = Suite(tmp_path / "shop")
    suite.write("pyproject.toml", "[tool.pytest.ini_options]\n")
    suite.write("test_one.py", "def test_one(): pass\n")
    outputs = [suite.run(*given).output for given in ((option, str(folder)), (f"{option}={folder}",))]

    warning = (
        f"paceline: pytest read '{folder}' as a test path and chose {tmp_path} as rootdir; write {option}={folder}\n"
    )
    assert [warning in output for output in outputs] == [True, False]


@pytest.mark.parametrize("where", [".", "tests"])
def test_settings_above_the_rootdir_are_reported_as_not_read(tmp_path: Path, where: str) -> None:
    """
    A `pytest.ini` in a folder below `pyproject.toml` makes this folder the rootdir; the report names both, with -q too.
    """
    suite = Suite(tmp_path / "shop")
    suite.write("pyproject.toml", "[tool.paceline]\nbudget_ms = 1\n")
    suite.write(f"{where}/pytest.ini", "[pytest]\n")
    suite.write(f"{where}/test_one.py", "def test_one(): pass\n")
    output = suite.run("-q", where).output.replace("\n", " ")

    warning = (
        f"paceline: the settings in {suite.folder / 'pyproject.toml'} were not read: "
        f"pytest chose {suite.folder / where} as rootdir"
    )
    assert (warning in output) == (where == "tests")
