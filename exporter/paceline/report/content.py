"""
What a report says, before anybody decides how it looks.
"""

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from paceline import formatting
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import DURATION, EVERY_TEST, NORMALIZED, OUTCOME, Needed, Past
from paceline.analysis.verdicts.suite_regression import calibration_ratio
from paceline.model import Case, Cause, Run, Severity, Verdict
from paceline.report import words
from paceline.report.account_notes import account_notes
from paceline.translated_names import RunCount
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

SLOWEST = 5
_TROUBLES = {
    RunCount.IDS_MADE_SAFE: (
        "test id is kept in a safe form: shortened, escaped, or a secret masked",
        "test ids are kept in a safe form: shortened, escaped, or secrets masked",
    ),
    RunCount.INTERNAL_FAILURES: (
        "failure inside Paceline, which the tests do not feel",
        "failures inside Paceline, which the tests do not feel",
    ),
    RunCount.TESTS_WITHOUT_TIME: (
        "test has no usable time in the imported file",
        "tests have no usable time in the imported file",
    ),
}
# How far back a sparkline looks.
_SHOWN_RUNS = 20
# As many earlier runs as it takes to know what is usual for the calibration.
_FEWEST_RUNS = 3
# A machine within 5% of its usual speed is usual.
_USUAL = 0.05
_BUSY_PERCENT = 90.0


class Finding(Struct, frozen=True, kw_only=True):
    """
    One verdict in words. `more` counts verdicts of the same kind on other parameters of the same test.
    """

    kind: VerdictKind
    severity: Severity
    case: str
    reason: str
    since: str
    why: str
    advice: str
    values: tuple[float, ...]
    more: int = 0


class Content(Struct, frozen=True, kw_only=True):
    """
    All that a report says.
    """

    headline: str
    findings: tuple[Finding, ...]
    slowest: tuple[tuple[str, Case], ...]
    machine: str
    history: str
    troubles: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        return not self.findings


def compose(run: Run, past: Past, rules: Rules) -> Content:
    """
    Say what there is to say of a run.

    Args:
        run: the run, judged.
        past: what it was judged against.
        rules: by which thresholds.
    """
    timed = [case for case in run.cases if case.duration_seconds is not None]
    slowest = sorted(timed, key=lambda case: -(case.duration_seconds or 0.0))[:SLOWEST]
    return Content(
        headline=_headline(run),
        findings=tuple(_findings(run, past)),
        slowest=tuple((formatting.duration(case.duration_seconds or 0.0), case) for case in slowest),
        machine=_machine(run, past),
        history=_history(past, rules.regression.min_runs),
        troubles=(
            *(_trouble(what, count) for what, count in run.counts.items() if count),
            *account_notes(run),
        ),
    )


def _trouble(what: RunCount, count: int) -> str:
    if what in _TROUBLES:
        return formatting.counted(count, *_TROUBLES[what])
    return f"{formatting.counted(count, 'time')} {what}, which a newer Paceline counts"


def _headline(run: Run) -> str:
    found = Counter(verdict.kind for verdict in run.verdicts)
    parts = [formatting.counted(found.pop(kind), *kind.facts.nouns) for kind in VerdictKind if found[kind]]
    parts += [formatting.counted(found.total(), *next(iter(found)).facts.nouns)] if found else []
    tests = f"{formatting.counted(len(run.cases), 'test')} in a session of {formatting.duration(run.duration_seconds)}"
    return f"{', '.join(parts) or 'all within budget, nothing slower than usual'} · {tests}"


def needed_to_show(run: Run) -> Needed:
    """
    The measures of the past that a report shows beside those of every test.
    """
    shown = [(_shown_measure(verdict), verdict.case) for verdict in run.verdicts if verdict.case is not None]
    others = [(measure, case) for measure, case in shown if measure not in EVERY_TEST.measures]
    return Needed(tuple(dict.fromkeys(measure for measure, _ in others)), tuple({case: None for _, case in others}))


def _findings(run: Run, past: Past) -> Iterator[Finding]:
    cases = {case.id: case for case in run.cases}
    families: dict[tuple[VerdictKind, str], list[Verdict]] = {}
    for verdict in run.verdicts:
        case = cases.get(verdict.case or "")
        families.setdefault((verdict.kind, case.family if case else verdict.case or ""), []).append(verdict)
    # One change makes all parameters of a test slower: the worst stands for them.
    for worst, *others in families.values():
        yield _finding(worst, cases.get(worst.case or ""), run.branch, past, more=len(others))


