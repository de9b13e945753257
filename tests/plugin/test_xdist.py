"""
pytest-xdist: any number of workers make one run, with nothing lost and nothing twice.
"""

import pytest

from support.suite import Suite

_MANY = """
    import pytest

    @pytest.mark.parametrize("n", range(40))
    def test_many(n): pass
"""


@pytest.mark.parametrize("arguments", [("-n", "0"), ("-n", "1"), ("-n", "3"), ("-n", "2", "--dist", "loadfile")])
def test_any_number_of_workers_makes_one_run(suite: Suite, arguments: tuple[str, ...]) -> None:
    """
    Forty tests are forty measured cases of one run.
    """
    suite.write("test_many.py", _MANY)
    result = suite.run(*arguments)

    assert sorted(case.id for case in result.run.cases) == sorted(f"test_many.py::test_many[{n}]" for n in range(40))
    assert all(case.duration_seconds is not None and case.usage for case in result.run.cases)
    assert result.kept_runs() == 1


def test_a_crashed_worker_takes_nothing_with_it(suite: Suite) -> None:
    """
    What a worker had measured before it died is kept, the test that killed it is a failure, and the rest runs.
    """
    suite.write(
        "test_crash.py",
        """
        import os, pytest

        @pytest.mark.parametrize("n", range(10))
        def test_before(n): pass
        def test_crash(): os._exit(3)
        @pytest.mark.parametrize("n", range(10))
        def test_after(n): pass
        """,
    )
    result = suite.run("-n", "2")
    outcomes = result.outcomes

    assert outcomes.pop("test_crash") == "failed"
    assert len(outcomes) == 20 and set(outcomes.values()) == {"passed"}
    assert result.kept_runs() == 1


def test_a_marker_budget_fails_the_test_in_a_worker(suite: Suite) -> None:
    """
    The message of a broken budget comes back from the worker.
    """
    suite.write(
        "test_slow.py",
        """
        import time, pytest

        @pytest.mark.performance(budget_ms=5)
        def test_slow(paceline):
            paceline.record("cart_items", 3)
            time.sleep(0.02)
        """,
    )
    result = suite.run("-n", "1")

    assert result.code == 1
    assert "budget 5 ms (its performance marker); again " in result.output
    assert result.case("test_slow").measures["cart_items"].value == 3


def test_a_wrong_marker_is_said_once_and_runs_nothing(suite: Suite) -> None:
    """
    A budget that cannot be is a usage error also when workers collect the tests.
    """
    suite.write("test_bad.py", "import pytest\n@pytest.mark.performance(budget_ms=-5)\ndef test_bad(): pass\n")
    result = suite.run("-n", "2")

    assert result.code != 0
    assert "performance(budget_ms=-5) is not a valid budget, expected more than 0 milliseconds" in result.output
    assert "passed" not in result.output
