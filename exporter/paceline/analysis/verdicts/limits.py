"""
Limits: the most of a quantity that a test may use, other than time.
"""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from paceline.analysis.origin_of_count import origin_of
from paceline.formatting import size
from paceline.model import Case, Limit, Severity, Verdict
from paceline.quantity import Unit
from paceline.translated_names import BudgetSource
from paceline.usage import LIMITED, UsageKey
from paceline.verdict_kinds import VerdictKind

_MEBIBYTE = 1 << 20
_IN_MEBIBYTES = "_mib"
# Twice over a limit is critical, as twice over a budget is.
_CRITICAL_FACTOR = 2.0
Figures = Mapping[str, float]


def limit_of(name: str, most: float, source: BudgetSource, key: str = "") -> Limit:
    """
    A limit by its name in markers and settings.
    """
    scale = _MEBIBYTE if name.endswith(_IN_MEBIBYTES) else 1
    return Limit(measure=LIMITED[name], most=most * scale, source=source, key=key)


def limits_of(path: str, test_type: str, settings: Mapping[str, Figures], known_types: frozenset[str]) -> list[Limit]:
    """
    The limits that settings give a test: of the first pattern of paths that fits and has it, else of its type.

    Args:
        path: of the file of the test.
        test_type: of the test.
        settings: limits by test type or pattern of paths.
        known_types: the test types; any other key is a pattern.
    """
    found: dict[str, Limit] = {}
    for key, figures in settings.items():
        if key not in known_types and fnmatchcase(path, key):
            for name, most in figures.items():
                found.setdefault(name, limit_of(name, most, BudgetSource.PATH_BUDGETS, key))
    for name, most in settings.get(test_type, {}).items():
        found.setdefault(name, limit_of(name, most, BudgetSource.TYPE_BUDGETS, test_type))
    return list(found.values())


def broken_limits(case: Case) -> Iterator[Limit]:
    """
    The limits that a test did not keep.
    """
    return over_limits(case.limits, case.usage)


def over_limits(limits: Iterable[Limit], usage: Figures) -> Iterator[Limit]:
    """
    The limits that a usage is over.
    """
    return (limit for limit in limits if usage.get(limit.measure, 0.0) > limit.most)


def judge_limits(case: Case) -> Iterator[Verdict]:
    """
    One verdict for each limit that a test did not keep.
    """
    for limit in broken_limits(case):
        measured = case.usage[limit.measure]
        factor = measured / limit.most if limit.most else None
        yield Verdict(
            kind=VerdictKind.BUDGET,
            severity=Severity.CRITICAL if factor is not None and factor >= _CRITICAL_FACTOR else Severity.WARNING,
            case=case.id,
            measured=measured,
            limit=limit.most,
            unit=UsageKey(limit.measure).quantity.unit,
            factor=factor,
            reason=_with_origin(limit_reason(measured, limit), origin_of(case, limit.measure, measured)),
        )


def limit_reason(measured: float, limit: Limit) -> str:
    """
    How a test broke a limit, for the report and the failure of the test.
    """
    words = UsageKey(limit.measure).quantity.words
    return f"{words} {_figure(limit, measured)}, limit {_figure(limit, limit.most)} ({_source(limit)})"


def _with_origin(reason: str, origin: str) -> str:
    return f"{reason}, most {origin}" if origin else reason


def _figure(limit: Limit, value: float) -> str:
    return size(value) if UsageKey(limit.measure).quantity.unit is Unit.BYTES else f"{value:,.0f}"


def _source(limit: Limit) -> str:
    if limit.source is BudgetSource.MARKER:
        return "its performance marker"
    return f"test type {limit.key}" if limit.source is BudgetSource.TYPE_BUDGETS else f"the setting for {limit.key}"
