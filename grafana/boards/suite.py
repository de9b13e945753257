"""
Suite: is it healthy, and what changed?
"""

from boards import colors
from boards.board import Board, Row
from boards.panel import TIMES, Override, Panel, Query, Step, bars, fixed, in_colors, per_run, stacked_per_run, stat
from boards.promql import SUITE as OF_SUITE
from boards.promql import TESTS, among, by_test, each_run, last, over, usual, worst
from boards.ranking import Column, ranking, rows_of
from boards.variables import of_suite
from paceline.model import VerdictKind

NO_RUN = "no run in this time"
PASSES = 'outcome=~"passed|xfailed|xpassed"'
FAILURES = 'outcome=~"failed|error"'
TRIED = 'outcome!="skipped"'
SHARE_PASSED = (Step(colors.BAD), Step(colors.WARNING, 0.95), Step(colors.GOOD, 1))
SLOWDOWN = (Step(colors.GOOD), Step(colors.WARNING, 1.2), Step(colors.BAD, 1.5))
_FACTOR = (Step("text"), Step(colors.WARNING, 1.15), Step(colors.BAD, 2))
_OF_BUDGET = (Step(colors.GOOD), Step(colors.WARNING, 0.8), Step(colors.BAD, 1))
_AGE = (Step(colors.GOOD), Step(colors.WARNING, 3 * 86400), Step(colors.BAD, 7 * 86400))

_DURATION = "paceline_test_duration_seconds"
_NORMALIZED = "paceline_test_normalized_duration_seconds"
_PASSED = "paceline_test_passed"
# Less the 5 ms that the noise of short tests stays below: so each series is read twice, not four times.
_SLOWER = f"({last(_NORMALIZED)} - 0.005) / {usual(_NORMALIZED)} > 1.15"
_SLOWER_TESTS = worst(20, _SLOWER)
_SLOWEST = worst(15, last(_DURATION))
_GROWTH = (
    f"(604800 * {over('deriv', _NORMALIZED)} > 0.001) / {over('avg_over_time', _NORMALIZED)} "
    f"and {over('count_over_time', _NORMALIZED)} >= 8"
)
# A pass on the third attempt is two failures and a pass.
_FAILING = f"1 - {over('sum_over_time', _PASSED)} / {over('sum_over_time', 'paceline_test_attempts')} > 0"
_FAILING_TESTS = worst(30, _FAILING)
_KEPT = f"{over('min_over_time', 'paceline_test_memory_retained_bytes')} > 1048576"
_ENDED = f"max_over_time(timestamp(paceline_run_duration_seconds{{{OF_SUITE}}})[$__range:4m])"

_KIND_COLORS = {
    VerdictKind.BUDGET: colors.BAD,
    VerdictKind.REGRESSION: colors.WARNING,
    VerdictKind.SUITE_REGRESSION: colors.PURPLE,
    VerdictKind.COUNT: colors.GREEN,
    VerdictKind.LEAK: colors.SKY,
    VerdictKind.TREND: colors.YELLOW,
    VerdictKind.FLAKY: colors.GOOD,
    VerdictKind.BROKEN: colors.BROWN,
}


def cases(which: str) -> str:
    """
    How many tests of the last run ended so.
    """
    return f"sum({last('paceline_run_cases', f'{OF_SUITE},{which}')})"


def _cases_of_each(which: str) -> str:
    return f"sum({each_run('paceline_run_cases', f'{OF_SUITE},{which}')})"


def _verdicts(which: str) -> str:
    return last("paceline_run_verdicts", f"{OF_SUITE}{which}")


def _more(metric: str, which: str = "") -> str:
    more = f"{last(metric, TESTS + which)} - {usual(metric, TESTS + which)}"
    return among(more, by_test(_SLOWER))


_CONFIRMED = _verdicts(',kind!="unconfirmed"')

