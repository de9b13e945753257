"""
A run as samples: one sample of each series, stamped with the end of the run, and label values as text.
"""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from paceline.accounts import Account
from paceline.analysis.budget_columns import BUDGET_USED
from paceline.analysis.cause import CHILDREN_CPU, IDLE, MACHINE
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import ATTEMPTS, DURATION, NORMALIZED, OUTCOME, columns_of, past_run
from paceline.analysis.verdicts.budget import needed_seconds
from paceline.analysis.verdicts.limits import over_limits
from paceline.analysis.verdicts.suite_regression import pace_of
from paceline.endpoint_totals import endpoint_totals
from paceline.formatting import milliseconds
from paceline.measure import Measure
from paceline.metrics import catalogue
from paceline.metrics.catalogue import Metric
from paceline.metrics.kit_samples import kit_figures
from paceline.model import Case, Outcome, Run
from paceline.quantity import Unit
from paceline.usage import UsageKey
from paceline.values import OTHER, OpenEnum
from paceline.verdict_kinds import VerdictKind
from paceline.work import WorkMode

# Each branch of its own would make all series of all tests again.
OTHER_BRANCH = OTHER
_KNOWN_CAUSES = frozenset({*map(str, UsageKey), IDLE, CHILDREN_CPU, MACHINE})
# A first run under new budgets breaks them by the hundred.
_MOST_VERDICTS = 100
_RULES = tuple(Rules().thresholds())

# The columns of the past, and the metrics that carry them. What a test reported of itself is in one metric.
TEST_METRICS: Mapping[str, Metric] = {
    OUTCOME: catalogue.TEST_PASSED,
    ATTEMPTS: catalogue.TEST_ATTEMPTS,
    DURATION: catalogue.TEST_DURATION,
    NORMALIZED: catalogue.TEST_NORMALIZED,
    BUDGET_USED: catalogue.TEST_BUDGET_USED,
    **{str(key): metric for key, metric in catalogue.TEST_USAGE.items()},
}
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Sample(NamedTuple):
    """
    A figure of a run. `labels` are values in the order of `metric.labels`, `timestamp` is in seconds since 1970.
    """

    metric: Metric
    labels: tuple[str, ...]
    value: float
    timestamp: float


def run_samples(run: Run, branches: Collection[str]) -> Iterator[Sample]:
    """
    All samples of a run.

    Args:
        run: the run, judged.
        branches: the branches that keep their name beside the run's default branch; the rest become `other`.
    """
    yield from of_run(run, branches)
    for case in run.cases:
        yield from of_case(case, run, branches)


def stamped_samples(runs: Iterable[Run], branches: Collection[str]) -> Iterator[Sample]:
    """
    Tell runs in samples, each run at a time of its own.

    Args:
        runs: in the order in which they take a time that is free.
        branches: as of one run.
    """
    for run, stamp in stamped(runs):
        for sample in run_samples(run, branches):
            yield sample._replace(timestamp=stamp / 1e3)


def branch_label(branch: str, default_branch: str, branches: Collection[str]) -> str:
    """
    The label of a branch: its name where it is the default branch or one of `branches`, else `other`.
    """
    return branch if branch in branches or branch == default_branch != "" else OTHER_BRANCH


