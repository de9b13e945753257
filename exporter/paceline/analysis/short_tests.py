"""
Short tests: one interrupt of the machine is longer than such a test.
"""

from collections.abc import Collection

from paceline.analysis.judgement_rules import RegressionRule
from paceline.model import Run, Verdict
from paceline.verdict_kinds import VerdictKind


def short_and_not_measured(run: Run, again: Collection[Verdict]) -> set[Verdict]:
    """
    The regressions of tests that usually take less than the floor and were not measured again. A benchmark, as the
    median of many rounds, is not short.

    Args:
        run: the run, judged.
        again: the verdicts whose tests were measured again.
    """
    floor = run.thresholds.get("regression_floor_seconds", RegressionRule().floor_ms / 1e3)
    benchmarks = {case.id for case in run.cases if case.benchmark_seconds is not None}
    return {
        verdict
        for verdict in run.verdicts
        if verdict.kind is VerdictKind.REGRESSION
        and verdict not in again
        and verdict.case not in benchmarks
        and (verdict.measured or 0.0) < (verdict.factor or 1.0) * floor
    }