_HEALTH: tuple[Panel, ...] = (
    stat(
        title="Passed",
        description="Share of the tests of the last run that passed; skipped ones do not count. "
        "Blue is all of them, orange 95% and more.",
        queries=(Query(expr=f"{cases(PASSES)} / {cases(TRIED)}", now=True),),
        unit="percentunit",
        empty=NO_RUN,
        steps=SHARE_PASSED,
        defaults={"decimals": 1},
    ),
    stat(
        title="Failing tests",
        description="Tests that failed in the last run. The table of failing and flaky tests names them.",
        queries=(Query(expr=cases(FAILURES), now=True),),
        unit="none",
        empty=NO_RUN,
        steps=(Step(colors.GOOD), Step(colors.BAD, 1)),
    ),
    stat(
        title="Verdicts",
        description="What judgement found in the last run: broken budgets, regressions, leaks and so on. "
        "What was not confirmed by a second look is left out.",
        queries=(Query(expr=f"sum({_CONFIRMED})", now=True),),
        unit="none",
        empty=NO_RUN,
        steps=(Step(colors.GOOD), Step(colors.WARNING, 1)),
    ),
    stat(
        title="Run took",
        description="From the start of the last run to its end. Below is each run.",
        queries=(Query(expr=f"max({last('paceline_run_duration_seconds', OF_SUITE)})", now=True),),
        unit="s",
        empty=NO_RUN,
        defaults={"decimals": 1},
    ),
    stat(
        title="Machine",
        description="How many times slower than usual the machine of the last run was. "
        "Where it is orange, trust normalised times: they have the machine taken out.",
        queries=(Query(expr=f"max({last('paceline_run_machine_slowdown_ratio', OF_SUITE)})", now=True),),
        unit=TIMES,
        empty="not known yet",
        steps=SLOWDOWN,
        defaults={"decimals": 2},
    ),
    stat(
        title="Last run",
        description="How long ago the last run ended. Where it is longer than runs are apart, results stopped coming: "
        "the dashboard Pipeline says where.",
        queries=(Query(expr=f"time() - max({_ENDED})", now=True),),
        unit="s",
        empty=NO_RUN,
        steps=_AGE,
        defaults={"decimals": 0},
    ),
)

_NOW: tuple[Panel, ...] = (
    bars(
        title="Verdicts by kind",
        description="What was found in the last run; the tables below name the tests.",
        queries=(Query(expr=f"sort_desc(sum by (kind) ({_verdicts('')}) > 0)", legend="{{kind}}", now=True),),
        unit="none",
        empty="nothing was found",
        steps=(Step(colors.WARNING),),
        defaults={"min": 0},
    ),
    bars(
        title="Within budget",
        description="Share of the tests of each type whose latest call phase kept its budget.",
        queries=(
            Query(
                expr=f"avg by (test_type) ({last(_DURATION)} <= bool {last('paceline_test_budget_seconds')})",
                legend="{{test_type}}",
                now=True,
            ),
        ),
        unit="percentunit",
        empty="no test has a budget",
        steps=SHARE_PASSED,
        defaults={"min": 0, "max": 1, "decimals": 1},
    ),
    rows_of(
        "Alerts",
        "Alerts on this suite that fire now, and how many tests each is about. The rules in Prometheus make them.",
        "no alert fires",
        (
            Column(
                name="Firing",
                expr="count by (alertname, severity) "
                '(ALERTS{alertname=~"Paceline.*",alertstate="firing",suite="$suite"})',
                unit="none",
                steps=(Step(colors.BAD),),
            ),
        ),
        width=8,
        height=8,
    ),
)

_RUNS: tuple[Panel, ...] = (
    per_run(
        title="Duration of each run",
        description="A point for each run; its tooltip names the commit. Runs in orange did not pass. "
        "Compare a step with the machine beside it before you look for a cause in the code.",
        queries=(
            Query(
                expr="max by (commit, outcome) ("
                f"{each_run('paceline_run_info', OF_SUITE)} * on (suite, branch) group_left () "
                f"max by (suite, branch) ({each_run('paceline_run_duration_seconds', OF_SUITE)}))",
                legend="{{outcome}} {{commit}}",
            ),
        ),
        unit="s",
        empty=NO_RUN,
        custom={"drawStyle": "points", "pointSize": 7, "showPoints": "always"},
        defaults={"color": fixed(colors.GOOD), "min": 0},
        overrides=(Override(matcher="byRegexp", pattern="/^(?!passed)/", properties={"color": fixed(colors.WARNING)}),),
        options={
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
            "tooltip": {"mode": "single", "sort": "none"},
        },
    ),
    per_run(
        title="Machine of each run",
        description="How many times slower than usual the machine was: by the tests themselves, and by a fixed piece "
        "of work beside its own median. Where both rise it was the machine; where only the tests do, the code.",
        queries=(
            Query(expr=f"max({each_run('paceline_run_machine_slowdown_ratio', OF_SUITE)})", legend="by the tests"),
            Query(
                expr=f"max({each_run('paceline_run_machine_calibration_seconds', OF_SUITE)}) / "
                f"scalar(max({usual('paceline_run_machine_calibration_seconds', OF_SUITE)}))",
                legend="by the calibration",
            ),
        ),
        unit=TIMES,
        empty="not known yet",
        steps=SLOWDOWN,
        overrides=in_colors(A=colors.GOOD, B=colors.WARNING),
    ),
    per_run(
        title="Passed in each run",
        description="Share of the tests of each run that passed; skipped ones do not count.",
        queries=(Query(expr=f"{_cases_of_each(PASSES)} / {_cases_of_each(TRIED)}", legend="passed"),),
        unit="percentunit",
        empty=NO_RUN,
        defaults={"color": fixed(colors.GOOD), "max": 1},
    ),
    stacked_per_run(
        title="Verdicts on each run",
        description="How many verdicts each run got, by kind. A kind that stays is a finding that nobody acts on.",
        queries=(Query(expr=f"sum by (kind) ({each_run('paceline_run_verdicts', OF_SUITE)}) > 0", legend="{{kind}}"),),
        unit="none",
        empty="nothing was found",
        defaults={"color": fixed(colors.QUIET), "min": 0},
        overrides=tuple(
            Override(matcher="byName", pattern=kind.value, properties={"color": fixed(color)})
            for kind, color in _KIND_COLORS.items()
        ),
    ),
)

