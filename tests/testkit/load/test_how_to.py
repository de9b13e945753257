"""
The code of the how-to pages, and the example shop, as they are.
"""

import re
import shutil
from pathlib import Path

import pytest

from paceline.kit_results import StressResult
from support.suite import Suite

_ROOT = Path(__file__).parents[3]
_FILE = re.compile(r"```python\n# (\w+\.py)\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(("page", "tests"), [("load-test", 3), ("stress-test", 1)])
def test_the_code_of_the_page_passes(tmp_path: Path, page: str, tests: int) -> None:
    """
    Each example runs as it is printed.
    """
    suite = Suite(tmp_path)
    for name, code in _FILE.findall((_ROOT / "docs" / "how-to" / f"{page}.md").read_text("utf-8")):
        suite.write(name, code)
    result = suite.run("--paceline-stress")

    assert (result.code, f"{tests} passed" in result.output) == (0, True), result.output


def test_release_2_of_the_shop_carries_less(tmp_path: Path) -> None:
    """
    The example shows a real regression: a cart of many lines costs release 2 a query for each.
    """
    suite = Suite(Path(shutil.copytree(_ROOT / "examples" / "shop", tmp_path / "shop")))
    # The options of the example are not those of a suite in a test.
    suite.write("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['.']\n")
    carried = []
    for release in ("1", "2"):
        result = suite.run("--paceline-stress", "load", "-k", "how_many", environ={"SHOP_RELEASE": release})
        assert "1 passed" in result.output, result.output
        stress = result.case("test_how_many_customers").results[0]
        assert isinstance(stress, StressResult)
        carried.append(max(step.result.throughput for step in stress.results))

    assert carried[1] < 0.7 * carried[0]
