"""
One run and its past in, the judged run out.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from msgspec.structs import replace

from paceline.analysis.absent_counts import WITH_PROBE, with_absent_counts
from paceline.analysis.broken_before import compared_with_last_run, needed_for_budgets
from paceline.analysis.budget_columns import FAILED_BY_BUDGET, fails_by_budget
from paceline.analysis.comparability import count_comparable, count_together
from paceline.analysis.earlier_case import earlier_case
from paceline.analysis.explanation import explain
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.machine_speed import NEEDED_USAGE, Ruler, need_of, normalized
from paceline.analysis.past import (
    ATTEMPTS,
    EVERY_TEST,
    NORMALIZED,
    OF_FIXTURES,
    OUTCOME,
    PROBES,
    Needed,
    Past,
    PastRun,
    past_run,
)
from paceline.analysis.verdicts.budget import judge_budget
from paceline.analysis.verdicts.change_point import onset, since_run
from paceline.analysis.verdicts.count import judge_counts, needed_for_counts
from paceline.analysis.verdicts.file_regression import judge_files
from paceline.analysis.verdicts.fixture_regression import judge_fixtures
from paceline.analysis.verdicts.flakiness import Attempted, judge_flakiness
from paceline.analysis.verdicts.foreign_hosts import foreign_hosts, judge_hosts
from paceline.analysis.verdicts.leak import judge_leak, judge_leak_tests
from paceline.analysis.verdicts.limits import broken_limits, judge_limits
from paceline.analysis.verdicts.measures import judge_measures, needed_for_measures
from paceline.analysis.verdicts.regression import UsualDuration, judge_regression
from paceline.analysis.verdicts.repeated_queries import judge_repeated_queries
from paceline.analysis.verdicts.suite_regression import calibration_ratio, judge_suite, sample_of
from paceline.analysis.verdicts.two_speeds import find_modes
from paceline.analysis.verdicts.whole_window import judge_window
from paceline.analysis.verdicts.work import WorkComparison, judge_work, needed_for_work
from paceline.model import Case, Outcome, Run, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from paceline.work import Work

# A ruler mark that was seen fewer times than this moves too much.
_FEWEST_RUNS_OF_USUAL = 3
_ORDER = {kind: rank for rank, kind in enumerate(VerdictKind)}
_SEVERITIES = list(Severity)
_WITH_ERROR = frozenset({Outcome.FAILED, Outcome.ERROR, Outcome.XFAILED})


def judge(run: Run, past: Past, rules: Rules) -> Run:
    """
    Judge a run against its budgets and its past, and explain the verdicts.

    Args:
        run: the run, as measured.
        past: earlier runs within the window, oldest first, with all of their measures.
        rules: the thresholds.

    Returns:
        The same run with normalised durations, the slowdown of the machine, and verdicts, worst first.
    """
    return explain(find_verdicts(run, past, rules), past)


def needed_to_judge(run: Run, rules: Rules) -> tuple[Needed, ...]:
    """
    The measures of the past that `find_verdicts` compares with a run.
    """
    keeping = tuple(case.id for case in run.cases if _may_leak(case, rules))
    leaks = Needed((UsageKey.MEMORY_RETAINED_BYTES, UsageKey.IMPORTED_MODULES), keeping)
    over_budget = tuple(case.id for case in run.cases if judge_budget(case) is not None)
    budgets = Needed(NEEDED_USAGE, over_budget)
    over = {case.id: [limit.measure for limit in broken_limits(case)] for case in run.cases if case.limits}
    limits = Needed(
        tuple({*chain.from_iterable(over.values())}), tuple(case_id for case_id, found in over.items() if found)
    )
    broken = needed_for_budgets(run.cases)
    failed = Needed((FAILED_BY_BUDGET,), [case.id for case in run.cases if _has_outcome(case)])
    fixtures = Needed(OF_FIXTURES if run.fixtures and not run.is_partial else ())
    probes = Needed((PROBES,) if any(key in WITH_PROBE for case in run.cases for key in case.usage) else ())
    repeating = tuple(case.id for case in run.cases if UsageKey.DB_REPEATED_QUERIES in case.usage)
    repeated = Needed((UsageKey.DB_REPEATED_QUERIES,), repeating)
    talking = tuple(case.id for case in run.cases if foreign_hosts(case, rules.network))
    hosts = Needed((UsageKey.NETWORK_REQUESTS, UsageKey.NETWORK_CONNECTIONS), talking)
    counts, work = needed_for_counts(run.cases, rules.count), needed_for_work(run.cases)
    of_tests = counts, needed_for_measures(run.cases), work, leaks, budgets, limits, broken, failed, repeated, hosts
    others = *of_tests, fixtures, probes
    return EVERY_TEST, *(needed for needed in others if not needed.is_empty)


def find_verdicts(run: Run, past: Past, rules: Rules) -> Run:
    """
    Judge a run against its budgets and its past.

    Args:
        run: the run, as measured.
        past: earlier runs within the window, oldest first, with the measures of `needed_to_judge`.
        rules: the thresholds.

    Returns:
        As `judge`, but without the causes that `explain` finds.
    """
    past = with_absent_counts(past)
    usual = past.column(NORMALIZED)
    levels = {case.id: UsualDuration.of(series.values) for case in run.cases if (series := usual.get(case.id))}
    measured = _normalize(run, past, levels)
    now = past_run(measured)
    verdicts = [verdict for case in measured.cases for verdict in _marked_verdicts(case, now, past, levels, rules)]
    whole = _judge_suite(measured, now, past.runs, rules)
    verdicts += [whole] if whole else []
    slower = {verdict.case for verdict in verdicts if verdict.kind is VerdictKind.REGRESSION}
    verdicts += judge_files(measured.cases, past, levels, slower, rules.regression)
    verdicts += judge_fixtures(measured, past, rules.regression)
    verdicts += judge_repeated_queries(measured.cases, past)
    verdicts += judge_hosts(measured.cases, past, rules.network)
    work = judge_work(measured, past, rules.work)
    verdicts += work.verdicts
    verdicts.sort(key=lambda v: (_ORDER[v.kind], _SEVERITIES.index(v.severity), -(v.factor or 0.0)))
    return replace(
        measured,
        verdicts=tuple(verdicts),
        compared=count_comparable(measured, past, rules),
        compared_together=count_together(measured.cases, levels, rules.regression),
        work=_with_compared(measured.work, work),
    )


def _with_compared(work: Work | None, comparison: WorkComparison) -> Work | None:
    if work is None:
        return None
    return replace(work, compared=comparison.compared, varying=comparison.varying)


def _normalize(run: Run, past: Past, levels: Mapping[str, UsualDuration]) -> Run:
    needs = {case.id: need for case in run.cases if case.outcome.is_pass and (need := need_of(case)) is not None}
    usual = {case_id: level.median for case_id, level in levels.items() if level.runs >= _FEWEST_RUNS_OF_USUAL}
    calibration = calibration_ratio(run.machine.calibration_seconds, past.runs, _FEWEST_RUNS_OF_USUAL)
    ruler = Ruler.of(needs, usual, calibration)
    seconds_of = normalized(needs, ruler)
    return replace(
        run,
        machine=replace(run.machine, slowdown_ratio=ruler.slowdown if ruler else None),
        cases=tuple(replace(case, normalized_duration_seconds=seconds_of.get(case.id)) for case in run.cases),
    )


def _marked_verdicts(
    case: Case, now: PastRun, past: Past, levels: Mapping[str, UsualDuration], rules: Rules
) -> Iterator[Verdict]:
    """
    The verdicts on a case. Those that its last earlier run had too are marked.
    """
    found = list(_verdicts(case, now, past, levels, rules))
    earlier = earlier_case(case, past) if found else None
    if earlier is None:
        yield from found
        return
    before, run, until = earlier
    values = until.series(NORMALIZED, case.id).values
    levels_before = {case.id: UsualDuration.of(values)} if values else {}
    sorts = {_sort_of(verdict) for verdict in _verdicts(before, run, until, levels_before, rules)}
    for verdict in found:
        was_so = _sort_of(verdict) in sorts
        if verdict.kind is VerdictKind.BUDGET:
            yield compared_with_last_run(verdict, case, past, was_over=was_so)
        else:
            yield replace(verdict, standing=was_so)


def _sort_of(verdict: Verdict) -> tuple[VerdictKind, str, str]:
    # A test may have a budget of time, limits on other quantities, and several measures.
    return verdict.kind, verdict.measure, verdict.unit if verdict.kind is VerdictKind.BUDGET else ""


def _judge_suite(run: Run, now: PastRun, runs: Sequence[PastRun], rules: Rules) -> Verdict | None:
    verdict = judge_suite(now, runs, rules.regression)
    whole = sorted((earlier for earlier in runs if not earlier.is_partial), key=lambda earlier: earlier.ended)
    if verdict is None:
        return None
    is_standing = bool(whole) and judge_suite(whole[-1], whole[:-1], rules.regression) is not None
    return replace(verdict, standing=is_standing, tests=sample_of(run.cases))


def _verdicts(
    case: Case, now: PastRun, past: Past, levels: Mapping[str, UsualDuration], rules: Rules
) -> Iterator[Verdict]:
    slower = _regression(case, past, levels.get(case.id), rules)
    found = (
        judge_budget(case),
        *judge_limits(case),
        slower,
        judge_counts(case, now, past, rules.count),
        *judge_measures(case, now.slowdown_ratio, past, rules.measure),
        None if slower else judge_window(case, now, past, rules),
        _leak(case, past, rules),
        *judge_leak_tests(case),
        None if fails_by_budget(case) else _flakiness(case, now, past, rules),
    )
    return (verdict for verdict in found if verdict is not None)


def _regression(case: Case, past: Past, level: UsualDuration | None, rules: Rules) -> Verdict | None:
    if level is None:
        return None
    verdict = judge_regression(case, level, rules.regression)
    if verdict is None:
        return None
    series, seconds = past.series(NORMALIZED, case.id), verdict.measured or 0.0
    modes = find_modes(series.values, rules.modes)
    if modes is not None and seconds <= modes.limit:
        return None
    first = onset(series.values, seconds, level.median)
    return replace(verdict, since=since_run([past.runs[position] for position in series.runs], first))


def _may_leak(case: Case, rules: Rules) -> bool:
    # The error of a test that failed, also of one that was expected to, is kept by pytest and the interpreter.
    retained = case.usage.get(UsageKey.MEMORY_RETAINED_BYTES, 0.0)
    return case.outcome not in _WITH_ERROR and retained >= rules.leak.floor_mb * (1 << 20)


def _leak(case: Case, past: Past, rules: Rules) -> Verdict | None:
    if not _may_leak(case, rules):
        return None
    before = past.series(UsageKey.MEMORY_RETAINED_BYTES, case.id)
    imports = past.series(UsageKey.IMPORTED_MODULES, case.id)
    imported = dict(zip(imports.runs, imports.values, strict=True))
    verdict = judge_leak(
        case.id,
        [*before.values, case.usage.get(UsageKey.MEMORY_RETAINED_BYTES, 0.0)],
        [*(imported.get(run, 0.0) for run in before.runs), case.usage.get(UsageKey.IMPORTED_MODULES, 0.0)],
        case.usage.get(UsageKey.MEMORY_PEAK_BYTES, 0.0),
        rules.leak,
    )
    # The last run of the test lacks the figure if it found this leak and could not measure the test again.
    is_known = tuple(before.runs[-1:]) < tuple(past.series(OUTCOME, case.id).runs[-1:])
    return replace(verdict, severity=Severity.INFO) if verdict is not None and is_known else verdict


def _has_outcome(case: Case) -> bool:
    return case.outcome.is_pass or case.outcome.is_failure


def _flakiness(case: Case, now: PastRun, past: Past, rules: Rules) -> Verdict | None:
    if not _has_outcome(case):
        return None
    outcomes = past.series(OUTCOME, case.id)
    attempts = past.series(ATTEMPTS, case.id).values
    if (
        case.outcome.is_pass
        and case.attempts == 1
        and min(outcomes.values, default=1)
        and max(attempts, default=1) == 1
    ):
        return None
    # A failure by the budget is no failure of the code: the budget has a verdict of its own.
    by_budget = frozenset(past.series(FAILED_BY_BUDGET, case.id).runs)
    history = [
        Attempted(bool(passed), int(tries), past.runs[position])
        for position, passed, tries in zip(outcomes.runs, outcomes.values, attempts, strict=True)
        if not past.runs[position].is_wrecked and position not in by_budget
    ]
    if not now.is_wrecked:
        history.append(Attempted(case.outcome.is_pass, case.attempts, now))
    return judge_flakiness(case.id, history, rules.flaky)