_TESTS: tuple[Panel, ...] = (
    ranking(
        "Slower than usual",
        "Tests whose latest normalised time, less 5 ms of noise, is above 1.15 times their median in this time. "
        "The cause is what grew with it: with about as much CPU added, the test computes more; with more queries or "
        "bytes, it asks for more; with none of them, it waits.",
        "no test is slower than usual",
        (
            Column(name="Factor", expr=_SLOWER_TESTS, unit=TIMES, steps=_FACTOR),
            Column(name="Added", expr=_more(_NORMALIZED), unit="s"),
            Column(name="CPU added", expr=_more("paceline_test_cpu_seconds"), unit="s"),
            Column(name="Queries added", expr=_more("paceline_test_measure", ',measure=~".*queries"'), unit="short"),
            Column(name="Bytes read added", expr=_more("paceline_test_read_bytes"), unit="bytes"),
            Column(name="Peak added", expr=_more("paceline_test_memory_peak_bytes"), unit="bytes"),
        ),
    ),
    ranking(
        "Slowest",
        "Tests that took longest when they last passed, by the clock. Above 100% a budget is broken.",
        NO_RUN,
        (
            Column(name="Took", expr=_SLOWEST, unit="s"),
            Column(
                name="Of budget",
                expr=among(f"{last(_DURATION)} / {last('paceline_test_budget_seconds')}", _SLOWEST),
                unit="percentunit",
                steps=_OF_BUDGET,
            ),
        ),
        width=12,
    ),
    ranking(
        "Growing fastest",
        "By how much of its mean the normalised time of a test rises in a week, along a straight line through all "
        "runs of this time. Less than 1 ms a week is left out, and what had fewer than eight runs.",
        "no test grows",
        (
            Column(
                name="In a week",
                expr=worst(15, _GROWTH),
                unit="percentunit",
                steps=(Step("text"), Step(colors.WARNING, 0.05), Step(colors.BAD, 0.2)),
            ),
        ),
        width=12,
    ),
    ranking(
        "Failing and flaky",
        "Tests that failed in this time, and in what share of their attempts. Many changes between pass and failure "
        "are a flaky test; one change, and failing now, is a test that broke.",
        "no test failed",
        (
            Column(
                name="Failed",
                expr=_FAILING_TESTS,
                unit="percentunit",
                steps=(Step("text"), Step(colors.WARNING, 0.01), Step(colors.BAD, 0.5)),
            ),
            Column(name="Changes", expr=among(over("changes", _PASSED), _FAILING_TESTS), unit="none"),
            Column(
                name="Passes now",
                expr=among(last(_PASSED), _FAILING_TESTS),
                unit="bool_yes_no",
                steps=(Step(colors.BAD), Step(colors.GOOD, 1)),
            ),
        ),
        width=12,
    ),
    ranking(
        "Keeping memory",
        "The least that a test kept after its teardown in any run of this time, from 1 MiB on. "
        "What is kept each time is a leak, or a cache that somebody should know of.",
        "no test keeps memory each time",
        (
            Column(
                name="Kept each time",
                expr=worst(15, _KEPT),
                unit="bytes",
                steps=(Step(colors.WARNING), Step(colors.BAD, 64 << 20)),
            ),
        ),
        width=12,
    ),
)

SUITE = Board(
    uid="paceline-suite",
    title="Suite",
    description="Is the suite healthy, and what changed?",
    variables=of_suite(),
    rows=(
        Row("The last run", (*_HEALTH, *_NOW)),
        Row("Run after run", _RUNS),
        Row("Tests", _TESTS),
    ),
    since="now-14d",
    refresh="5m",
)
