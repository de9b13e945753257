"""
The plugin that counts the loops of some tests.
"""

import json
from pathlib import Path

import pytest

from paceline.unpatched import UNPATCHED
from paceline.usage import UsageKey
from paceline.work import LOOPS_VARIABLE
from support.suite import Suite

_TESTS = """
import shop

def test_total():
    assert shop.total(7) == 7

def test_other():
    assert shop.total(3) == 3
"""
_SHOP = """
def total(number):
    found = 0
    for _ in range(number):
        found += 1
    return found
"""
_TOTAL = "test_shop.py::test_total"


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "worker"])
def test_the_loops_of_the_named_tests_are_counted(suite: Suite, tmp_path: Path, workers: tuple[str, ...]) -> None:
    """
    On Python 3.12 and later, and not their calls; other tests do not run.
    """
    suite.write("shop.py", _SHOP)
    suite.write("test_shop.py", _TESTS)
    (tests := tmp_path / "tests.json").write_text(json.dumps([_TOTAL]), "utf-8")
    environ = {LOOPS_VARIABLE: str(tests), "PYTHONPATH": str(suite.folder)}
    run = suite.run("-p", "paceline.plugin.measure.loop_counting", "--paceline-work=all", *workers, environ=environ).run
    (case,) = run.cases

    assert case.id == _TOTAL
    assert UsageKey.CALLS not in case.usage
    if UNPATCHED.monitoring is None:
        return
    assert case.usage[UsageKey.LOOPS] == 7
    assert run.work is not None
    assert run.work.loops == {_TOTAL: {"shop:total": 7}}
