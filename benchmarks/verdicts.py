"""
How often a test whose code did not change is called creeping, stepped up, of two speeds, of a higher count, or flaky,
and how often one that is so is found; and how often the run is named that began a regression.

`python benchmarks/verdicts.py [FOLDER]` reads `ci_series.json.gz` and `suite_runs.json.gz` from FOLDER (default:
`benchmarks/data`), and a seeded generator. A window is one test with its last runs; all figures are per 100 windows.
"""

import gzip
import json
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from tabulate import tabulate

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import ModesRule, Rules, TrendRule
from paceline.analysis.past import NORMALIZED, Past, PastRun, Series, columns_of, past_run
from paceline.analysis.verdicts.change_point import onset
from paceline.analysis.verdicts.count import usual_count
from paceline.analysis.verdicts.flakiness import Attempted, judge_flakiness
from paceline.analysis.verdicts.regression import UsualDuration
from paceline.analysis.verdicts.whole_window import judge_window
from paceline.model import Case, Outcome, Run, RunOutcome
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

RULES = Rules()
_NO_FLOORS = Rules(trend=TrendRule(floor_ms=0), modes=ModesRule(floor_ms=0))
LENGTHS = (20, 30, 50)
WINDOWS = 1000
_SCALE = 0.1
_HOUR = 3600.0
_OF_WINDOW = (VerdictKind.TREND, VerdictKind.CHANGE_POINT, VerdictKind.DURATION_FLAKY)
_KINDS = (*_OF_WINDOW, VerdictKind.COUNT, VerdictKind.FLAKY)
_UNCHANGED = "unchanged: "
_TEST = "test"


def verdict_on(values: Sequence[float]) -> VerdictKind | None:
    """
    What is said of a series of normalised seconds.
    """
    runs = tuple(PastRun(run_id=str(n), ended=n * _HOUR, duration_seconds=1.0) for n in range(len(values)))
    past = Past(runs=runs[:-1], columns={NORMALIZED: {_TEST: Series(range(len(runs) - 1), array("d", values[:-1]))}})
    case = _case(_TEST, values[-1], normalized_duration_seconds=values[-1])
    verdict = judge_window(case, runs[-1], past, RULES)
    return verdict.kind if verdict else None


