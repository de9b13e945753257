"""
Calls that are counted in a session.
"""

from pathlib import Path

import pytest

from paceline.model import Cause, Severity
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.repository import Project
from support.suite import Suite

_CART = """
def total(items):
    return sum(map(price, items))

def price(item):
    for _ in range({times}):
        taxed(item)
    return item

def taxed(item):
    return 1.2 * item
"""
_TESTS = """
import pytest
from shop.cart import price, total

@pytest.mark.parametrize("number", range(5))
def test_total(number):
    assert total(range(20)) == 190

def test_price():
    assert price(1) == 1
"""
_FAILS = ("--paceline-work", "all", "--paceline-fail-on", "work")


@pytest.fixture
def shop(tmp_path: Path) -> Suite:
    """
    A project with a package and its tests.
    """
    suite = Suite(tmp_path)
    suite.environ["PYTHONPATH"] = str(tmp_path)
    suite.write("shop/__init__.py", "")
    suite.write("tests/__init__.py", "")
    suite.write("tests/test_cart.py", _TESTS)
    _write_cart(suite, 1)
    return suite


def _write_cart(suite: Suite, times: int) -> None:
    # Of another size each time: Python takes the bytecode of a file of the same size and second for its own.
    suite.write("shop/cart.py", _CART.format(times=times) + "#" * times)


def test_a_function_that_runs_more_often_is_one_finding(shop: Suite) -> None:
    """
    In the first run after two others; it names the function, and fails the run where that is asked.
    """
    before = [shop.run(*_FAILS).code for _ in range(2)]
    _write_cart(shop, 3)
    result = shop.run(*_FAILS)
    (verdict,) = result.run.verdicts

    assert before == [0, 0]
    assert result.code == 10
    assert (verdict.kind, verdict.severity) == (VerdictKind.WORK, Severity.WARNING)
    assert (verdict.function, verdict.measured, verdict.limit) == ("shop.cart:taxed", 405, 205)
    assert len(verdict.tests) == 5
    assert verdict.reason.startswith(
        "`taxed` (cart.py:10) runs 3 times as often (100 → 300 calls) in 5 tests; all calls 205 → 405; most in "
    )
    assert verdict.reason.endswith(
        "; called most by `price` (cart.py:5), 300 of 300 calls; higher again in each of 5 tests "
        "that were measured again"
    )
    assert result.run.work is not None
    assert result.run.work.callers == {"shop.cart:taxed": {"shop.cart:price": 300}}


def test_a_branch_is_compared_with_one_run_of_the_commit_it_left(shop: Suite) -> None:
    """
    Its own parent was never measured, and its first run hides nothing from the second.
    """
    project = Project(shop.folder)
    project.git("init", "--quiet", "--initial-branch", "main")
    base = project.commit(".gitignore", "performance_results/\n__pycache__/\n")
    before = shop.run(*_FAILS)
    project.git("switch", "--quiet", "--create", "topic")
    _write_cart(shop, 3)
    for name in ("one", "two"):
        project.commit(name, "")
    results = [shop.run(*_FAILS) for _ in range(2)]
    (verdict,) = results[-1].run.verdicts

    assert (before.code, *(result.code for result in results)) == (0, 10, 10)
    assert results[-1].run.base_commits[1:] == (base,)
    assert (verdict.function, verdict.measured, verdict.limit) == ("shop.cart:taxed", 405, 205)
    assert verdict.base_commit == base


def test_unchanged_code_has_no_finding(shop: Suite) -> None:
    """
    Nor has one whose lines moved, and fewer calls fail no run.
    """
    for times in (3, 3):
        _write_cart(shop, times)
        shop.run(*_FAILS)
    shop.write("shop/cart.py", "# moved\n\n" + _CART.format(times=3))
    result = shop.run(*_FAILS)
    moved = result.run
    _write_cart(shop, 1)
    less = shop.run(*_FAILS)

    assert moved.verdicts == ()
    assert moved.work is not None
    assert moved.work.compared == 6
    assert [verdict.kind for verdict in less.run.verdicts] == [VerdictKind.LESS_WORK]
    assert (result.code, less.code) == (0, 0)


def test_workers_count_the_same(shop: Suite) -> None:
    """
    Their vectors are one.
    """
    alone = shop.run(*_FAILS).run
    shared = shop.run(*_FAILS, "-n", "2").run

    assert alone.work is not None
    assert shared.work is not None
    assert shared.work.vectors == alone.work.vectors
    assert (
        _calls(shared)
        == _calls(alone)
        == {
            **{f"tests/test_cart.py::test_total[{number}]": 41.0 for number in range(5)},
            "tests/test_cart.py::test_price": 2.0,
        }
    )


def _calls(run: object) -> dict[str, float | None]:
    return {case.id: case.usage.get(UsageKey.CALLS) for case in run.cases}  # type: ignore[attr-defined]


