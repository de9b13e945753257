"""
Projects that are set up in their own way: where files are, who may write, what a marker means, what a parameter is.
"""

import sqlite3
from pathlib import Path

import pytest

from paceline.translated_names import RunCount
from support.neighbours import Beside

_MANY = """
    import pytest

    @pytest.mark.parametrize("n", range(6))
    def test_many(n):
        assert sum(range(1000))
"""


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    """
    A suite that has no other plugin but xdist.
    """
    return Beside(tmp_path / "shop", "xdist")


@pytest.mark.parametrize("where", ["config", "deep/er"])
def test_a_configuration_elsewhere_is_said(beside: Beside, where: str) -> None:
    """
    With `-c`, the budget of the project's own file holds, or a line says that the file was not read.
    """
    beside.write(f"{where}/pytest.ini", "[pytest]\naddopts = -q\n")
    beside.write("pyproject.toml", "[project]\nname = 'shop'\nversion = '1'\n[tool.paceline]\nbudget_ms = 1\n")
    beside.write("tests/test_slow.py", "import time\ndef test_slow(): time.sleep(0.02)\n")
    del beside.environ["PACELINE_SUITE"]
    result = beside.run("-c", f"{where}/pytest.ini", "tests")
    is_read = "over budget" in result.output or "BUDGET" in result.output

    assert result.code == 0
    assert is_read or f"{beside.folder / 'pyproject.toml'}" in result.output or " pyproject.toml" in result.output


_NAMES = ["stress", "benchmark", "performance", "unit", "e2e"]
_DECLARED = {
    "ini": ("pytest.ini", "[pytest]\nmarkers =\n" + "".join(f"    {name}: is the project's\n" for name in _NAMES)),
    "pyproject": (
        "pyproject.toml",
        f"[tool.pytest.ini_options]\nmarkers = {[f'{name}(level): on CI' for name in _NAMES]}\n",
    ),
    "conftest": (
        "conftest.py",
        f"def pytest_configure(config):\n    for name in {_NAMES}:\n"
        "        config.addinivalue_line('markers', f'{name}: is the project's')\n".replace("project's", "project"),
    ),
}


@pytest.mark.parametrize("way", _DECLARED)
def test_a_project_s_own_marker_is_the_project_s(beside: Beside, way: str) -> None:
    """
    A monitor leaves out no test that a declared marker has.
    """
    beside.write(*_DECLARED[way])
    tests = (
        f"@pytest.mark.{name}\ndef test_{name}():\n    assert False, 'this must fail the build'\n" for name in _NAMES
    )
    beside.write("test_marked.py", "import pytest\n" + "".join(tests) + "def test_other(): pass\n")
    result = beside.run("--strict-markers")

    assert result.code == 1
    assert "5 failed, 1 passed" in result.output
    assert len(result.run.cases) == 6


@pytest.mark.parametrize("arguments", ["", "(7, rig='x')"])
def test_a_project_s_own_benchmark_marker_repeats_no_test(beside: Beside, arguments: str) -> None:
    """
    Where the project declares a marker `benchmark_test`, a marked test runs once, with any arguments.
    """
    beside.write("pytest.ini", "[pytest]\nmarkers =\n    benchmark_test: runs on the rig\n")
    beside.write(
        "test_marked.py",
        f"import pytest\nRUNS = []\n@pytest.mark.benchmark_test{arguments}\ndef test_marked(): RUNS.append(1)\n"
        "def test_once(): assert RUNS == [1]\n",
    )

    assert "2 passed" in beside.run("--strict-markers").output


def test_a_stress_test_of_paceline_is_still_left_out(beside: Beside) -> None:
    """
    Where the project does not declare the marker, it is Paceline's.
    """
    beside.write(
        "test_marked.py", "import pytest\n@pytest.mark.stress\ndef test_marked(): pass\ndef test_other(): pass\n"
    )

    assert "1 passed, 1 deselected" in beside.run("--strict-markers").output
    assert "2 passed" in beside.run("--strict-markers", "--paceline-stress").output


