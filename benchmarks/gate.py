"""
How many unchanged runs of a whole suite end red under the gate of the README, and how often a change is found.

Each run of a recording (`record_suite.py`) is judged by `paceline.analysis` itself against at most 30 runs before it,
its suspects by the repeats that were recorded with it; a suspect that was not measured again then is judged by what the
test took in later runs beside as many busy processes. The code did not change, so each verdict is false. Then functions
are made slower in the same runs, in the first measurement and in the repeats: three times, or 1.4 times where nearly
all tests share the function.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from math import log
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

from gate_recordings import (
    Figures,
    RecordedRepeat,
    RecordedRun,
    SuiteRecording,
    case_of,
    read_recording,
    with_times,
)
from msgspec.structs import replace
from recordings import read_recordings
from tabulate import tabulate

from paceline.analysis.confirmation import REPEATS, confirmed
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import RegressionRule, Rules
from paceline.analysis.past import NORMALIZED, Past
from paceline.analysis.repeat_figures import Repeated
from paceline.analysis.suspects import suspects_of
from paceline.analysis.usual_machine import UsualMachine
from paceline.analysis.verdicts.budget import judge_budget
from paceline.config import Confirmation
from paceline.model import Machine, Run, RunOutcome
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

_DATA = Path(__file__).with_name("data")
_HEAVY = _DATA / "load_0_to_20"
_MADE, _END = "<!-- made by benchmarks/gate.py -->\n", "<!-- end of benchmarks/gate.py -->\n"
FAIL_ON = (
    VerdictKind.BUDGET,
    VerdictKind.REGRESSION,
    VerdictKind.SUITE_REGRESSION,
    VerdictKind.COUNT,
    VerdictKind.LEAK,
)
_SHOWN = (*FAIL_ON, VerdictKind.FILE_REGRESSION, VerdictKind.UNCONFIRMED)
_WINDOW = 30
_FEWEST = RegressionRule().min_runs
_HOUR = 3600.0
_SEED = 20261201
# Of the machine that the suites were recorded on.
_CPUS = 2
_FACTOR, _SHARED_FACTOR = 3.0, 1.4
# Of the tests of a class or a family: seconds, and how many there are.
_SHORT, _LARGE_PART = 0.001, 10
_COMPUTING = ("duration_seconds", UsageKey.CPU_SECONDS, UsageKey.CPU_USER_SECONDS)
# A change is made in one of so many runs.
_EVERY = 6
# The exit code of a session that a verdict failed.
_RED = 10

# The tests that a change makes slower, of those with these usual seconds.
Chosen = Callable[[Mapping[str, float], Random], Sequence[str]]


class Outcome(NamedTuple):
    """
    What came of a recording: verdicts by kind of unchanged runs, red runs, and by change how often it was found.
    """

    tests: int
    judged: int
    red: int
    changed: int
    red_when_recorded: int
    verdicts: Counter[VerdictKind]
    found: Counter[str]
    beside: Counter[str]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how many unchanged runs end red.")
    parser.add_argument("--data", type=Path, nargs="*", help="these recordings instead of all with each figure")
    parser.add_argument("--page", type=Path, help="a Markdown page whose part on the gate is made again")
    arguments = parser.parse_args()
    paths = arguments.data or sorted(_DATA.rglob("*.json.xz"), key=lambda path: (len(path.parts), path))
    outcomes = {_name(recording, path): replay(recording) for path in paths for recording in _recordings(path)}
    text = f"{_of_unchanged(outcomes)}\n\n{_of_changes(outcomes)}\n"
    print(text)
    if arguments.page:
        before, _, rest = arguments.page.read_text("utf-8").partition(_MADE)
        after = rest.partition(_END)[2]
        arguments.page.write_text(f"{before}{_MADE}\n{text}\n{_END}{after}", "utf-8")


def _name(recording: SuiteRecording, path: Path) -> str:
    return f"{recording.name} 0-20" if path.parent.name == _HEAVY.name else recording.name


def _recordings(path: Path) -> Iterator[SuiteRecording]:
    """
    A recording with all figures and repeats, or the suites of a file that has times only.
    """
    if path.suffix == ".xz":
        yield read_recording(path)
        return
    for recording in read_recordings(path):
        if recording.is_suite and recording.is_unchanged:
            yield with_times(recording)


def replay(recording: SuiteRecording) -> Outcome:
    """
    Judge each run, as it is and with each change.
    """
    recording = _without_broken_budgets(recording)
    history = list[Run]()
    verdicts, found, beside = Counter[VerdictKind](), Counter[str](), Counter[str]()
    tests = red = changed_runs = 0
    for number, recorded in enumerate(recording.runs):
        past = Past.from_runs(history[-_WINDOW:])
        # Of each run its own chance: changes that are tried beside it do not move it.
        random = Random(f"{_SEED} {number}")
        run = _judge(recording, number, recorded, past, random)
        if number >= _FEWEST:
            tests += len(run.cases)
            red += any(verdict.kind in FAIL_ON for verdict in run.verdicts)
            verdicts.update(verdict.kind for verdict in run.verdicts)
            for name, choose in _CHANGES.items() if number % _EVERY == 0 else ():
                changed_runs += bool(name == _FIRST_CHANGE)
                chosen = set(choose(_usual(past), random))
                factor = _SHARED_FACTOR if name == _SHARED else _FACTOR
                changed = _judge(recording, number, _slowed(recorded, chosen, factor), past, random)
                found[name] += _is_found(changed, chosen)
                beside[name] += _is_red_beside(changed, run, chosen)
        history.append(run)
    return Outcome(
        tests=tests,
        judged=max(len(recording.runs) - _FEWEST, 0),
        red=red,
        changed=changed_runs,
        red_when_recorded=sum(run.exit_code == _RED for run in recording.runs[_FEWEST:]),
        verdicts=verdicts,
        found=found,
        beside=beside,
    )


def _without_broken_budgets(recording: SuiteRecording) -> SuiteRecording:
    """
    The recording without the budgets that their tests break in most runs: these verdicts are true.
    """
    broken = Counter(
        test
        for run in recording.runs
        for test, figures in run.cases.items()
        if judge_budget(case_of(test, figures, run.budgets.get(test))) is not None
    )
    true = {test for test, runs in broken.items() if 2 * runs > len(recording.runs)}
    runs = [
        replace(run, budgets={test: one for test, one in run.budgets.items() if test not in true})
        for run in recording.runs
    ]
    return SuiteRecording(recording.name, runs)


def _judge(recording: SuiteRecording, number: int, recorded: RecordedRun, past: Past, random: Random) -> Run:
    rules = Rules()
    run = judge(_run(number, recorded), past, rules)
    suspects = suspects_of(run, FAIL_ON)
    chosen = suspects[: Confirmation().tests]
    again = {test: _repeats(recording, number, recorded, test, random) for test in chosen}
    repeated = Repeated(
        cases={test: [case_of(test, one.figures) for one in ones] for test, ones in again.items()},
        reasons=dict.fromkeys(suspects[len(chosen) :], "too many"),
        calibrations={test: [one.calibration for one in ones] for test, ones in again.items()},
    )
    return confirmed(run, repeated, FAIL_ON, UsualMachine.of(past, suspects, _FEWEST))


def _run(number: int, recorded: RecordedRun) -> Run:
    return Run(
        run_id=f"run-{number}",
        suite="recorded",
        branch="main",
        outcome=RunOutcome.PASSED,
        started=number * _HOUR,
        ended=(number + 1) * _HOUR,
        environment={"cpus": _CPUS},
        machine=Machine(calibration_seconds=recorded.calibration, others_cpu_percent=recorded.others_cpu_percent),
        cases=tuple(case_of(test, figures, recorded.budgets.get(test)) for test, figures in recorded.cases.items()),
    )


def _repeats(
    recording: SuiteRecording, number: int, recorded: RecordedRun, test: str, random: Random
) -> Sequence[RecordedRepeat]:
    if known := recorded.repeats.get(test):
        return known
    others = [run for place, run in enumerate(recording.runs) if place != number and test in run.cases]
    alike = [run for run in others if run.load == recorded.load] or others
    factor = recorded.slowed.get(test, 1.0)
    drawn = random.choices(alike, k=REPEATS)
    return [RecordedRepeat(_times(run.cases[test], factor), run.calibration or 0.0) for run in drawn]


def _slowed(recorded: RecordedRun, chosen: Collection[str], factor: float) -> RecordedRun:
    cases = {test: _times(figures, factor) if test in chosen else figures for test, figures in recorded.cases.items()}
    repeats = {
        test: [RecordedRepeat(_times(one.figures, factor), one.calibration) for one in ones] if test in chosen else ones
        for test, ones in recorded.repeats.items()
    }
    return replace(recorded, cases=cases, repeats=repeats, slowed=dict.fromkeys(chosen, factor))


def _times(figures: Figures, factor: float) -> Figures:
    """
    The figures of a test that computes for so many times as long.
    """
    if factor == 1.0 or "duration_seconds" not in figures:
        return figures
    cpu = min(figures.get(UsageKey.CPU_SECONDS, figures["duration_seconds"]), figures["duration_seconds"])
    added = (factor - 1) * cpu
    more = {key: figures[key] + added for key in _COMPUTING if key in figures}
    return {**figures, **more}


def _usual(past: Past) -> dict[str, float]:
    series = {test: past.series(NORMALIZED, test).values for test in past.column(NORMALIZED)}
    return {test: median(values) for test, values in series.items() if len(values) >= _FEWEST}


def _is_found(run: Run, chosen: Collection[str]) -> bool:
    return any(
        (verdict.kind is VerdictKind.REGRESSION and verdict.case in chosen)
        or (verdict.kind is VerdictKind.FILE_REGRESSION and any(test.startswith(verdict.file) for test in chosen))
        or verdict.kind is VerdictKind.SUITE_REGRESSION
        for verdict in run.verdicts
    )


def _is_red_beside(changed: Run, unchanged: Run, chosen: Collection[str]) -> bool:
    """
    Whether a change makes a test fail the run that it does not touch.
    """
    known = {(verdict.kind, verdict.case) for verdict in unchanged.verdicts}
    return any(
        verdict.kind in FAIL_ON
        and verdict.kind is not VerdictKind.SUITE_REGRESSION
        and verdict.case not in chosen
        and (verdict.kind, verdict.case) not in known
        for verdict in changed.verdicts
    )


def _around(usual: Mapping[str, float], seconds: float, count: int, random: Random) -> Sequence[str]:
    """
    Some of the tests whose usual time is nearest to one.
    """
    nearest = sorted(usual, key=lambda test: abs(log(max(usual[test], 1e-6) / seconds)))
    return random.sample(nearest[: 3 * count], min(count, len(nearest)))


def _of_one_part(usual: Mapping[str, float], random: Random) -> Sequence[str]:
    """
    The tests of a class, or of a family of tests with parameters, that are too short to be judged alone.
    """
    parts: dict[str, list[str]] = defaultdict(list)
    for test in sorted(usual):
        if usual[test] < _SHORT:
            name, has_parameters, _ = test.partition("[")
            parts[name if has_parameters else name.rpartition("::")[0]].append(test)
    large = [tests for tests in parts.values() if len(tests) >= _LARGE_PART]
    return random.choice(large) if large else []


_SHARED = "nine of ten tests, 1.4 times"
_CHANGES: Mapping[str, Chosen] = {
    "the heaviest test": lambda usual, _: [max(usual, key=lambda test: usual[test])],
    "one test of about 10 ms": lambda usual, random: _around(usual, 0.010, 1, random),
    "ten tests of about 1 ms": lambda usual, random: _around(usual, 0.001, 10, random),
    "a hundred tests": lambda usual, random: random.sample(sorted(usual), min(100, len(usual))),
    "a fifth of the suite": lambda usual, random: random.sample(sorted(usual), len(usual) // 5),
    "all tests": lambda usual, _: list(usual),
    _SHARED: lambda usual, random: random.sample(sorted(usual), len(usual) * 9 // 10),
    "a class or family of ten or more short tests": _of_one_part,
}

_FIRST_CHANGE = next(iter(_CHANGES))


def _of_unchanged(outcomes: Mapping[str, Outcome]) -> str:
    rows = [_unchanged_row(name, outcome) for name, outcome in outcomes.items()]
    if len(outcomes) > 1:
        rows.append(_unchanged_row("**all**", _sum(list(outcomes.values()))))
    head = ("recording", "runs", "red", "red when recorded", *(f"{kind.value} / 10,000" for kind in _SHOWN))
    return f"### Unchanged runs\n\n{tabulate(rows, head, tablefmt='github', disable_numparse=True)}"


def _unchanged_row(name: str, one: Outcome) -> tuple[str, ...]:
    rates = (f"{1e4 * one.verdicts[kind] / max(one.tests, 1):.2f}" for kind in _SHOWN)
    return name, str(one.judged), str(one.red), str(one.red_when_recorded), *rates


def _of_changes(outcomes: Mapping[str, Outcome]) -> str:
    whole = {**outcomes, "all": _sum(list(outcomes.values()))} if len(outcomes) > 1 else outcomes
    rows = [(change, *(_share(one, change) for one in whole.values())) for change in _CHANGES]
    head = ("three times slower", *whole)
    return f"### Changes, found at the first run\n\n{tabulate(rows, head, tablefmt='github', disable_numparse=True)}"


def _share(one: Outcome, change: str) -> str:
    return f"{one.found[change] / one.changed:.0%} ({one.beside[change]})" if one.changed else ""


def _sum(outcomes: Sequence[Outcome]) -> Outcome:
    return Outcome(*(sum(parts[1:], start=parts[0]) for parts in zip(*outcomes, strict=True)))


if __name__ == "__main__":
    main()
