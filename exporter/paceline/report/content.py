"""
What a report says, before anybody decides how it looks.
"""

from msgspec import Struct

from paceline import formatting
from paceline.analysis.comparability import how_compared
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.analysis.verdicts.suite_regression import calibration_ratio
from paceline.model import Case, Run
from paceline.report.account_notes import account_notes
from paceline.report.by_subject import by_subject, flattened
from paceline.report.counted_work import counted_work
from paceline.report.findings import Finding, findings_of
from paceline.report.headline import headline
from paceline.report.kit_summaries import kit_summaries
from paceline.report.new_findings import new_findings, standing
from paceline.report.slow_fixtures import slow_fixtures
from paceline.translated_names import RunCount

SLOWEST = 5
_TROUBLES = {
    RunCount.IDS_MADE_SAFE: (
        "test id is kept in a safe form: shortened, escaped, or a secret masked",
        "test ids are kept in a safe form: shortened, escaped, or secrets masked",
    ),
    RunCount.INTERNAL_FAILURES: (
        "failure inside Paceline, which did not affect the tests",
        "failures inside Paceline, which did not affect the tests",
    ),
    RunCount.TESTS_WITHOUT_TIME: (
        "test has no usable time in the imported file",
        "tests have no usable time in the imported file",
    ),
}
# The earlier runs that the usual calibration needs.
_FEWEST_RUNS = 3
# A machine within 5% of its usual speed is usual.
_USUAL = 0.05
_BUSY_PERCENT = 90.0
_MOST_SUITES = 3


class Content(Struct, frozen=True, kw_only=True):
    """
    All that a report says. `findings` are all of them, the new ones first; in `new_findings`, many
    broken budgets of one test type are one; `standing` has a line for each kind of the others. `results` are those of
    the test kit, each with its kind. `failed_by` are the reasons for which Paceline failed the run.
    """

    headline: str
    findings: tuple[Finding, ...]
    new_findings: tuple[Finding, ...]
    standing: tuple[str, ...]
    slowest: tuple[tuple[str, Case], ...]
    machine: str
    history: str
    run_id: str
    troubles: tuple[str, ...]
    results: tuple[tuple[str, str], ...] = ()
    fixtures: str = ""
    work: str = ""
    failed_by: tuple[str, ...] = ()

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
    found = sorted(findings_of(run, past), key=lambda finding: finding.standing)
    timed = [case for case in run.cases if case.duration_seconds is not None]
    slowest = sorted(timed, key=lambda case: -(case.duration_seconds or 0.0))[:SLOWEST]
    return Content(
        headline=headline(run, past, rules),
        findings=flattened(by_subject(found)),
        new_findings=flattened(by_subject(new_findings(run, found))),
        standing=tuple(standing(found)),
        slowest=tuple((formatting.duration(case.duration_seconds or 0.0), case) for case in slowest),
        results=tuple(kit_summaries(run)),
        fixtures=slow_fixtures(run),
        work=counted_work(run),
        machine=_machine(run, past),
        history="; ".join(filter(None, (_history(run, past, rules.regression.min_runs), how_compared(run)))),
        run_id=run.run_id,
        failed_by=run.failed_by,
        troubles=(
            *(_trouble(what, count) for what, count in run.counts.items() if count),
            *account_notes(run),
        ),
    )


def _trouble(what: RunCount, count: int) -> str:
    if what in _TROUBLES:
        return formatting.counted(count, *_TROUBLES[what])
    return f"{formatting.counted(count, 'time')} {what}, which a newer Paceline counts"


def _machine(run: Run, past: Past) -> str:
    machine = run.machine
    parts = [_speed(machine.slowdown_ratio, calibration_ratio(machine.calibration_seconds, past.runs, _FEWEST_RUNS))]
    if machine.cpu_percent_mean is not None:
        busy = " (busy)" if machine.cpu_percent_mean >= _BUSY_PERCENT else ""
        others = f", {machine.others_cpu_percent:.0f}% by others" if machine.others_cpu_percent is not None else ""
        parts.append(f"CPU {machine.cpu_percent_mean:.0f}%{busy}{others}")
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
    # The tests show a slowdown; the calibration shows whether the machine causes it.
    if calibration is None:
        return f"{_compared(slowdown)} than usual"
    by_calibration = "as usual" if abs(calibration - 1) <= _USUAL else _compared(calibration)
    return f"{_compared(slowdown)} than usual by its tests, {by_calibration} by its calibration"


def _compared(ratio: float) -> str:
    return f"{ratio:.2f} times slower" if ratio >= 1 else f"{1 / ratio:.2f} times faster"


def _history(run: Run, past: Past, needed: int) -> str:
    known = len(past.runs)
    judged = f"; regressions are judged from {needed} on" if known < needed else ""
    origin = f" from {past.source}" if past.source else ""
    if past.other_suites:
        others = formatting.listed(past.other_suites, _MOST_SUITES)
        setting = "`suite` in [tool.paceline] or PACELINE_SUITE names the suite"
        return f"none yet for suite {run.suite}, only for {others} ({setting}){judged}"
    if not known:
        return f"none{origin or ' yet'}{judged}"
    return f"{formatting.counted(known, 'earlier run')} on {past.runs[-1].branch}{origin}{judged}"