def _finding(verdict: Verdict, measured: Case | None, branch: str, past: Past, more: int) -> Finding:
    return Finding(
        kind=verdict.kind,
        severity=verdict.severity,
        case=verdict.case or "the whole suite",
        reason=verdict.reason,
        since=_since(verdict, branch, past),
        why="; ".join(map(words.cause, _told_causes(verdict))),
        advice=_advice(verdict),
        values=_values(verdict, measured, past),
        more=more,
    )


def _told_causes(verdict: Verdict) -> tuple[Cause, ...]:
    # The first of a count's is the count itself, which its reason has told.
    return verdict.causes[1:] if verdict.kind is VerdictKind.COUNT else verdict.causes


def _advice(verdict: Verdict) -> str:
    of_cause = words.advice(verdict.causes[0]) if verdict.causes and verdict.kind.facts.is_explained else ""
    return of_cause or verdict.kind.facts.advice


def _since(verdict: Verdict, branch: str, past: Past) -> str:
    since = verdict.since
    if since is None and verdict.kind.facts.is_new_by_default:
        elsewhere = {run.branch for run in past.runs} - {branch}
        return f"not so on {', '.join(sorted(elsewhere))}" if elsewhere else "new in this run"
    if since is None:
        return ""
    commit = f", commit {since.commit[:10]}" if since.commit else ""
    return f"since run {since.run_id}{commit}, {formatting.counted(since.runs_ago, 'run')} ago"


def _shown_measure(verdict: Verdict) -> str:
    if verdict.kind is VerdictKind.COUNT and verdict.causes:
        return verdict.causes[0].measure
    return verdict.kind.facts.shown


def _values(verdict: Verdict, case: Case | None, past: Past) -> tuple[float, ...]:
    if case is None:
        return ()
    measure = _shown_measure(verdict)
    before = past.series(measure, case.id).values
    if measure == OUTCOME:
        outcomes = (*before, float(case.outcome.is_pass))
        return tuple(1.0 - passed for passed in outcomes[-_SHOWN_RUNS:])
    if verdict.kind is VerdictKind.COUNT and verdict.causes:
        return (*before[-_SHOWN_RUNS:], verdict.causes[0].after)
    now = {
        DURATION: case.duration_seconds,
        NORMALIZED: case.normalized_duration_seconds,
        UsageKey.MEMORY_RETAINED_BYTES: case.usage.get(UsageKey.MEMORY_RETAINED_BYTES),
    }[measure]
    return (*before[-_SHOWN_RUNS:], *(() if now is None else (now,)))


def _machine(run: Run, past: Past) -> str:
    machine = run.machine
    parts = [_speed(machine.slowdown_ratio, calibration_ratio(machine.calibration_seconds, past.runs, _FEWEST_RUNS))]
    if machine.cpu_percent_mean is not None:
        busy = " (busy)" if machine.cpu_percent_mean >= _BUSY_PERCENT else ""
        parts.append(f"CPU {machine.cpu_percent_mean:.0f}%{busy}")
    if machine.memory_percent_max is not None:
        short = " (nearly full)" if machine.memory_percent_max >= _BUSY_PERCENT else ""
        parts.append(f"memory {machine.memory_percent_max:.0f}%{short}")
    if machine.process_tree_memory_max_bytes:
        parts.append(f"tests up to {formatting.size(machine.process_tree_memory_max_bytes)}")
    return ", ".join(part for part in parts if part)


def _speed(slowdown: float | None, calibration: float | None) -> str:
    if slowdown is None:
        return "speed not known yet"
    if abs(slowdown - 1) <= _USUAL:
        return "as fast as usual"
    # The tests say so; whether it is the machine or all of them, its calibration tells.
    by_calibration = f" by its tests, {_compared(calibration)} by its calibration" if calibration is not None else ""
    return f"{_compared(slowdown)} than usual{by_calibration}"


def _compared(ratio: float) -> str:
    return f"{ratio:.2f} times slower" if ratio >= 1 else f"{1 / ratio:.2f} times faster"


def _history(past: Past, needed: int) -> str:
    known = len(past.runs)
    judged = f"; regressions are judged from {needed} on" if known < needed else ""
    origin = f" from {past.source}" if past.source else ""
    if not known:
        return f"none{origin or ' yet'}{judged}"
    return f"{formatting.counted(known, 'earlier run')} on {past.runs[-1].branch}{origin}{judged}"
