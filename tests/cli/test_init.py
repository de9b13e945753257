"""
`paceline init`.
"""

import tomllib
from pathlib import Path

import pytest

from support.command import run_command
from support.suite import Suite
from support.wording import ERROR

_BEFORE = '# ours\r\n[project]\r\nname = "shop"  # the name\r\n\r\n[tool.other]\r\nkept = true'
_SLOW = """
    import time

    def test_quick(): pass

    def test_slow(): time.sleep(0.03)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """
    A suite of two folders that ran once, in a project that has a `pyproject.toml`.
    """
    suite = Suite(tmp_path_factory.mktemp("project"))
    (suite.folder / "pyproject.toml").write_bytes(_BEFORE.encode())
    suite.write("tests/functional/test_orders.py", _SLOW)
    suite.write("tests/unit/test_cart.py", "def test_total(): pass\n")
    assert suite.run().code == 0
    return suite


def test_the_settings_are_added_and_hold(project: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What the file had stays byte by byte, and the next run has the proposed types, budgets and gate.
    """
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("PACELINE_SUITE", "shop")
    pyproject = project.folder / "pyproject.toml"
    dry = run_command(["init", "--dry-run"])
    untouched = pyproject.read_bytes()
    done = run_command(["init"])
    content = pyproject.read_bytes()
    again = run_command(["init"])
    run = project.run()

    assert (dry.exit_code, untouched) == (0, _BEFORE.encode())
    assert done.output.endswith(f"its gate now applies to `pytest --paceline`:\n\n{dry.output}")
    assert content == _BEFORE.encode() + b"\r\n\r\n" + dry.output.replace("\n", "\r\n").encode()
    assert (again.exit_code, pyproject.read_bytes()) == (1, content)
    assert again.output == (
        f"{ERROR}{pyproject} has [tool.paceline] already, which is kept; "
        "`paceline init --dry-run` prints the proposal\n"
    )
    settings = tomllib.loads(content.decode())["tool"]["paceline"]
    assert settings["fail_on"] == ["budget", "regression", "suite_regression", "count", "leak"]
    assert settings["test_types"] == {"functional": ["tests/functional/*"], "unit": ["tests/unit/*"]}
    assert settings["budgets_ms"]["functional"] >= 60
    assert run.code == 0
    assert {case.test_type: case.budget_seconds for case in run.run.cases} == {
        name: budget / 1e3 for name, budget in settings["budgets_ms"].items()
    }


def test_without_a_run_the_next_step_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Nothing is guessed, and no file is made.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACELINE_SUITE", "shop")
    done = run_command(["init"])

    assert (done.exit_code, done.output) == (
        1,
        (
            f"{ERROR}no run of shop in {tmp_path}/performance_results; run `pytest --paceline` first, "
            "preferably three times\n"
        ),
    )
    assert list(tmp_path.iterdir()) == []
