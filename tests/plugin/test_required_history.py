"""
A gate whose past is too short, and findings that stood before.
"""

import pytest
from msgspec.structs import replace

from support.servers import free_port
from support.suite import COMPUTE, Suite

_ONE = "def test_one(): pass\n"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--paceline-fail-on=count",), 0, "count not judged (no earlier run); --paceline-require-history makes"),
        (("--paceline-fail-on=count", "--paceline-require-history"), 11, "count not judged (no earlier run): this run"),
        (("--paceline-require-history",), 11, "regression not judged (no earlier run): this run fails"),
        (("--paceline-fail-on=budget", "--paceline-require-history"), 0, ""),
    ],
)
def test_a_gate_without_a_past_says_so(suite: Suite, options: tuple[str, ...], code: int, said: str) -> None:
    """
    It passes, and with --paceline-require-history it fails with exit code 11; a budget needs no past.
    """
    suite.write("test_one.py", _ONE)
    result = suite.run(*options)

    assert result.code == code
    assert "nothing compared (no earlier run)" in result.told()
    assert (said or "all within budget") in result.told()
    assert ("not judged" in result.told()) == bool(said)


def test_a_gate_with_a_past_long_enough_is_open(suite: Suite) -> None:
    """
    A failing test keeps pytest's exit code in any case.
    """
    suite.write("test_one.py", _ONE)
    suite.keep_before(suite.run().run, 8)
    long = suite.run("--paceline-require-history")
    suite.write("test_one.py", "def test_two(): assert False\n")

    assert (long.code, "nothing slower than usual" in long.told()) == (0, True)
    assert suite.run("--paceline-require-history").code == 1


def test_a_server_that_does_not_answer_is_no_history(suite: Suite) -> None:
    """
    The headline says that nothing was compared, and a gate that requires a history fails.
    """
    suite.write("test_one.py", _ONE)
    address = f"http://127.0.0.1:{free_port()}"
    result = suite.run(f"--paceline-history={address}", "--paceline-require-history")

    assert result.code == 11
    assert f"nothing compared (no history from {address})" in result.told()


def test_a_branch_does_not_fail_for_what_the_default_branch_has(suite: Suite) -> None:
    """
    A test that is over its budget on the default branch does not fail a branch, and a test that the branch made slower
    does.
    """
    slow, fast = "import time\ndef test_slow(): time.sleep({})\n", "import time\ndef test_fast(): time.sleep({})\n"
    branch = {"PACELINE_BRANCH": "topic", "PACELINE_DEFAULT_BRANCH": "main"}
    gate = ("--paceline-fail-on", "budget")
    suite.write("test_slow.py", slow.format(0.15))
    suite.write("test_fast.py", fast.format(0))
    on_main = suite.run(*gate, environ=branch | {"PACELINE_BRANCH": "main"})
    suite.keep_before(on_main.run, 1)
    unchanged = suite.run(*gate, environ=branch)
    kept = unchanged.run
    suite.write("test_fast.py", fast.format(0.15))
    slower = suite.run(*gate, environ=branch)

    assert (on_main.code, unchanged.code, slower.code) == (10, 0, 10)
    inherited = "1 verdict does not fail this run, as the last run on main had the same: budget of test_slow.py::"
    assert [inherited in result.section() for result in (on_main, unchanged, slower)] == [False, True, True]
    failed_by = "this run fails by 1 verdict: budget of test_fast.py::test_fast"
    assert failed_by in slower.section()
    assert (kept.failed_by, slower.run.failed_by) == ((), (failed_by,))


def test_a_pull_request_is_compared_with_its_target_however_often_it_ran(suite: Suite) -> None:
    """
    Its own runs would make a slowdown usual after eight pushes.
    """
    suite.write("test_one.py", f"{COMPUTE}\ndef test_one(): compute(0.06)\n")
    request = {"PACELINE_BRANCH": "topic", "PACELINE_DEFAULT_BRANCH": "main", "PACELINE_TARGET_BRANCH": "release"}
    first = suite.run(environ=request).run
    for branch, seconds in (("release", 0.01), ("topic", 0.06)):
        (case,) = first.cases
        usual = replace(case, duration_seconds=seconds, normalized_duration_seconds=seconds)
        before = replace(first, run_id=f"{first.run_id}-{branch}", branch=branch, cases=(usual,))
        suite.keep_before(before, 8)
    result = suite.run("--paceline-fail-on", "regression", environ=request)

    assert result.code == 10
    assert "8 earlier runs on release" in result.section()


def test_a_budget_that_stays_broken_is_one_line(suite: Suite) -> None:
    """
    New in the first run, and one of those that stand in the second.
    """
    suite.write("test_slow.py", "import time\ndef test_slow(): time.sleep(0.15)\n")
    first = suite.run()
    was_standing = first.run.verdicts[0].standing
    second = suite.run()

    assert "\ntest_slow.py::test_slow\nBUDGET      took " in first.section()
    assert "BUDGET" not in second.section()
    assert "still 1 broken budget: test_slow.py::test_slow (took " in second.told()
    assert ", budget 100 ms) `paceline report -v` shows all in full" in second.told()
    assert (was_standing, second.run.verdicts[0].standing) == (False, True)