def test_a_project_s_own_fixture_is_the_project_s(beside: Beside) -> None:
    """
    A test is left out where the project's fixture extends that of Paceline, and not where it only has the same name.
    """
    fixture = "import pytest\n@pytest.fixture\ndef stress_test({}): return 2\n"
    beside.write("own/conftest.py", fixture.format(""))
    beside.write("own/test_own.py", "def test_own(stress_test): assert stress_test == 2\n")
    beside.write("extended/conftest.py", fixture.format("stress_test"))
    beside.write("extended/test_extended.py", "def test_extended(stress_test): pass\n")
    result = beside.run()

    assert [case.id for case in result.run.cases] == ["own/test_own.py::test_own"]
    assert "1 passed, 1 deselected" in result.output


_VALUES = {
    "raises on ==": "class Value:\n    def __eq__(self, other): raise ValueError('ambiguous')\n    __hash__ = None",
    "has no truth": "class Value:\n    def __eq__(self, other): return self\n    def __bool__(self): raise ValueError\n"
    "    __hash__ = None",
    "raises on str": "class Value:\n    def __str__(self): raise RuntimeError('no text')\n    __repr__ = __str__",
    "raises on hash": "class Value:\n    def __hash__(self): raise TypeError('unhashable')",
    "raises on every attribute": "class Value:\n    def __getattr__(self, name): raise RuntimeError(name)",
    "is recursive": "class Value(list):\n    pass",
    "is a number that raises": "class Value(int):\n    def __str__(self): raise RuntimeError('no text')\n"
    "    def __eq__(self, other): raise ValueError\n    __hash__ = None",
    "is a text that raises": "class Value(str):\n    def __eq__(self, other): raise ValueError\n    __hash__ = None",
}


@pytest.mark.parametrize("name", ["value", "password"])
def test_a_value_that_answers_nothing_is_a_parameter(beside: Beside, name: str) -> None:
    """
    Arrays, frames and fakes raise where they are compared, printed or hashed, and their ids may look like secrets.
    """
    for number, source in enumerate(_VALUES.values()):
        beside.write(
            f"test_value_{number}.py",
            f"import pytest\n{source}\n"
            f"@pytest.mark.parametrize('{name}', [Value(), Value()], ids=['auth_token=abcdefgh1', 'plain'])\n"
            f"def test_value({name}):\n    assert {name} is not None\n",
        )
    plain = beside.run(on=False)
    result = beside.run()

    assert (result.code, plain.code) == (0, 0), result.output
    assert len(result.run.cases) == 2 * len(_VALUES)
    assert "abcdefgh1" not in (beside.results / "latest_report.json").read_text("utf-8")


_DAMAGES = {
    "short figures": "UPDATE columns SET figures = substr(figures, 1, 7)",
    "text for figures": "UPDATE columns SET figures = 'text'",
    "a number for figures": "UPDATE columns SET figures = 5",
    "short lists of tests": "UPDATE runs SET tests = substr(tests, 1, 7)",
    "fewer figures than tests": "UPDATE columns SET figures = substr(figures, 1, 8)",
    "more figures than tests": "UPDATE columns SET figures = figures || figures",
    "no document": "UPDATE runs SET document = x''",
    "no names": "DELETE FROM tests",
    "no columns": "DROP TABLE columns",
}


@pytest.mark.parametrize("damage", _DAMAGES)
def test_a_damaged_cell_costs_no_run(beside: Beside, damage: str) -> None:
    """
    The damage is said, and every run after it is kept as document and in the ledger.
    """
    beside.write("test_many.py", _MANY)
    beside.remember([f"test_many.py::test_many[{n}]" for n in range(6)])
    with sqlite3.connect(beside.results / "history.sqlite") as database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute(_DAMAGES[damage])
    results = [beside.run() for _ in range(2)]

    assert [result.code for result in results] == [0] * 2
    assert len(list(beside.results.glob("performance_*.json"))) == 2
    assert results[-1].kept_runs() >= 2
    assert [result.run.counts[RunCount.INTERNAL_FAILURES] for result in results] == [0] * 2
    assert not any((beside.results / ".running").iterdir())
