"""
The thresholds.
"""

from typing import Any

import pytest
from msgspec import ValidationError, convert

from paceline.analysis.judgement_rules import Rules


def test_the_defaults_are_those_of_the_design() -> None:
    """
    Two weeks of past, eight runs for a regression, twenty for a trend, three for a leak and for a broken test.
    """
    rules = Rules()

    assert rules.window_days == 14
    assert (rules.regression.floor_ms, rules.regression.ratio, rules.regression.spreads) == (5, 1.15, 3.5)
    assert (rules.regression.min_runs, rules.trend.min_runs) == (8, 20)
    assert (rules.leak.floor_mb, rules.leak.min_runs, rules.flaky.broken_runs) == (1, 3, 3)


def test_thresholds_for_prometheus_are_in_base_units() -> None:
    """
    Seconds and bytes, by names that say which rule they are of.
    """
    rules = convert({"regression": {"floor_ms": 20}, "leak": {"floor_mb": 2}}, Rules)

    assert rules.thresholds()["regression_floor_seconds"] == 0.02
    assert rules.thresholds()["leak_floor_bytes"] == 2_097_152
    assert rules.thresholds()["objective_pass_ratio"] == 0.99


@pytest.mark.parametrize(
    "settings",
    [
        {"window_days": 0},
        {"regression": {"ratio": 1}},
        {"regression": {"floor_ms": -1}},
        {"regression": {"spreads": 0}},
        {"regression": {"min_runs": 1}},
        {"trend": {"ratio": 0.5}},
        {"leak": {"floor_mb": 0}},
        {"flaky": {"broken_runs": 1}},
        {"flaky": {"broken": 3}},
    ],
)
def test_thresholds_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    """
    No window of no days, no ratio of 1, no judgement from one run, no unknown rule.
    """
    with pytest.raises(ValidationError):
        convert(settings, Rules)