def of_run(run: Run, branches: Collection[str]) -> Iterator[Sample]:
    """
    The samples of the run as a whole.
    """
    labels = _where(run, branches)
    partial = str(run.is_partial).lower()
    info = (run.branch, run.run_id, run.commit, str(run.dirty).lower(), partial, run.outcome.label)
    yield Sample(catalogue.RUN_INFO, (*labels, *info), 1.0, run.ended)
    yield Sample(catalogue.RUN_DURATION, (*labels, partial), run.duration_seconds, run.ended)
    # An outcome that did not occur is 0: without a sample, queries would show the figure of an earlier run.
    # Partial runs have series of their own, else queries would mix their figures with those of whole runs.
    for outcome, count in _counts(Outcome, (case.outcome for case in run.cases)).items():
        yield Sample(catalogue.RUN_CASES, (*labels, partial, outcome), float(count), run.ended)
    for kind, count in _counts(VerdictKind, (verdict.kind for verdict in run.verdicts)).items():
        yield Sample(catalogue.RUN_VERDICTS, (*labels, partial, kind), float(count), run.ended)
    for of_verdict, factor in _verdict_factors(run).items():
        yield Sample(catalogue.RUN_VERDICT_FACTOR, (*labels, partial, *of_verdict), factor, run.ended)
    for rule in _RULES:
        if rule in run.thresholds:
            yield Sample(catalogue.RUN_THRESHOLD, (*labels, rule), run.thresholds[rule], run.ended)
    for account, count in _counts(Account, run.accounts).items() if run.collected is not None else ():
        yield Sample(catalogue.RUN_ACCOUNTS, (*labels, partial, account), float(count), run.ended)
    for fixture in run.fixtures:
        of_fixture = (*labels, fixture.name, fixture.scope.label)
        yield Sample(catalogue.FIXTURE_SECONDS, of_fixture, fixture.needed_seconds, run.ended)
        yield Sample(catalogue.FIXTURE_SETUPS, of_fixture, float(fixture.setups), run.ended)
    yield from _of_endpoints(run, labels)
    for probe in run.probes:
        yield Sample(catalogue.RUN_PROBES, (*labels, probe), 1.0, run.ended)
    if run.work is not None and run.work.mode == WorkMode.ALL:
        calls = sum(case.usage.get(UsageKey.CALLS, 0.0) for case in run.cases)
        yield Sample(catalogue.RUN_CALLS, (*labels, partial), calls, run.ended)
    yield from _of_machine(run, labels)


def _counts(names: Iterable[OpenEnum], found: Iterable[OpenEnum] | Mapping[OpenEnum, int]) -> dict[str, int]:
    """
    How often each name was found, by label; a known name that was not found is 0.

    Args:
        names: the known ones.
        found: each name as often as it was found, or the counts by name.
    """
    counts = {name.label: 0 for name in names}
    for name, count in Counter(found).items():
        counts[name.label] = counts.get(name.label, 0) + count
    return counts


def _of_endpoints(run: Run, labels: tuple[str, str]) -> Iterator[Sample]:
    for total in endpoint_totals(run.cases):
        of_endpoint = (*labels, total.endpoint)
        yield Sample(catalogue.ENDPOINT_REQUESTS, of_endpoint, float(total.requests), run.ended)
        yield Sample(catalogue.ENDPOINT_ERRORS, of_endpoint, float(total.errors), run.ended)
        yield Sample(catalogue.ENDPOINT_SECONDS, (*of_endpoint, "mean"), total.mean_seconds, run.ended)
        yield Sample(catalogue.ENDPOINT_SECONDS, (*of_endpoint, "max"), total.max_seconds, run.ended)


def _verdict_factors(run: Run) -> dict[tuple[str, ...], float]:
    """
    The highest factor of the verdicts with the same labels. A cause that this release does not know is `other`.
    """
    own = {name for case in run.cases for name in case.measures}
    factors: dict[tuple[str, ...], float] = {}
    for verdict in run.verdicts:
        if verdict.kind is not VerdictKind.UNCONFIRMED:
            subject = verdict.function or verdict.file or verdict.fixture or verdict.measure
            cause = verdict.causes[0].measure if verdict.causes else ""
            cause = cause if cause in own or cause in _KNOWN_CAUSES or not cause else OTHER
            labels = (verdict.kind.label, verdict.case or "", subject, cause)
            factors[labels] = max(factors.get(labels, 0.0), 1.0 if verdict.factor is None else verdict.factor)
    return dict(sorted(factors.items(), key=lambda item: -item[1])[:_MOST_VERDICTS])


def _of_machine(run: Run, labels: tuple[str, str]) -> Iterator[Sample]:
    now = past_run(run)
    yield Sample(catalogue.RUN_WRECKED, labels, float(now.is_wrecked), run.ended)
    if run.machine.slowdown_ratio is not None:
        yield Sample(catalogue.RUN_SLOWDOWN, labels, run.machine.slowdown_ratio, run.ended)
    if run.machine.calibration_seconds is not None:
        yield Sample(catalogue.RUN_CALIBRATION, labels, run.machine.calibration_seconds, run.ended)
    if run.machine.others_cpu_percent is not None:
        yield Sample(catalogue.RUN_OTHERS_CPU, labels, run.machine.others_cpu_percent / 100, run.ended)
    if (pace := pace_of(now, unknown=1.0)) is not None:
        yield Sample(catalogue.RUN_PACE, labels, pace, run.ended)


