"""
Repeated queries (N+1): one query more for each row of another one. Rule and evidence come with the case.
"""

from collections.abc import Iterator, Mapping, Sequence

from paceline.analysis.past import Past
from paceline.formatting import counted, figure
from paceline.kit_results import DatabaseResult
from paceline.model import Case, Severity, Verdict
from paceline.query_group import QueryGroup, short_statement
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

# From so many queries on, the time that they take is felt.
_MANY = 10
_FIXES: Mapping[str, str] = {
    "sqlalchemy": "load them with the rows: selectinload() or joinedload() in the options of that query, or IN",
    "django": "load them with the rows: select_related() or prefetch_related() on that query",
    "pymongo": "send one query, with $in or $lookup",
}
_ANY_FIX = "send one query, with a join or with IN and all keys"


def judge_repeated_queries(cases: Sequence[Case], past: Past) -> Iterator[Verdict]:
    """
    One verdict for each place that repeats a query, on the test that repeats it most.

    Args:
        cases: of the run.
        past: earlier runs, with the repeated queries of these tests.
    """
    found: dict[tuple[str, str], list[tuple[float, Case, QueryGroup]]] = {}
    for case in cases:
        for group in case.queries:
            if group.is_repeated:
                found.setdefault((group.place, group.statement), []).append((_per_call(case, group), case, group))
    yield from _of_database_tests(cases)
    for repeats in found.values():
        count, case, group = max(repeats, key=lambda repeat: repeat[0])
        tests = tuple(dict.fromkeys(other.id for _, other, _ in repeats))
        yield Verdict(
            kind=VerdictKind.REPEATED_QUERIES,
            severity=Severity.WARNING if count >= _MANY else Severity.INFO,
            case=case.id,
            measured=count,
            unit="queries",
            tests=tests if len(tests) > 1 else (),
            standing=past.ended_with(case.id, (UsageKey.DB_REPEATED_QUERIES,)),
            reason=reason_in_test(case, group, len(tests)),
        )


def _of_database_tests(cases: Sequence[Case]) -> Iterator[Verdict]:
    for case in cases:
        for result in case.results:
            if isinstance(result, DatabaseResult) and result.n_plus_one_detected:
                yield Verdict(
                    kind=VerdictKind.REPEATED_QUERIES,
                    severity=Severity.WARNING,
                    case=case.id,
                    measure=result.named("queries"),
                    measured=float(result.queries or 0),
                    unit="queries",
                    reason=result.n_plus_one_reason,
                )


def reason_in_test(case: Case, group: QueryGroup, tests: int) -> str:
    """
    The reason of a verdict on repeated queries of a test, of a benchmark by call.

    Args:
        case: the test.
        group: its repeated queries.
        tests: that repeat them.
    """
    return repeated_reason(group, tests, _per_call(case, group))


def _per_call(case: Case, group: QueryGroup) -> float:
    """
    How often a query is repeated; in a benchmark, which calls as often as it needs, for each time that it sends the
    other query.
    """
    if case.benchmark_seconds is None:
        return group.count
    sources = (one.count for one in case.queries if (one.statement, one.place) == (group.fed_by, group.fed_from))
    return group.count / next(sources, 1)


def repeated_reason(group: QueryGroup, tests: int = 1, per_call: float | None = None) -> str:
    """
    Which query was repeated, where, how often and for which other query, and how to load the same with fewer queries.

    Args:
        group: of repeated queries.
        tests: that repeat it.
        per_call: how often it was repeated for each time that the other query was sent; None to show the sum only.
    """
    where = f" at {group.place}" if group.place else ""
    source = f" (`{short_statement(group.fed_by)}`" + (f" at {group.fed_from})" if group.fed_from else ")")
    others = f", in {counted(tests, 'test')}" if tests > 1 else ""
    fix, statement = _FIXES.get(group.library, _ANY_FIX), short_statement(group.statement)
    times = f"{group.count:,} times"
    if per_call is not None and per_call < group.count:
        times = f"{figure(per_call, 'times')} a call ({times} in all)"
    return f"`{statement}`{where} was sent {times}, once for each row of another query{source}{others}; {fix}"
