"""
Suites whose tests say how many queries they send; what Paceline counted is compared with that.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from paceline.model import Case, Outcome
from paceline.usage import UsageKey
from support.suite import Result, Suite

SITUATIONS = Path(__file__).parents[1] / "touch" / "situations"
TOKEN = "planted-7f3b0c95d1"
_KEYS = {
    "call": UsageKey.DB_QUERIES,
    "setup": UsageKey.SETUP_DB_QUERIES,
    "background": UsageKey.BACKGROUND_DB_QUERIES,
}


def run_situations(suite: Suite, *names: str, arguments: Sequence[str], environ: Mapping[str, str]) -> Result:
    """
    Run the situations of these names, with a token that they send as a parameter and in statements.
    """
    suite.write("pyproject.toml", '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n')
    shutil.copy(SITUATIONS / "conftest_of_situations.py", _folder(suite) / "conftest.py")
    for name in names:
        shutil.copy(SITUATIONS / f"{name}.py", _folder(suite) / f"test_{name}.py")
    return suite.run("-p", "anyio", *arguments, environ={"PLANTED_TOKEN": TOKEN, **environ})


def differences(result: Result) -> Mapping[str, str]:
    """
    The tests that did not pass or were counted wrongly, with what was expected and counted.
    """
    found = {case.id.rpartition("::")[2]: _difference(case) for case in result.run.cases}
    return {name: text for name, text in found.items() if text}


def files_with(text: str, folder: Path) -> list[str]:
    """
    The files in a folder that have a text in them.
    """
    return [path.name for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def _folder(suite: Suite) -> Path:
    folder = suite.folder / "tests"
    folder.mkdir(exist_ok=True)
    return folder


def _difference(case: Case) -> str:
    if case.outcome is not Outcome.PASSED:
        return case.outcome.value
    expected = {part: case.measures[f"expected_{part}"].value for part in _KEYS}
    counted = {part: case.usage.get(key, 0) for part, key in _KEYS.items()}
    return "" if expected == counted else f"expected {expected}, counted {counted}"