def of_case(case: Case, run: Run, branches: Collection[str]) -> Iterator[Sample]:
    """
    The samples of one test of the run.
    """
    labels, ended = (*_where(run, branches), case.id, case.test_type), run.ended
    for column, value in columns_of(case).items():
        if column in TEST_METRICS:
            yield Sample(TEST_METRICS[column], labels, float(value), ended)
    if needed_seconds(case) is not None and case.budget_seconds:
        yield Sample(catalogue.TEST_BUDGET, labels, case.budget_seconds, ended)
    for name, measure in case.measures.items():
        yield from _of_measure(name, measure, case, labels, ended)
    yield from _of_limits(case, labels, ended)
    for metric, of_result, value in kit_figures(case):
        yield Sample(metric, (*labels, *of_result), value, ended)
    if not case.outcome.is_pass:
        return
    for metric, seconds in _phases(case).items():
        if seconds is not None:
            yield Sample(metric, labels, seconds, ended)


def _of_measure(name: str, measure: Measure, case: Case, labels: tuple[str, ...], ended: float) -> Iterator[Sample]:
    of_measure = (*labels, name, measure.unit, measure.better.label if measure.better else "")
    if case.outcome.is_pass:
        yield Sample(catalogue.TEST_MEASURE, of_measure, measure.value, ended)
    if measure.limit is not None and (case.outcome.is_pass or case.outcome.is_failure):
        yield Sample(catalogue.TEST_MEASURE_LIMIT, of_measure, measure.limit, ended)
        yield Sample(catalogue.TEST_MEASURE_BEYOND_LIMIT, of_measure, float(measure.breaks_limit), ended)


def _of_limits(case: Case, labels: tuple[str, ...], ended: float) -> Iterator[Sample]:
    """
    Limits on what a test uses have the samples of limits on its measures, which rules judge.
    """
    if not (case.outcome.is_pass or case.outcome.is_failure):
        return
    for limit in case.limits:
        if limit.measure in case.measures or limit.measure in case.lacking:
            continue
        unit = UsageKey(limit.measure).quantity.unit
        of_limit = (*labels, limit.measure, unit.value if unit is Unit.BYTES else "", "")
        is_over = any(over_limits([limit], case.usage))
        yield Sample(catalogue.TEST_MEASURE_LIMIT, of_limit, limit.most, ended)
        yield Sample(catalogue.TEST_MEASURE_BEYOND_LIMIT, of_limit, float(is_over), ended)


def _where(run: Run, branches: Collection[str]) -> tuple[str, str]:
    return run.suite, branch_label(run.branch, run.default_branch, branches)


def _phases(case: Case) -> dict[Metric, float | None]:
    return {
        catalogue.TEST_SETUP: case.setup_seconds,
        catalogue.TEST_TEARDOWN: case.teardown_seconds,
    }


def free_stamp(ended: float, later: Iterable[int]) -> int:
    """
    The first millisecond from the end of a run on that no other run of its suite has.

    Args:
        ended: the end of the run, in seconds since 1970.
        later: what other runs of the suite have from then on, in milliseconds since 1970, ascending.
    """
    stamp = milliseconds(ended)
    for other in later:
        if other > stamp:
            break
        stamp += 1
    return stamp


def stamped(runs: Iterable[Run]) -> Iterator[tuple[Run, int]]:
    """
    Runs with the time of their samples, in milliseconds since 1970; the earlier of two keeps its own.

    Of two samples of a series in one millisecond, a Prometheus keeps one.
    """
    taken: defaultdict[str, list[int]] = defaultdict(list)
    for run in runs:
        known = taken[run.suite]
        stamp = free_stamp(run.ended, known[bisect_left(known, milliseconds(run.ended)) :])
        insort(known, stamp)
        yield run, stamp


def quoted(value: str) -> str:
    """
    The value in double quotes, so that nothing in it ends the quotes or the line.

    Source: OpenMetrics 1.0, "Escaping"; Prometheus, "Querying basics", "String literals".
    """
    return f'"{value.translate(_ESCAPES)}"'
