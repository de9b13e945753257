"""
The code of the how-to pages, as it is printed.
"""

import re
import shutil
from pathlib import Path

import pytest

from support.suite import Suite

_PAGES = Path(__file__).parents[2] / "docs" / "how-to"
_EXAMPLE = Path(__file__).parents[2] / "examples" / "shop"
_FILE = re.compile(r"```python\n# (\w+\.py)\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(
    ("page", "tests"), [("benchmark", 4), ("chase-a-leak", 1), ("test-a-database", 1), ("measures", 1)]
)
def test_the_code_of_the_page_passes(suite: Suite, page: str, tests: int) -> None:
    """
    And has no finding.
    """
    for name, code in _FILE.findall((_PAGES / f"{page}.md").read_text("utf-8")):
        suite.write(name, code)
    result = suite.run("-p", "no:cacheprovider")

    assert (result.code, f"{tests} passed" in result.output) == (0, True), result.output
    assert not result.run.verdicts


@pytest.mark.parametrize(("release", "kinds"), [("1", []), ("2", ["budget", "repeated_queries"])])
def test_the_example_shop_has_a_test_of_each_kind(tmp_path: Path, release: str, kinds: list[str]) -> None:
    """
    Release 2 asks a query for each line of a cart.
    """
    suite = Suite(Path(shutil.copytree(_EXAMPLE, tmp_path / "shop")))
    # The options of the example are not those of a suite in a test.
    suite.write("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['.']\n")
    result = suite.run("performance", environ={"SHOP_RELEASE": release})

    assert "3 passed" in result.output, result.output
    assert sorted(verdict.kind for verdict in result.run.verdicts) == kinds
    assert sorted(type(found).__name__ for case in result.run.cases for found in case.results) == [
        "BenchmarkResult",
        "DatabaseResult",
        "LeakResult",
    ]
