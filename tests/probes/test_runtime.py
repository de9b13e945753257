"""
What the interpreter knows.
"""

import gc
import sys
from types import ModuleType

import pytest

from paceline.probes.runtime import RuntimeProbe
from paceline.usage import UsageKey
from support.measuring import measured

_COLLECTIONS, _MODULES = UsageKey.GC_COLLECTIONS, UsageKey.IMPORTED_MODULES


def test_collections_of_the_call_are_counted() -> None:
    """
    Of every generation, and not those of the setup.
    """
    gc.disable()
    usage = measured(RuntimeProbe(), lambda: [gc.collect(generation) for generation in (0, 1, 2)], setup=gc.collect)
    gc.enable()

    assert usage[_COLLECTIONS] == 3


def test_modules_of_the_whole_test_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Those that its setup imports too.
    """

    def load(name: str) -> None:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))

    usage = measured(RuntimeProbe(), lambda: load("shop_cart"), setup=lambda: load("shop_till"))

    assert usage[_MODULES] == 2


def test_modules_of_a_shared_fixture_are_not_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What comes between pause and resume is not the test's.
    """
    probe = RuntimeProbe()

    def make_fixture() -> None:
        probe.pause()
        monkeypatch.setitem(sys.modules, "shop_cart", ModuleType("shop_cart"))
        probe.resume()

    assert measured(probe, lambda: None, setup=make_fixture)[_MODULES] == 0


def test_modules_that_are_dropped_are_no_debt(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A test that removes modules has imported none, not less than none.
    """
    monkeypatch.setitem(sys.modules, "shop_cart", ModuleType("shop_cart"))

    assert measured(RuntimeProbe(), lambda: sys.modules.pop("shop_cart"))[_MODULES] == 0
