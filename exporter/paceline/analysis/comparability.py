"""
What a run could be compared with: how many tests, and which kinds of verdicts the past is too short for.
"""

from collections.abc import Collection, Mapping, Sequence

from paceline.analysis.judgement_rules import RegressionRule, Rules
from paceline.analysis.past import NORMALIZED, Past
from paceline.analysis.verdicts.file_regression import FEWEST_TESTS, members_by_file
from paceline.analysis.verdicts.regression import SHORT_FLOORS, UsualDuration
from paceline.formatting import counted
from paceline.model import Case, Run
from paceline.verdict_kinds import VerdictKind

# These kinds need a test with enough earlier runs, however many the suite has.
_OF_TIMES = frozenset({VerdictKind.REGRESSION, VerdictKind.FILE_REGRESSION})


def compared_tests(run: Run, past: Past, rules: Rules) -> int:
    """
    The number of tests whose time was compared with earlier runs, as judgement noted it or by this past.

    Args:
        run: the run, judged.
        past: its earlier runs.
        rules: the thresholds.
    """
    return count_comparable(run, past, rules) if run.compared is None else run.compared


def count_comparable(run: Run, past: Past, rules: Rules) -> int:
    """
    The number of tests with a normalised time and enough earlier runs.
    """
    known = (case.id for case in run.cases if case.normalized_duration_seconds is not None)
    return sum(len(past.series(NORMALIZED, case_id).values) >= rules.regression.min_runs for case_id in known)


def count_together(cases: Sequence[Case], levels: Mapping[str, UsualDuration], rule: RegressionRule) -> int:
    """
    The number of these that are too short to be judged one by one, and are judged by the sum of their file.

    Args:
        cases: of the run, with their normalised times.
        levels: the usual times of tests, by test id.
        rule: the thresholds.
    """
    files = members_by_file(cases, levels, (), rule).values()
    least = rule.floor_ms / 1e3 / SHORT_FLOORS
    return sum(member.usual < least for members in files if len(members) >= FEWEST_TESTS for member in members)


def how_compared(run: Run) -> str:
    """
    How many tests were judged one by one, only together, and not yet; "" where that was not noted.
    """
    if not run.compared or run.compared_together is None:
        return ""
    timed = sum(case.normalized_duration_seconds is not None for case in run.cases)
    counts = {
        "one by one": run.compared - run.compared_together,
        "only together, by file": run.compared_together,
        "not yet": max(timed - run.compared, 0),
    }
    return f"tests judged: {', '.join(f'{count:,} {how}' for how, count in counts.items() if count)}"


def why_not_compared(run: Run, past: Past, rules: Rules) -> str:
    """
    The reason why no time was compared; "" where some were.
    """
    if compared_tests(run, past, rules):
        return ""
    runs, fewest = len(past.runs), rules.regression.min_runs
    if not runs:
        return f"no history from {past.source}" if past.source else "no earlier run"
    return f"{runs} of {fewest} earlier runs" if runs < fewest else f"no test has {fewest} earlier runs"


def not_judged(kinds: Collection[VerdictKind], run: Run, past: Past, rules: Rules) -> list[VerdictKind]:
    """
    Those kinds of verdicts that no test of the run could get, as the past is too short.
    """
    has_times = compared_tests(run, past, rules) > 0
    # Tests that are judged against a pinned run have a past of their own.
    runs = max(len(past.runs), rules.regression.min_runs) if has_times else len(past.runs)
    needed = _needed_runs(rules)
    return [kind for kind in kinds if (not has_times if kind in _OF_TIMES else runs < needed.get(kind, 0))]


def missing_history(kinds: Collection[VerdictKind], run: Run, past: Past, rules: Rules) -> str:
    """
    Which of these kinds of verdicts the past is too short for, and how short; "" where it is long enough.

    Args:
        kinds: the kinds that a run fails on; where it fails on no kind, times are looked at.
        run: the run, judged.
        past: its earlier runs.
        rules: the thresholds.
    """
    missing = not_judged(kinds or (VerdictKind.REGRESSION,), run, past, rules)
    if not missing:
        return ""
    why = why_not_compared(run, past, rules) or counted(len(past.runs), "earlier run")
    return f"{', '.join(missing)} not judged ({why})"


def _needed_runs(rules: Rules) -> Mapping[VerdictKind, int]:
    """
    The earlier runs that the kinds of verdicts take.
    """
    return {
        VerdictKind.SUITE_REGRESSION: rules.regression.min_runs,
        VerdictKind.FIXTURE_REGRESSION: rules.regression.min_runs,
        VerdictKind.COUNT: rules.count.min_runs,
        VerdictKind.WORK: rules.work.min_runs,
        VerdictKind.LEAK: rules.leak.min_runs - 1,
        VerdictKind.FLAKY: 1,
        VerdictKind.DURATION_FLAKY: rules.modes.min_runs - 1,
        VerdictKind.CHANGE_POINT: rules.trend.min_runs - 1,
        VerdictKind.TREND: rules.trend.min_runs - 1,
        VerdictKind.BROKEN: rules.flaky.broken_runs - 1,
    }
