"""
Compare: two branches, or two spans of time, test by test.
"""

from collections.abc import Mapping

from grafana.generator.dashboard import Dashboard, Row
from grafana.generator.panel import TIMES, Override, Panel, Query, Threshold, fixed, in_colors
from grafana.generator.panel_kinds import bar_chart, per_run, stat
from grafana.generator.promql import SUITE, WHOLE, by_test, each_run
from grafana.generator.tables import TableColumn, ranking
from grafana.generator.variables import MAIN, labels, of_suite, results
from paceline import colors

_NORMALIZED = "paceline_test_normalized_duration_seconds"
_NOTHING = "no test ran on both sides"
_NONE = "no such test, or no test ran on both sides"
_FACTOR = (
    Threshold(colors.GOOD, None),
    Threshold("text", 0.87),
    Threshold(colors.WARNING, 1.15),
    Threshold(colors.BAD, 2),
)
_OF_BASE, _OF_BRANCH = "suite=${suite:json},branch=${base:json}", SUITE
_BASE = _OF_BASE + ',test_type=~"$test_type"'
_OTHER = _OF_BRANCH + ',test_type=~"$test_type"'


def _base(metric: str) -> str:
    return by_test(f"quantile_over_time(0.5, {metric}{{{_BASE}}}[$__range] offset $back)")


def _other(metric: str) -> str:
    return by_test(f"quantile_over_time(0.5, {metric}{{{_OTHER}}}[$__range])")


def _runs(labels_of: str, offset: str = "") -> str:
    return f"sum(max by (partial) (count_over_time(paceline_run_duration_seconds{{{labels_of}}}[$__range]{offset})))"


# Any run has tests that can be compared; those that are counted for the reader are of all tests.
_ANY_OF_BASE, _ANY_OF_BRANCH = _runs(_OF_BASE, " offset $back"), _runs(_OF_BRANCH)
_WHOLE_OF_BASE = f'{_OF_BASE},partial!="true"'


_TIMES = f"{_other(_NORMALIZED)} / ({_base(_NORMALIZED)} > 0)"
# Tests of a few milliseconds vary by half their time: what counts is more than 5 ms beyond.
_SLOWER = f"{_other(_NORMALIZED)} / ({_base(_NORMALIZED)} > 0 < ({_other(_NORMALIZED)} - 0.005) / 1.15)"
_FASTER = f"{_other(_NORMALIZED)} / ({_base(_NORMALIZED)} > ({_other(_NORMALIZED)} + 0.005) / 0.87)"
_SLOWER_TESTS = f"topk(30, {_SLOWER})"


# Without any run of the base, all of them would be new.
_NEW = f"{_other(_NORMALIZED)} unless on (test, test_type) {_base(_NORMALIZED)} and on () {_ANY_OF_BASE}"


def _count(which: str) -> str:
    # None is known only where both sides have runs.
    return f"count({which}) or 0 * {_ANY_OF_BRANCH} * {_ANY_OF_BASE}"


def _both(metric: str, side: str) -> str:
    expr = _base(metric) if side == "base" else _other(metric)
    return f"{expr} and on (test, test_type) {_SLOWER_TESTS}"


_SIDES: tuple[Panel, ...] = (
    stat(
        title="Runs of the base",
        description="Whole runs of the branch Base in a time range of the same length, moved back as chosen under "
        "Base from. The time range must not be longer than that offset, else both sides share runs. Branches that the "
        "exporter does not list are part of the branch other.",
        queries=(Query(expr=_runs(_WHOLE_OF_BASE, " offset $back"), now=True),),
        unit="none",
        empty="no run of the base",
        thresholds=(Threshold(colors.WARNING), Threshold(colors.GOOD, 8)),
    ),
    stat(
        title="Runs of the branch",
        description="Whole runs of the branch in the time range. With fewer than eight runs, the median is due to "
        "chance. Branches that the exporter does not list are part of the branch other.",
        queries=(Query(expr=_runs(WHOLE), now=True),),
        unit="none",
        empty="no run of the branch",
        thresholds=(Threshold(colors.WARNING), Threshold(colors.GOOD, 8)),
    ),
    stat(
        title="Slower",
        description="Tests with a normalised median above 1.15 times the median of the base. The difference is more "
        "than 5 ms, the noise of short tests.",
        queries=(Query(expr=_count(_SLOWER), now=True),),
        unit="none",
        empty=_NOTHING,
        thresholds=(Threshold(colors.GOOD), Threshold(colors.WARNING, 1)),
    ),
    stat(
        title="Faster",
        description="Tests with a normalised median below 0.87 times the median of the base. The difference is more "
        "than 5 ms, the noise of short tests.",
        queries=(Query(expr=_count(_FASTER), now=True),),
        unit="none",
        empty=_NOTHING,
        thresholds=(Threshold("text"), Threshold(colors.GOOD, 1)),
    ),
    stat(
        title="All tests together",
        description="The sum of the normalised medians on the branch divided by the sum on the base, over the tests of "
        "both sides. 1 means no change.",
        queries=(
            Query(
                expr=f"sum({_other(_NORMALIZED)} and on (test, test_type) {_base(_NORMALIZED)}) / "
                f"sum({_base(_NORMALIZED)} and on (test, test_type) {_other(_NORMALIZED)})",
                now=True,
            ),
        ),
        unit=TIMES,
        empty=_NOTHING,
        thresholds=_FACTOR,
        defaults={"decimals": 2},
    ),
    stat(
        title="New tests",
        description="Tests that ran on the branch and not on the base.",
        queries=(Query(expr=_count(_NEW), now=True),),
        unit="none",
        empty=_NOTHING,
    ),
)

