"""
Two sides whose calls were counted: which functions run more or less often, and in which tests?
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec.structs import replace

from paceline.analysis.judgement_rules import WorkRule
from paceline.analysis.verdicts.work import is_more
from paceline.analysis.work_causes import Change, groups_of
from paceline.model import Run
from paceline.usage import UsageKey
from paceline.values import Value
from paceline.work import Function, Vector


class ChangedFunction(Value, frozen=True, kw_only=True, omit_defaults=False):
    """
    A function that one change makes run more or less often, and the tests in which it does: the one that changed most
    first. `function` is "" where it is not known.

    `base_calls` and `head_calls` are those of the function in these tests, and the other two those of all functions.
    """

    function: str
    file: str = ""
    line: int = 0
    base_calls: int
    head_calls: int
    base_total: int
    head_total: int
    tests: tuple[str, ...]

    @property
    def is_more(self) -> bool:
        return self.head_total > self.base_total


class ComparedLoops(Value, frozen=True, kw_only=True, omit_defaults=False):
    """
    The rounds of the loops of a slower test that calls as often as before, and the function whose loops added most; ""
    where there are not more rounds.
    """

    test: str
    base_rounds: int
    head_rounds: int
    function: str = ""
    file: str = ""
    line: int = 0


class SmallChange(Value, frozen=True, kw_only=True, omit_defaults=False):
    """
    A function whose calls changed in tests that call about as often as before, and its calls in all tests.
    """

    function: str
    base_calls: int
    head_calls: int


class WorkChanges(Value, frozen=True, kw_only=True, omit_defaults=False):
    """
    Two sides by their calls. `compared` tests were counted on both sides, and `varying` ones differ from run to run of
    one side, so that they are not compared. `loops` are those of slower tests that call as often. `small_changes` are
    functions in tests whose calls changed by less than the margin, the most first.
    """

    base: str
    head: str
    compared: int
    varying: int
    base_calls: int
    head_calls: int
    functions: tuple[ChangedFunction, ...]
    loops: tuple[ComparedLoops, ...] = ()
    small_changes: tuple[SmallChange, ...] = ()

    @property
    def grown(self) -> Sequence[ChangedFunction]:
        return [function for function in self.functions if function.is_more]


def work_changes(names: tuple[str, str], base: Sequence[Run], head: Sequence[Run], rule: WorkRule) -> WorkChanges:
    """
    Compare the calls of two sides, test by test, and name the functions that changed them.

    Args:
        names: of base and head.
        base: runs that counted, all of one code; the first is compared.
        head: the same of the other code.
        rule: by how much calls differ.
    """
    sides = [_counted(base), _counted(head)]
    both = [test for test in sides[0] if test in sides[1]]
    steady = [test for test in both if _is_steady(test, base, rule) and _is_steady(test, head, rule)]
    calls = [{test: sum(side[test].values()) for test in steady} for side in sides]
    more = [test for test in steady if is_more(calls[1][test], calls[0][test], rule)]
    fewer = [test for test in steady if is_more(calls[0][test], calls[1][test], rule)]
    where = {function.name: function for run in (*base, *head) if run.work for function in run.work.functions}
    changed = [
        *_changed([Change(test, sides[0][test], sides[1][test]) for test in more]),
        *map(_turned, _changed([Change(test, sides[1][test], sides[0][test]) for test in fewer])),
    ]
    return WorkChanges(
        base=names[0],
        head=names[1],
        compared=len(steady),
        varying=len(both) - len(steady),
        base_calls=sum(calls[0].values()),
        head_calls=sum(calls[1].values()),
        functions=tuple(_placed(one, where.get(one.function)) for one in changed),
        small_changes=_small_changes(sides[0], sides[1], {*steady} - {*more, *fewer}),
    )


def _small_changes(
    base: Mapping[str, Vector], head: Mapping[str, Vector], tests: Collection[str]
) -> tuple[SmallChange, ...]:
    """
    The functions whose calls differ between the sides in these tests.
    """
    sums = [Counter[str](), Counter[str]()]
    for test in base:
        if test in tests and base[test] != head[test]:
            for calls, side in zip(sums, (base, head), strict=True):
                calls.update(side[test])
    before, after = sums
    found = (
        SmallChange(function=name, base_calls=before[name], head_calls=after[name])
        for name in dict.fromkeys([*before, *after])
        if before[name] != after[name]
    )
    return tuple(sorted(found, key=lambda one: -abs(one.head_calls - one.base_calls)))


def _placed(one: ChangedFunction, function: Function | None) -> ChangedFunction:
    return one if function is None else replace(one, file=function.file, line=function.line)


def _counted(runs: Sequence[Run]) -> Mapping[str, Vector]:
    """
    The vector of each test of the first run.
    """
    run = runs[0]
    vectors = run.work.vectors if run.work is not None else {}
    return {
        case.id: vectors[int(case.usage[UsageKey.CALLS_FINGERPRINT])]
        for case in run.cases
        if case.outcome.is_pass and int(case.usage.get(UsageKey.CALLS_FINGERPRINT, -1)) in vectors
    }


def _is_steady(test: str, runs: Sequence[Run], rule: WorkRule) -> bool:
    found = [case.usage.get(UsageKey.CALLS) for run in runs for case in run.cases if case.id == test]
    known = [calls for calls in found if calls is not None]
    return not any(is_more(max(pair), min(pair), rule) for pair in pairwise(known))


def _changed(changes: Sequence[Change]) -> Iterator[ChangedFunction]:
    for group in groups_of(changes):
        ordered = sorted(group.changes, key=lambda one: sum(one.before.values()) - sum(one.after.values()))
        yield ChangedFunction(
            function=group.function,
            base_calls=sum(one.before.get(group.function, 0) for one in ordered),
            head_calls=sum(one.after.get(group.function, 0) for one in ordered),
            base_total=sum(sum(one.before.values()) for one in ordered),
            head_total=sum(sum(one.after.values()) for one in ordered),
            tests=tuple(one.test for one in ordered),
        )


def _turned(one: ChangedFunction) -> ChangedFunction:
    return replace(
        one,
        base_calls=one.head_calls,
        head_calls=one.base_calls,
        base_total=one.head_total,
        head_total=one.base_total,
    )