@pytest.mark.parametrize("mode", ["off", "suspects"])
def test_nothing_is_counted_without_need(shop: Suite, mode: str) -> None:
    """
    No test is slower, and so none is counted.
    """
    run = shop.run("--paceline-work", mode).run

    assert run.work is None
    assert set(_calls(run).values()) == {None}


def _past(shop: Suite) -> None:
    """
    Two runs that counted, and eight that timed.
    """
    for _ in range(2):
        shop.run("--paceline-work", "all")
    shop.keep_before(shop.run().run, 8)


# Compiled code that computes for some time: no call of the project, and no wait, which a busy machine would excuse.
_COMPUTES = "__import__('hashlib').pbkdf2_hmac('sha256', b'', b'', 200_000)"


def _computing(times: int) -> str:
    """
    The cart whose price takes longer.
    """
    return _CART.format(times=times).replace("    return item", f"    {_COMPUTES}\n    return item")


def test_a_slower_test_that_calls_more_says_which_function(shop: Suite) -> None:
    """
    Its calls are counted as it is measured again, and compared with those of runs that counted.
    """
    _past(shop)
    shop.write("shop/cart.py", _computing(20))
    verdicts = shop.run("tests/test_cart.py::test_price").run.verdicts

    assert [verdict.kind for verdict in verdicts] == [VerdictKind.REGRESSION, VerdictKind.WORK]
    assert verdicts[0].causes[0] == Cause(measure="calls", before=2.0, after=21.0)
    assert verdicts[1].reason == (
        "`taxed` (cart.py:11) runs 20 times as often (1 → 20 calls) in 1 test; all calls 2 → 21; "
        "called most by `price` (cart.py:5), 20 of 20 calls"
    )


def test_a_slower_test_that_calls_as_often_says_so(shop: Suite) -> None:
    """
    What it does instead is said as far as its time shows it: it computes without calling more.
    """
    _past(shop)
    shop.write("shop/cart.py", _CART.format(times=1).replace("return 1.2", f"{_COMPUTES}; return 1.2"))
    (verdict,) = shop.run("tests/test_cart.py::test_price").run.verdicts

    assert verdict.kind is VerdictKind.REGRESSION
    assert "; not more work (2 calls): it does not wait longer; compiled code" in verdict.reason


def test_a_part_of_the_tests_is_counted_by_turns(shop: Suite) -> None:
    """
    The others are timed as ever, and each has its turn, also where workers run them.
    """
    shop.write("pyproject.toml", "[tool.paceline.work]\nmode = 'rotate'\nshare = 0.34\n")
    runs = [shop.run(*arguments).run for arguments in [(), (), ("-n", "2"), (), ("-n", "2")]]
    counted = [{case.id for case in run.cases if case.is_counted} for run in runs]

    assert len(counted[0]) == 2
    assert all(0 < len(tests) < 6 for tests in counted)
    assert len(set().union(*counted)) == 6
    assert {run.work.mode for run in runs if run.work} == {"rotate"}


def test_a_budget_is_not_judged_while_counting(shop: Suite) -> None:
    """
    Neither that of a marker, which fails the test, nor that of a setting.
    """
    shop.write(
        "tests/test_slow.py",
        """
        import time
        import pytest
        from shop.cart import price

        @pytest.mark.performance(budget_ms=1)
        def test_slow():
            price(1)
            time.sleep(0.01)
        """,
    )
    result = shop.run("--paceline-work", "all", "tests/test_slow.py")

    assert result.outcomes == {"test_slow": "passed"}
    assert result.run.verdicts == ()


def test_a_package_that_is_not_found_is_named(shop: Suite) -> None:
    """
    The tests run all the same.
    """
    shop.write("pyproject.toml", "[tool.paceline.work]\npackages = ['shopp']\n")
    result = shop.run("--paceline-work", "all")

    assert result.code == 0
    assert result.run.work is None
    assert (
        "no calls counted: [tool.paceline.work] packages has 'shopp': no module of that name is found" in result.told()
    )


def test_a_forked_test_and_one_with_a_tracer_are_as_without(shop: Suite) -> None:
    """
    Whatever a test does to the interpreter, it passes.
    """
    shop.write(
        "tests/test_tracers.py",
        """
        import os
        import sys
        from shop.cart import price

        def test_fork():
            child = os.fork()
            if child == 0:
                price(1)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0

        def test_tracer():
            seen = []
            sys.settrace(lambda frame, event, argument: seen.append(event))
            sys.setprofile(lambda frame, event, argument: seen.append(event))
            price(1)
            sys.setprofile(None)
            sys.settrace(None)
            assert seen

        def test_after():
            assert price(1) == 1
        """,
    )
    result = shop.run("--paceline-work", "all", "tests/test_tracers.py")

    assert result.outcomes == {"test_fork": "passed", "test_tracer": "passed", "test_after": "passed"}
    assert result.case("test_after").usage[UsageKey.CALLS] == 2.0
