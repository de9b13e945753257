"""
A gate whose past is too short, and findings that stood before.
"""

import pytest

from support.servers import free_port
from support.suite import Suite

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
    assert "still 1 broken budget" in second.told()
    assert "still       1 broken budget: test_slow.py::test_slow" in second.section()
    assert (was_standing, second.run.verdicts[0].standing) == (False, True)
