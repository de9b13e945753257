"""
Which test makes another one fail.
"""

from collections.abc import Callable, Collection, Sequence
from random import Random

import pytest

from paceline.flaky.order_dependence import Dependence, dependence

_BEFORE = [f"test_{number}" for number in range(40)]


def _needing(polluters: Collection[str], runs: list[Sequence[str]]) -> Callable[[Sequence[str]], bool]:
    def fails(order: Sequence[str]) -> bool:
        runs.append(order)
        return set(polluters) <= set(order[:-1])

    return fails


@pytest.mark.parametrize("polluter", ["test_0", "test_17", "test_39"])
def test_the_polluter_is_found_in_few_runs(polluter: str) -> None:
    """
    By halves of the tests that ran before.
    """
    runs: list[Sequence[str]] = []
    found = dependence("test_victim", _BEFORE, _needing({polluter}, runs))

    assert found == Dependence("test_victim", (polluter,))
    assert found.command == f"pytest -p no:randomly '{polluter}' 'test_victim'"
    assert len(runs) <= 25


def test_two_polluters_that_are_needed_together_are_found() -> None:
    """
    Each half alone does not make the victim fail.
    """
    found = dependence("test_victim", _BEFORE[:8], _needing({"test_1", "test_6"}, []))

    assert found.polluters == ("test_1", "test_6")


def test_a_test_that_fails_alone_blames_no_other() -> None:
    """
    Nor does one that passes in the same order again.
    """
    assert "fails alone" in dependence("test_victim", _BEFORE, lambda _: True).reason
    assert "by chance" in dependence("test_victim", _BEFORE, lambda _: False).reason


def test_a_test_that_fails_by_chance_blames_no_other() -> None:
    """
    Though it may pass alone and fail after others a few times.
    """
    random = Random(7)
    found = [dependence("test_victim", _BEFORE[:4], lambda _: random.random() < 0.4) for _ in range(1000)]

    assert sum(bool(one.polluters) for one in found) <= 5