def generated(runs: int) -> Iterator[tuple[str, Iterable[Sequence[float]]]]:
    """
    Series of 100 ms, by name.
    """
    chance = Random(runs)
    levels: dict[str, Callable[[], float]] = {
        "normal 5%": lambda: chance.gauss(1, 0.05),
        "normal 20%": lambda: max(chance.gauss(1, 0.2), 0.01),
        "log-normal 30%": lambda: chance.lognormvariate(0, 0.3),
        "log-normal 60%": lambda: chance.lognormvariate(0, 0.6),
        "3% spikes": lambda: chance.gauss(1, 0.05) * (chance.uniform(2, 10) if chance.random() < 0.03 else 1),
        "uniform 50%": lambda: chance.uniform(0.5, 1.5),
    }
    for name, draw in levels.items():
        yield _UNCHANGED + name, ([_SCALE * draw() for _ in range(runs)] for _ in range(WINDOWS))
    for likeness in (0.5, 0.9):
        name = f"{_UNCHANGED}wandering, each run {likeness} like the last, 10%"
        yield name, (_wandering(runs, likeness, chance) for _ in range(WINDOWS))
    for factor in (1.3, 1.5, 2.0):
        yield f"creep to {factor} times", (_creep(runs, factor, chance) for _ in range(WINDOWS // 2))
        yield f"step to {factor} times", (_step(runs, factor, chance) for _ in range(WINDOWS // 2))
    yield "12 ms, and 45 ms in 30% of runs", (_two_speeds(runs, chance) for _ in range(WINDOWS // 2))


def _wandering(runs: int, likeness: float, chance: Random) -> list[float]:
    place, values = 0.0, []
    for _ in range(runs):
        place = likeness * place + chance.gauss(0, 0.1 * (1 - likeness**2) ** 0.5)
        values.append(_SCALE * (1 + place))
    return values


def _creep(runs: int, factor: float, chance: Random) -> list[float]:
    return [_SCALE * (1 + (factor - 1) * n / (runs - 1)) * chance.gauss(1, 0.05) for n in range(runs)]


def _step(runs: int, factor: float, chance: Random) -> list[float]:
    place = chance.randint(runs // 5, runs - runs // 5)
    return [_SCALE * (factor if n >= place else 1) * chance.gauss(1, 0.05) for n in range(runs)]


def _two_speeds(runs: int, chance: Random) -> list[float]:
    return [(0.045 if chance.random() < 0.3 else 0.012) * chance.gauss(1, 0.1) for _ in range(runs)]


def ci_windows(groups: Mapping[str, Any], runs: int) -> Iterator[Sequence[float]]:
    """
    Windows of the series of unchanged code, each scaled to 100 ms, so that the floor of 5 ms counts as 5%.
    """
    for group, history in groups.items():
        for test in () if "changing code" in group else history[0]["seconds"]:
            series = [run["seconds"][test] for run in history if test in run["seconds"]]
            scale = _SCALE / median(series)
            for start in range(0, len(series) - runs + 1, 5):
                yield [value * scale for value in series[start : start + runs]]


def long_tests(data: Mapping[str, Any], shortest: float) -> Mapping[str, Any]:
    """
    The suite without the tests whose median is below so many seconds.
    """
    seconds: dict[int, list[float]] = {}
    for run in data["runs"]:
        for test, wall, *_ in run["cases"]:
            seconds.setdefault(test, []).append(wall)
    runs = [
        {**run, "cases": [case for case in run["cases"] if median(seconds[case[0]]) >= shortest]}
        for run in data["runs"]
    ]
    return {**data, "runs": runs}


def judged_suite(data: Mapping[str, Any], rules: Rules) -> Counter[VerdictKind | None]:
    """
    A whole suite judged run after run; counts tests with at least 20 runs, and the verdicts on them.
    """
    found: Counter[VerdictKind | None] = Counter()
    columns: dict[str, dict[str, Series]] = {}
    runs: list[PastRun] = []
    for number, measured in enumerate(data["runs"]):
        cases = tuple(_measured(data["tests"][index], *figures) for index, *figures in measured["cases"])
        run = judge(_run(number, measured["time"], cases), Past(runs=tuple(runs), columns=columns), rules)
        known = columns.get(NORMALIZED, {})
        found[None] += sum(len(known[case.id].runs) + 1 >= LENGTHS[0] for case in cases if case.id in known)
        found.update(verdict.kind for verdict in run.verdicts)
        runs.append(past_run(run))
        _append(columns, run, number)
    return found


def _append(columns: dict[str, dict[str, Series]], run: Run, number: int) -> None:
    for case in run.cases:
        for measure, value in columns_of(case).items():
            series = columns.setdefault(measure, {}).setdefault(case.id, Series(array("l"), array("d")))
            series.runs.append(number)  # type: ignore[attr-defined]
            series.values.append(value)  # type: ignore[attr-defined]


def _measured(test: str, wall: float, cpu: float, wait: float) -> Case:
    return _case(test, wall, usage={UsageKey.CPU_SECONDS: cpu, UsageKey.CPU_WAIT_SECONDS: wait})


def _case(test: str, seconds: float, **changes: Any) -> Case:  # noqa: ANN401 - fields of a case
    return Case(
        id=test, family=test, test_type="unit", outcome=Outcome.PASSED, duration_seconds=max(seconds, 0.0), **changes
    )


def _run(number: int, ended: float, cases: tuple[Case, ...]) -> Run:
    return Run(
        run_id=str(number),
        suite="suite",
        branch="main",
        outcome=RunOutcome.PASSED,
        started=ended - 1,
        ended=ended,
        cases=cases,
    )


def count_windows(runs: int) -> Iterator[tuple[str, Counter[VerdictKind | None]]]:
    """
    Counts of unchanged code that never vary, and that vary now and then; and such that rise.
    """
    chance = Random(runs)
    draws: dict[str, Callable[[], float]] = {
        "unchanged: a count that is always 3": lambda: 3,
        "unchanged: a count of 3, 4 in 5% of runs": lambda: 4 if chance.random() < 0.05 else 3,
        "unchanged: a count of 1 to 6": lambda: chance.randint(1, 6),
    }
    for name, draw in draws.items():
        yield name, Counter(_count_kind(draw(), [draw() for _ in range(runs - 1)]) for _ in range(WINDOWS))
    yield "a count that rises from 3 to 4", Counter(_count_kind(4, [3] * (runs - 1)) for _ in range(WINDOWS))


def _count_kind(value: float, earlier: Sequence[float]) -> VerdictKind | None:
    return VerdictKind.COUNT if usual_count(value, earlier, RULES.count) else None


def outcome_windows(runs: int) -> Iterator[tuple[str, Counter[VerdictKind | None]]]:
    """
    A fault that is made and mended, and chance; two runs a commit.
    """
    chance = Random(runs)
    yield (
        "unchanged: a fault in 4 of the runs, made and mended with a commit",
        Counter(_flaky_kind([not 2 <= n // 2 < 4 for n in range(runs)]) for _ in range(WINDOWS)),
    )
    for share in (0.5, 0.1):
        name = f"fails by chance in {share:.0%} of runs"
        yield name, Counter(_flaky_kind([chance.random() >= share for _ in range(runs)]) for _ in range(WINDOWS))


def _flaky_kind(passed: Sequence[bool]) -> VerdictKind | None:
    history = [
        Attempted(good, 1, PastRun(run_id=str(n), ended=float(n), duration_seconds=1.0, commit=str(n // 2)))
        for n, good in enumerate(passed)
    ]
    verdict = judge_flakiness(_TEST, history, RULES.flaky)
    return verdict.kind if verdict else None


def _row(name: str, runs: int | str, found: Counter[VerdictKind | None], windows: int) -> list[str]:
    return [name, str(runs), str(windows), *(f"{100 * found[kind] / windows:.2f}" for kind in _KINDS)]


def _all_rows(folder: Path) -> Iterator[list[str]]:
    with gzip.open(folder / "ci_series.json.gz") as file:
        groups = json.load(file)["groups"]
    with gzip.open(folder / "suite_runs.json.gz") as file:
        suite = json.load(file)
    for name, found in (
        ("all tests", judged_suite(suite, RULES)),
        ("tests of 1 ms and more, no floors", judged_suite(long_tests(suite, 0.001), _NO_FLOORS)),
    ):
        yield _row(f"unchanged: a real suite on a busy machine, {name}", "20 to 60", found, found[None])
    for runs in LENGTHS:
        found = Counter(verdict_on(values) for values in ci_windows(groups, runs))
        yield _row("unchanged: public CI series, raw", runs, found, found.total())
    for runs in LENGTHS:
        for name, series in generated(runs):
            found = Counter(map(verdict_on, series))
            yield _row(name, runs, found, found.total())
    for runs in LENGTHS:
        for name, found in (*count_windows(runs), *outcome_windows(runs)):
            yield _row(name, runs, found, found.total())


def onset_rows() -> Iterator[list[str]]:
    """
    How often a regression in a window of 30 runs, with 3% spikes, is told with the run that began it.
    """
    chance = Random(0)
    for noise in (0.05, 0.1, 0.2):
        for earlier in (0, 1, 3, 5):
            missed = [found for _ in range(WINDOWS) if (found := _missed_by(earlier, noise, chance)) is not None]
            exact, near = (sum(abs(by) <= reach for by in missed) for reach in (0, 1))
            share = [f"{100 * count / len(missed):.0f}%" for count in (exact, near)]
            yield [f"{noise:.0%}", str(earlier), str(len(missed)), *share]


def _missed_by(slow: int, noise: float, chance: Random) -> int | None:
    """
    By how many runs the beginning of a twofold slowdown is missed; None where this run is no regression.
    """
    spikes = [chance.uniform(2, 10) if chance.random() < 0.03 else 1.0 for _ in range(30 - slow)]
    levels = [*spikes, *[2.0] * (slow + 1)]
    *earlier, seconds = (_SCALE * level * chance.lognormvariate(0, noise) for level in levels)
    level = UsualDuration.of(earlier)
    if seconds <= level.limit(RULES.regression):
        return None
    return onset(earlier, seconds, level.median) - (len(earlier) - slow)


def main() -> None:
    """
    Print the tables.
    """
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data"
    headers = ["series", "runs", "windows", *(kind.value for kind in _KINDS)]
    print(tabulate(list(_all_rows(folder)), headers, disable_numparse=True, colalign=("left", *["right"] * 7)))
    print()
    headers = ["noise", "slow runs before this one", "regressions", "beginning is right", "within one run"]
    print(tabulate(list(onset_rows()), headers, disable_numparse=True, stralign="right"))


if __name__ == "__main__":
    main()
