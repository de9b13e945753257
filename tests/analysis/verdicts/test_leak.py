"""
Memory that a test keeps.
"""

import pytest

from paceline.analysis.judgement_rules import LeakRule
from paceline.analysis.verdicts.leak import is_leak_again, judge_leak, kept_in_a_row
from paceline.model import Severity, Verdict
from paceline.verdict_kinds import VerdictKind

_MEBIBYTE = 1 << 20
_RULE = LeakRule(floor_mb=1, min_runs=3)


def test_a_test_that_keeps_memory_run_after_run_leaks() -> None:
    """
    The verdict says what it kept now, and what in each of the runs.
    """
    retained = [0.0, 2.0 * _MEBIBYTE, 3.0 * _MEBIBYTE, 2.5 * _MEBIBYTE]
    verdict = judge_leak("test_a", retained, [0, 0, 0, 0], 0.0, _RULE)

    assert verdict is not None
    assert (verdict.kind, verdict.severity, verdict.case) == (VerdictKind.LEAK, Severity.WARNING, "test_a")
    assert (verdict.measured, verdict.limit, verdict.unit) == (2.5 * _MEBIBYTE, _MEBIBYTE, "bytes")
    assert verdict.factor == 2.5
    assert verdict.reason == "kept 2.5 MiB after its teardown, as in each of the last 3 runs (median 2.5 MiB)"


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
    assert judge_leak("test_a", [value * _MEBIBYTE for value in mebibytes], imported, 0.0, _RULE) is None


def test_imports_of_long_ago_excuse_nothing() -> None:
    """
    Modules that an earlier run imported say nothing of the last three.
    """
    verdict = judge_leak("test_a", [9.0 * _MEBIBYTE, *[1.0 * _MEBIBYTE] * 3], [50, 0, 0, 0], 0.0, _RULE)

    assert verdict is not None
    assert verdict.reason == "kept 1 MiB after its teardown, as in each of the last 4 runs (median 1 MiB)"


@pytest.mark.parametrize(("peak", "leaks"), [(39.0, True), (41.0, False)])
def test_a_small_part_of_the_peak_is_no_leak(peak: float, leaks: bool) -> None:
    """
    An allocator keeps some of what a test used for a moment: less than 5% is not the test's.
    """
    verdict = judge_leak("test_a", [2.0 * _MEBIBYTE] * 3, [0, 0, 0], peak * _MEBIBYTE, _RULE)

    assert (verdict is not None) is leaks


def test_memory_that_was_not_kept_in_between_is_for_information() -> None:
    """
    The runs before were a leak that repeats did not confirm, or the memory that the test keeps varies.
    """
    kept = [value * _MEBIBYTE for value in (4.0, 4.0, 0.0, 4.0, 4.0, 4.0)]
    verdict = judge_leak("test_a", kept, [0] * 6, 0.0, _RULE)

    assert verdict is not None
    assert verdict.severity is Severity.INFO


def _claim(mebibytes: float, limit: float = 1.0) -> Verdict:
    return Verdict(
        kind=VerdictKind.LEAK,
        severity=Severity.WARNING,
        reason="",
        measured=mebibytes * _MEBIBYTE,
        limit=limit * _MEBIBYTE,
    )


@pytest.mark.parametrize(
    ("claimed", "repeats", "leaks"),
    [
        (4.0, (4.0, 4.0, 4.0), True),
        (4.0, (4.0, 3.6, 3.9), True),
        (4.0, (2.0,), True),
        (3.0, (33.0, 3.1, 3.0), True),
        (28.0, (1.4, 1.4, 1.4), False),
        (4.0, (4.0, 0.2, 4.0), False),
        (9.9, (9.9, 3.0, 1.1), False),
        (8.0, (6.0, 4.0, 2.0), False),
        (8.0, (7.0, 6.0, 5.0), False),
        (8.0, (0.0, 0.0, 0.0), False),
    ],
    ids=[
        "same",
        "noise",
        "one",
        "much at first",
        "little of it",
        "once",
        "warms up",
        "warms up slowly",
        "more slowly",
        "nothing",
    ],
)
def test_each_repeat_keeps_a_good_part_of_it(claimed: float, repeats: tuple[float, ...], leaks: bool) -> None:
    """
    The least decides, and not the median; a test that keeps less with each repeat warms up.
    """
    assert is_leak_again(_claim(claimed), [value * _MEBIBYTE for value in repeats]) is leaks


def test_repeats_are_measured_by_the_peak_too() -> None:
    """
    The limit of the verdict holds for the repeats.
    """
    assert not is_leak_again(_claim(4.0, limit=3.0), [2.0 * _MEBIBYTE] * 3)


@pytest.mark.parametrize(
    ("process", "objects", "grown", "kept"),
    [
        ((2.0, 2.0, 2.0), (0.0, 0.0, 0.0), 6.0, [2.0, 2.0, 2.0]),
        ((2.7, 2.7, 2.7), (0.0, 0.0, 0.0), 0.3, [0.1, 0.1, 0.1]),
        ((2.7, 2.7, 2.7), (0.0, 0.0, 0.0), -1.0, [0.0, 0.0, 0.0]),
        ((0.0, 0.0, 0.0), (2.0, 2.0, 2.0), 0.0, [2.0, 2.0, 2.0]),
        ((6.0, 4.0, 2.0), (0.0, 0.0), 12.0, [6.0, 4.0, 2.0]),
        ((), (), 1.0, []),
    ],
    ids=[
        *("a leak of the process", "taken and given back", "the process shrinks", "a leak of objects"),
        *("less and less", "no repeat"),
    ],
)
def test_memory_that_is_given_back_between_repeats_is_not_kept(
    process: tuple[float, ...], objects: tuple[float, ...], grown: float, kept: list[float]
) -> None:
    """
    A process that takes 2.7 MiB in each repeat, and has grown by 0.3 MiB after three, keeps 0.1 MiB in each.
    """
    assert kept_in_a_row(process, objects, grown) == pytest.approx(kept)
