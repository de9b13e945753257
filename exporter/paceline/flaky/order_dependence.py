"""
Which test makes another one fail: found by bisection over the tests that ran before.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

# So often a test has to pass alone before its failure is blamed on others.
_ALONE = 3
# So often it then has to pass alone and to fail after them, in turn: a test that fails by chance seldom does.
_IN_TURN = 3
_FAILS_ALONE = "it also fails alone, so no other test causes it"
_BY_CHANCE = "it passed when the same order was run again, so it fails by chance"

Fails = Callable[[Sequence[str]], bool]
"""
Runs tests in this order, and says whether the last of them failed.
"""


class Dependence(NamedTuple):
    """
    Why a test fails in one order. `polluters` make it fail where they run before it; without any, `reason` says why
    no test is blamed.
    """

    victim: str
    polluters: tuple[str, ...] = ()
    reason: str = ""

    @property
    def command(self) -> str:
        """
        The command that shows it.
        """
        tests = " ".join(f"'{test}'" for test in (*self.polluters, self.victim))
        return f"pytest -p no:randomly {tests}"


def dependence(victim: str, before: Sequence[str], fails: Fails) -> Dependence:
    """
    Find the tests that make another one fail.

    Args:
        victim: the test that failed.
        before: the tests that ran before it, in order.
        fails: runs tests.
    """
    if any(fails([victim]) for _ in range(_ALONE)):
        return Dependence(victim, reason=_FAILS_ALONE)
    if not fails([*before, victim]):
        return Dependence(victim, reason=_BY_CHANCE)
    polluters = _least(victim, list(before), fails)
    for _ in range(_IN_TURN):
        if fails([victim]):
            return Dependence(victim, reason=_FAILS_ALONE)
        if not fails([*polluters, victim]):
            return Dependence(victim, reason=_BY_CHANCE)
    return Dependence(victim, tuple(polluters))


def _least(victim: str, before: list[str], fails: Fails) -> list[str]:
    """
    As few of the tests before as still make the victim fail: half of them as long as one half is enough.
    """
    while len(before) > 1:
        middle = len(before) // 2
        halves = (before[middle:], before[:middle])
        half = next((half for half in halves if fails([*half, victim])), None)
        if half is None:
            return _without_others(victim, before, fails)
        before = half
    return before


def _without_others(victim: str, before: list[str], fails: Fails) -> list[str]:
    # Several tests are needed: a test that can be left out without effect is not one of them.
    kept = list(before)
    for test in before:
        fewer = [one for one in kept if one != test]
        if fails([*fewer, victim]):
            kept = fewer
    return kept
