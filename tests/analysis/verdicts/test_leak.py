"""
Memory that a test keeps.
"""

import pytest

from paceline.analysis.judgement_rules import LeakRule
from paceline.analysis.verdicts.leak import judge_leak
from paceline.model import Severity
from paceline.verdict_kinds import VerdictKind

_MEBIBYTE = 1 << 20
_RULE = LeakRule(floor_mb=1, min_runs=3)


def test_a_test_that_keeps_memory_run_after_run_leaks() -> None:
    """
    The verdict says what it kept now, and what in each of the runs.
    """
    retained = [0.0, 2.0 * _MEBIBYTE, 3.0 * _MEBIBYTE, 2.5 * _MEBIBYTE]
    verdict = judge_leak("test_a", retained, [0, 0, 0, 0], _RULE)

    assert verdict is not None
    assert (verdict.kind, verdict.severity, verdict.case) == (VerdictKind.LEAK, Severity.WARNING, "test_a")
    assert (verdict.measured, verdict.limit, verdict.unit) == (2.5 * _MEBIBYTE, _MEBIBYTE, "bytes")
    assert verdict.factor == 2.5
    assert verdict.reason == "kept 2.5 MiB after its teardown, and so in each of the last 3 runs (median 2.5 MiB)"


@pytest.mark.parametrize(
    ("mebibytes", "imported"),
    [
        ([2.0, 2.0], [0, 0]),
        ([2.0, 0.0, 2.0], [0, 0, 0]),
        ([2.0, 2.0, 0.9], [0, 0, 0]),
        ([2.0, 2.0, 2.0], [0, 0, 7]),
        ([], []),
    ],
    ids=["two runs", "a run without", "below the floor", "imports", "nothing"],
)
def test_other_tests_do_not_leak(mebibytes: list[float], imported: list[float]) -> None:
    """
    Neither does one that kept memory twice, now and then, little of it, or together with modules.
    """
    assert judge_leak("test_a", [value * _MEBIBYTE for value in mebibytes], imported, _RULE) is None


def test_imports_of_long_ago_excuse_nothing() -> None:
    """
    Modules that an earlier run imported say nothing of the last three.
    """
    verdict = judge_leak("test_a", [9.0 * _MEBIBYTE, *[1.0 * _MEBIBYTE] * 3], [50, 0, 0, 0], _RULE)

    assert verdict is not None
    assert verdict.reason == "kept 1 MiB after its teardown, and so in each of the last 4 runs (median 1 MiB)"
