"""
Verdicts on the calls of single tests, as one verdict for each function that is called more often.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from paceline.analysis.past import Past
from paceline.analysis.work_causes import Change, Group, groups_of
from paceline.formatting import counted
from paceline.model import Case, Cause, Run, Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from paceline.work import Function, Vectors

_KINDS = (VerdictKind.WORK, VerdictKind.LESS_WORK)
# The tests of a finding that calls twice as much, and a suite that calls a tenth more.
_CRITICAL_FACTOR, _CRITICAL_SUITE = 2.0, 1.1
# A factor from here on has no decimals.
_WHOLE = 100
# How confirmation begins to say that a repeat found it again.
_AGAIN = "again "
_OF_FIRST_RUNS = (UsageKey.CALLS, UsageKey.CALLS_FINGERPRINT)
_OF_REPEATS = (UsageKey.REPEAT_CALLS, UsageKey.REPEAT_CALLS_FINGERPRINT)
_FINGERPRINTS = (UsageKey.CALLS_FINGERPRINT, UsageKey.REPEAT_CALLS_FINGERPRINT)


def needed_vectors(run: Run, past: Past) -> set[int]:
    """
    The fingerprints of the earlier vectors that `with_functions` compares with those of a run.
    """
    return {fingerprint for verdict in _on_tests(run) if (fingerprint := _fingerprint_before(verdict, past))}


def with_functions(run: Run, past: Past, earlier: Vectors) -> Run:
    """
    Put verdicts on the calls of tests together by the function that is called more or less often.

    Args:
        run: the run, with its final verdicts.
        past: the runs that it was judged against, with the fingerprints of `needed_vectors`.
        earlier: vectors of earlier runs.
    """
    if run.work is None:
        return run
    vectors, cases = run.work.vectors, {case.id: case for case in run.cases}
    functions = {function.name: function for function in run.work.functions}
    found: list[Verdict] = []
    for verdicts in _alike(run):
        changes = [_change(verdict, cases, past, vectors, earlier) for verdict in verdicts]
        of_test = {verdict.case: verdict for verdict in verdicts}
        for group in _grouped(verdicts[0].kind, changes):
            of_group = [of_test[change.test] for change in group.changes]
            found.append(_finding(group, of_group, functions, run))
    others = [verdict for verdict in run.verdicts if verdict.kind not in _KINDS]
    order = {kind: rank for rank, kind in enumerate(VerdictKind)}
    named = {verdict.function for verdict in found}
    return replace(
        run,
        verdicts=tuple(sorted([*others, *found], key=lambda verdict: order[verdict.kind])),
        work=replace(run.work, callers={name: one for name, one in run.work.callers.items() if name in named}),
    )


def _on_tests(run: Run) -> Iterator[Verdict]:
    return (verdict for verdict in run.verdicts if verdict.kind in _KINDS and verdict.case)


def _alike(run: Run) -> Iterator[list[Verdict]]:
    """
    The verdicts of each kind, those that stand apart from new ones.
    """
    for kind in _KINDS:
        for standing in (False, True):
            verdicts = [one for one in _on_tests(run) if one.kind is kind and one.standing is standing]
            if verdicts:
                yield verdicts


def _change(verdict: Verdict, cases: Mapping[str, Case], past: Past, vectors: Vectors, earlier: Vectors) -> Change:
    case = cases[verdict.case or ""]
    now = next((int(case.usage[key]) for key in _FINGERPRINTS if key in case.usage), 0)
    return Change(case.id, earlier.get(_fingerprint_before(verdict, past), {}), vectors.get(now, {}))


def _fingerprint_before(verdict: Verdict, past: Past) -> int:
    """
    The fingerprint in the last run before the change, or of the base commit; 0 where it is not known.
    """
    is_of_repeats = any(cause.measure == UsageKey.REPEAT_CALLS for cause in verdict.causes)
    measures = _OF_REPEATS if is_of_repeats else _OF_FIRST_RUNS
    calls, series = (past.series(measure, verdict.case or "") for measure in measures)
    earlier = calls.runs[: len(calls.runs) - (verdict.since.runs_ago if verdict.since else 0)]
    if verdict.base_commit:
        earlier = [place for place in earlier if past.runs[place].is_clean(verdict.base_commit)]
    known = dict(zip(series.runs, series.values, strict=True))
    return int(known.get(earlier[-1], 0)) if earlier else 0


def _grouped(kind: VerdictKind, changes: Sequence[Change]) -> list[Group]:
    if kind is VerdictKind.WORK:
        return groups_of(changes)
    turned = groups_of([Change(change.test, change.after, change.before) for change in changes])
    back = {change.test: change for change in changes}
    return [Group(group.function, [back[change.test] for change in group.changes]) for group in turned]


def _calls(run: Run) -> float:
    return sum(case.usage.get(UsageKey.CALLS, 0.0) for case in run.cases)


def _finding(group: Group, verdicts: Sequence[Verdict], functions: Mapping[str, Function], run: Run) -> Verdict:
    suite = _calls(run)
    most = max(verdicts, key=lambda verdict: abs((verdict.measured or 0.0) - (verdict.limit or 0.0)))
    before, after = sum(one.limit or 0.0 for one in verdicts), sum(one.measured or 0.0 for one in verdicts)
    factor = after / before if before else None
    tests = tuple(verdict.case for verdict in verdicts if verdict.case)
    causes = (Cause(measure=UsageKey.CALLS, before=before, after=after),)
    if len(verdicts) == 1 and not group.function:
        return replace(most, severity=_severity(most.kind, factor, after - before, suite))
    return replace(
        most,
        severity=_severity(most.kind, factor, after - before, suite),
        case=tests[0] if len(tests) == 1 else None,
        function=group.function,
        tests=tests,
        measured=after,
        limit=before,
        factor=factor,
        causes=causes,
        reason="; ".join(
            [*_reason(group, most, functions), *_caller(group, run, functions), *_confirmation(most, verdicts)]
        ),
    )


def _severity(kind: VerdictKind, factor: float | None, added: float, suite: float) -> Severity:
    if kind is not VerdictKind.WORK:
        return Severity.INFO
    is_much = factor is None or factor >= _CRITICAL_FACTOR
    return Severity.CRITICAL if is_much and suite >= _CRITICAL_SUITE * (suite - added) else Severity.WARNING


def _reason(group: Group, most: Verdict, functions: Mapping[str, Function]) -> Iterator[str]:
    where = f"in {counted(len(group.changes), 'test')}"
    yield f"{_growth(group, functions)} {where}" if group.function else f"more calls {where}"
    yield _change_of(most, group.changes)
    if len(group.changes) > 1:
        yield f"most in {most.case}"


def _caller(group: Group, run: Run, functions: Mapping[str, Function]) -> Iterator[str]:
    """
    Who makes most calls of the function, as far as tests were measured again.
    """
    callers = run.work.callers.get(group.function, {}) if run.work is not None else {}
    others = {name: calls for name, calls in callers.items() if name != group.function}
    if others:
        name = max(others, key=lambda one: others[one])
        yield f"called most by {shown_function(name, functions)}, {others[name]:,} of {sum(callers.values()):,} calls"


def _confirmation(most: Verdict, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """
    What repeats of the tests found, as far as there were any.
    """
    of_repeats = [found for one in verdicts if (found := one.reason.partition("; ")[2])]
    again = sum(found.startswith(_AGAIN) for found in of_repeats)
    if len(verdicts) > 1 and again:
        yield f"higher again in each of {again} tests that were measured again"
    elif of_repeats:
        yield most.reason.partition("; ")[2] or of_repeats[0]


def _change_of(most: Verdict, changes: Sequence[Change]) -> str:
    before = sum(sum(change.before.values()) for change in changes)
    after = sum(sum(change.after.values()) for change in changes)
    if not before or not after:
        return most.reason.partition("; ")[0]
    return f"all calls {before:,} → {after:,}"


def _growth(group: Group, functions: Mapping[str, Function]) -> str:
    before = sum(change.before.get(group.function, 0) for change in group.changes)
    after = sum(change.after.get(group.function, 0) for change in group.changes)
    name = shown_function(group.function, functions)
    if not before:
        return f"{name} is called {after:,} times and was not called before"
    if not after:
        return f"{name} is not called and was called {before:,} times"
    return f"{name} runs {_times(after / before)} as often ({before:,} → {after:,} calls)"


def _times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor >= _WHOLE else f"{factor:.3g} times"


def shown_function(name: str, functions: Mapping[str, Function]) -> str:
    """
    A function by its name in its module, with file and line where they are known.
    """
    short, function = name.partition(":")[2] or name, functions.get(name)
    if function is None or not function.file:
        return f"`{short}`"
    return f"`{short}` ({function.file.rpartition('/')[2]}:{function.line})"
