"""
A first configuration for a suite, from its kept runs: test types by folder, budgets from measured times, the gate.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from msgspec import Struct, json

from paceline.analysis.estimators import quantile
from paceline.analysis.verdicts.budget import needed_seconds
from paceline.config import DEFAULT_TEST_TYPE
from paceline.formatting import counted, duration
from paceline.model import Case, Run
from paceline.translated_names import BudgetSource

GATE = ("budget", "regression", "suite_regression", "count", "leak")
# A time that 95% of the tests keep, doubled: a budget that chance breaks is no budget.
_QUANTILE, _ROOM = 0.95, 2.0
_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0)
_LEAST_MS = 10
# So many tests get a budget of their own; the budget of the type is higher where more are slow.
_MOST_OWN_BUDGETS = 20
# More folders than this are the structure of the code and not kinds of tests.
_MOST_FOLDERS = 8
_NOT_A_TYPE = {"test", "tests"}
_TYPE_NAME = re.compile(r"[\w.+-]{1,100}")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class TypeBudget(Struct, frozen=True, kw_only=True):
    """
    The budget of a test type, and the times that it comes from.
    """

    budget_ms: int
    tests: int
    seconds: float


class ProposedSettings(Struct, frozen=True, kw_only=True):
    """
    The proposal: patterns of paths by test type, budgets by test type, and tests with a budget of their own.
    """

    suite: str
    runs: int
    tests: int
    test_types: Mapping[str, str]
    budgets: Mapping[str, TypeBudget]
    slow_tests: Mapping[str, float]

    def toml(self) -> str:
        """
        The table `[tool.paceline]`.
        """
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "[tool.paceline]"
        runs, tests = counted(self.runs, "run"), counted(self.tests, "test")
        yield f"# Written by `paceline init` from {runs} of {tests}; a test with parameters counts once."
        yield "# The gate: a run with a verdict of these kinds, that its change made, ends with exit code 10."
        yield f"fail_on = [{', '.join(map(_quoted, GATE))}]"
        if self.test_types:
            yield from ("", "[tool.paceline.test_types]  # by folder; the first matching pattern")
            yield from (f"{_key(name)} = [{_quoted(pattern)}]" for name, pattern in self.test_types.items())
        yield from ("", "[tool.paceline.budgets_ms]  # about twice the 95th percentile of each type")
        for name, budget in self.budgets.items():
            yield f"{_key(name)} = {budget.budget_ms}  # {counted(budget.tests, 'test')}: {duration(budget.seconds)}"
        if self.slow_tests:
            yield from ("", "[tool.paceline.test_budgets_ms]  # slower tests, at about twice their time")
            yield from (
                f"{_quoted(name)} = {_budget_ms(seconds)}  # {duration(seconds)}"
                for name, seconds in self.slow_tests.items()
            )


def propose_settings(runs: Sequence[Run]) -> ProposedSettings:
    """
    Propose settings from runs of one suite, at least one.
    """
    families = _longest_times([case for run in runs for case in run.cases])
    test_types = _types_by_folder(case.family for case in families.values())
    times: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for name, case in families.items():
        times[_type_of(case, test_types)][name] = needed_seconds(case) or 0.0
    budgets = {test_type: _type_budget(list(seconds.values())) for test_type, seconds in sorted(times.items())}
    slow = {
        name: seconds
        for test_type, tests in times.items()
        for name, seconds in tests.items()
        if seconds * 1e3 > budgets[test_type].budget_ms
    }
    return ProposedSettings(
        suite=runs[0].suite,
        runs=len(runs),
        tests=len(families),
        test_types={name: pattern for name, pattern in test_types.items() if name in times},
        budgets=budgets,
        slow_tests=dict(sorted(slow.items(), key=lambda item: -item[1])),
    )


def _longest_times(cases: Iterable[Case]) -> dict[str, Case]:
    """
    The slowest passed case of each test, without parameters; a marker has the budget of a test already.
    """
    found: dict[str, Case] = {}
    for case in cases:
        seconds = needed_seconds(case)
        if seconds is None or not case.outcome.is_pass or case.budget_source is BudgetSource.MARKER:
            continue
        if case.family not in found or seconds > (needed_seconds(found[case.family]) or 0.0):
            found[case.family] = case
    return found


def _types_by_folder(families: Iterable[str]) -> dict[str, str]:
    """
    The patterns of the folders directly below the folder that all tests have in common, by name.
    """
    folders = [PurePosixPath(family.partition("::")[0]).parent.parts for family in families]
    common = 0
    while folders and all(len(parts) > common for parts in folders) and len({parts[common] for parts in folders}) == 1:
        common += 1
    counts = Counter(parts[: common + 1] for parts in folders if len(parts) > common)
    names = {parts[-1]: "/".join((*parts, "*")) for parts in counts}
    named = {name: names[name] for name in sorted(names) if _TYPE_NAME.fullmatch(name) and name not in _NOT_A_TYPE}
    return named if len(named) <= _MOST_FOLDERS else {}


def _type_of(case: Case, test_types: Mapping[str, str]) -> str:
    """
    The test type that a case has with the proposed patterns; a type that it has by a marker or a default stays.
    """
    if case.test_type != DEFAULT_TEST_TYPE:
        return case.test_type
    path = case.family.partition("::")[0]
    found = (name for name, pattern in test_types.items() if path.startswith(pattern.removesuffix("*")))
    return next(found, DEFAULT_TEST_TYPE)


def _type_budget(seconds: list[float]) -> TypeBudget:
    ordered = sorted(seconds)
    usual = quantile(ordered, _QUANTILE)
    others = ordered[:-_MOST_OWN_BUDGETS] or ordered[:1]
    return TypeBudget(budget_ms=_budget_ms(max(usual, others[-1])), tests=len(ordered), seconds=usual)


def _budget_ms(seconds: float) -> int:
    """
    Twice a time, rounded up to a round number.
    """
    wanted = max(seconds * 1e3 * _ROOM, _LEAST_MS)
    power = 10.0 ** (len(str(int(wanted))) - 1)
    return round(next(step * power for step in _STEPS if step * power >= wanted))


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    # A string of JSON is one of TOML, but for DEL.
    return json.encode(text).decode().replace("\x7f", "\\u007f")
