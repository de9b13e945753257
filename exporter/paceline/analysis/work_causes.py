"""
The functions by which the calls of many tests grew: one change is one group of tests.
"""

from collections.abc import Mapping, Sequence
from math import inf, log
from typing import NamedTuple

from paceline.work import Vector

# A function leads the growth of a test where it grew by nearly as many times as any other, and takes part in it where
# it grew by the square root of that.
_LEADING, _TAKING_PART = 0.95, 0.5
# Of functions that grew in nearly as many tests, the one that is called first calls the others.
_NEARLY_AS_MANY = 0.9
_MOST_GROUPS = 20


class Change(NamedTuple):
    """
    The calls of a test before and now.
    """

    test: str
    before: Vector
    after: Vector


class Group(NamedTuple):
    """
    Tests whose calls changed by the same function; "" where it is not known.
    """

    function: str
    changes: Sequence[Change]


class _Growth(NamedTuple):
    """
    How many times as often the functions of a test are called, as a logarithm, in the order of their first calls.
    """

    change: Change
    factors: Mapping[str, float]

    @property
    def most(self) -> float:
        return max((factor for factor in self.factors.values() if factor < inf), default=inf)

    def share(self, function: str) -> float:
        """
        The growth of a function as a share of the most; 0 where it did not grow.
        """
        factor = self.factors.get(function, 0.0)
        return 1.0 if factor == inf else factor / self.most if self.most else 0.0


def groups_of(changes: Sequence[Change]) -> list[Group]:
    """
    Group tests whose calls grew by the function that is called more often: the outermost of those that grew most.

    A test without vectors is in a group without a function.
    """
    left = [growth for change in changes if (growth := _growth_of(change)).factors]
    known = {growth.change.test for growth in left}
    groups: list[Group] = []
    while left and len(groups) < _MOST_GROUPS:
        function = _leader(left)
        groups.append(Group(function, [growth.change for growth in left if _is_part(growth, function)]))
        left = [growth for growth in left if not _is_part(growth, function)]
    others = [growth.change for growth in left] + [change for change in changes if change.test not in known]
    return [*groups, *([Group("", others)] if others else [])]


def _growth_of(change: Change) -> _Growth:
    before, after = change.before, change.after
    if not before or not after:
        return _Growth(change, {})
    factors = {
        name: log(calls / before[name]) if before.get(name) else inf
        for name, calls in after.items()
        if calls > before.get(name, 0)
    }
    return _Growth(change, factors)


def _is_part(growth: _Growth, function: str) -> bool:
    return growth.share(function) >= _TAKING_PART


def _leader(growths: Sequence[_Growth]) -> str:
    """
    The function that grew in nearly the most tests, and is called first of those.
    """
    leading = dict.fromkeys(name for growth in growths for name in growth.factors if growth.share(name) >= _LEADING)
    tests = {name: [growth for growth in growths if _is_part(growth, name)] for name in leading}
    most = max(map(len, tests.values()))
    wide = [name for name, found in tests.items() if len(found) >= _NEARLY_AS_MANY * most]
    return min(wide, key=lambda name: _mean_place(name, tests[name]))


def _mean_place(function: str, growths: Sequence[_Growth]) -> float:
    places = [list(growth.factors).index(function) for growth in growths]
    return sum(places) / len(places)