# PromQL has no sum of offsets, so that these are a step later than those of the branch: less than can be seen.
_RUN_OF_BASE = f"last_over_time(paceline_run_duration_seconds{{{_WHOLE_OF_BASE}}}[$__interval] offset $back)"

_SHAPE: tuple[Panel, ...] = (
    bar_chart(
        title="How many tests by factor",
        description="Number of tests by factor, in steps of 0.1, over the tests of both sides. The first and the last "
        "bar include all factors beyond them. A peak at 1 means no change. A peak elsewhere means that a change or "
        "another machine affected all tests.",
        queries=(
            Query(
                expr=f'count_values("factor", clamp(round({_TIMES}, 0.1), 0.5, 2)) or on () '
                # A bar without height: Grafana 9 has no text of ours for a chart without bars.
                f'label_replace(vector(0), "factor", "{_NOTHING}", "", "")',
                now=True,
                is_table=True,
            ),
        ),
        unit="short",
        empty=_NOTHING,
        defaults={"min": 0, "color": fixed(colors.GOOD)},
        overrides=(Override(matcher="byName", pattern="factor", properties={"unit": TIMES, "decimals": 1}),),
        transformations=(
            {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": {"Value": "tests"}}},
            {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": "factor", "desc": False}]}},
        ),
    ),
    per_run(
        title="Runs of both",
        description="Duration of each whole run of both sides. Runs of the base are moved forward by the offset under "
        "Base from.",
        queries=(
            Query(expr=f"max({each_run('paceline_run_duration_seconds', WHOLE)})", legend="branch"),
            Query(expr=f"max({_RUN_OF_BASE})", legend="base"),
        ),
        unit="s",
        empty="no run on either side",
        defaults={"min": 0},
        overrides=in_colors(A=colors.WARNING, B=colors.GOOD),
    ),
)

_TESTS: tuple[Panel, ...] = (
    ranking(
        "Slower than the base",
        "Tests with a normalised median above 1.15 times the median of the base, by more than 5 ms. The highest factor "
        "comes first.",
        _NONE,
        (
            TableColumn(name="Factor", expr=_SLOWER_TESTS, unit=TIMES, thresholds=_FACTOR),
            TableColumn(name="Base", expr=_both(_NORMALIZED, "base"), unit="s"),
            TableColumn(name="Branch", expr=_both(_NORMALIZED, "branch"), unit="s"),
        ),
        height=8,
    ),
    ranking(
        "Faster than the base",
        "Tests with a normalised median below 0.87 times the median of the base, by more than 5 ms. The lowest factor "
        "comes first.",
        _NONE,
        (
            TableColumn(
                name="Factor", expr=f"bottomk(30, {_FASTER})", unit=TIMES, lowest_first=True, thresholds=_FACTOR
            ),
        ),
        height=8,
    ),
    ranking(
        "More memory than the base",
        "Tests with a median of peak memory at least 1 MiB above the median of the base.",
        _NONE,
        (
            TableColumn(
                name="Peak added",
                expr=f"topk(30, {_other('paceline_test_memory_peak_bytes')} - "
                f"{_base('paceline_test_memory_peak_bytes')} > 1048576)",
                unit="bytes",
            ),
        ),
        height=7,
    ),
    ranking(
        "Fails more often than the base",
        "Increase of the share of failed runs of a test over the base.",
        _NONE,
        (
            TableColumn(
                name="Failures added",
                expr="topk(30, "
                + by_test(f"avg_over_time(paceline_test_passed{{{_BASE}}}[$__range] offset $back)")
                + " - "
                + by_test(f"avg_over_time(paceline_test_passed{{{_OTHER}}}[$__range])")
                + " > 0)",
                unit="percentunit",
                thresholds=(Threshold(colors.WARNING), Threshold(colors.BAD, 0.5)),
            ),
        ),
        height=7,
    ),
)

_APART = "Choose no time range longer than this offset: else the sides share runs."
_TEXT_AND_VALUE = '/span="(?<value>[^"]*)".*text="(?<text>[^"]*)"/'
# Prometheus takes no offset of 0. Each list writes its spans in its own way: Grafana keeps a choice that is in the new
# list, and takes the first where it is not.
_OF_ONE_BRANCH = {"a week before": "7d", "a day before": "1d", "two weeks before": "14d"}
_OF_TWO_BRANCHES = {"the same time": "1ms", "a day before": "24h", "a week before": "168h", "two weeks before": "336h"}
_IS_ONE_BRANCH = (
    'label_replace(vector(1), "branch", ${base:json}, "", "") '
    'and on (branch) label_replace(vector(1), "branch", ${branch:json}, "", "")'
)


def _listed(spans: Mapping[str, str]) -> str:
    """
    The spans as samples, the first with the highest value.
    """
    ranked = (
        f'label_replace(label_replace(vector({-rank}), "span", "{span}", "", ""), "text", "{text}", "", "")'
        for rank, (text, span) in enumerate(spans.items())
    )
    return " or ".join(ranked)


_BACK = (
    f"sort_desc(({_listed(_OF_ONE_BRANCH)}) and on () ({_IS_ONE_BRANCH}) "
    f"or ({_listed(_OF_TWO_BRANCHES)}) unless on () ({_IS_ONE_BRANCH}))"
)

COMPARE = Dashboard(
    uid="paceline-compare",
    title="Compare",
    description="Which tests are slower or faster than on another branch, or than before?",
    variables=(
        *of_suite(),
        labels("base", "Base", "branch", "paceline_run_duration_seconds{suite=${suite:json}}", **MAIN),
        results("back", "Base from", _BACK, _TEXT_AND_VALUE, description=_APART),
    ),
    rows=(Row("Two sides", (*_SIDES, *_SHAPE)), Row("Test by test", _TESTS)),
    since="now-7d",
)
