"""
What a report says.
"""

from typing import Any

import pytest

from paceline.analysis.judgement_rules import RegressionRule, Rules
from paceline.analysis.past import Past, PastRun
from paceline.measure import Measure
from paceline.model import Case, Cause, Machine, Outcome, Run, Severity, Since, Verdict
from paceline.report.content import Content, compose
from paceline.report.findings import Finding
from paceline.translated_names import BudgetSource, RunCount
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import TEST, make_case, make_run, past_of, runs_of


def _verdict(kind: VerdictKind, case: str | None = TEST, **changes: Any) -> Verdict:
    return Verdict(
        **{"kind": kind, "severity": Severity.WARNING, "case": case, "reason": f"{kind} of {case}", **changes}
    )


def _content(run: Run, past: Past | None = None, rules: Rules | None = None) -> Content:
    return compose(run, past or Past(), rules or Rules())


def _finding(verdict: Verdict, *cases: Case, past: Past | None = None) -> Finding:
    (finding,) = _content(make_run(9, cases or [make_case()], verdicts=(verdict,)), past).findings
    return finding


def test_a_run_in_which_all_is_well_says_so() -> None:
    """
    With how much was run, and in what time.
    """
    content = _content(make_run(1, [make_case(), make_case("test_b")], started=0.0, ended=1.2, compared=2))

    assert content.headline == "all within budget, nothing slower than usual · 2 tests in a session of 1.2 s"
    assert content.is_well


def test_the_headline_counts_what_was_found() -> None:
    """
    In the order of their weight, each with its noun.
    """
    kinds = [*VerdictKind, VerdictKind.BUDGET, VerdictKind.LEAK]
    verdicts = tuple(_verdict(kind, f"test_{number}") for number, kind in enumerate(kinds))
    content = _content(make_run(1, [make_case()], started=0.0, ended=1.0, verdicts=verdicts, compared=1))

    assert content.headline == (
        "1 regression of the suite, 1 regression, 1 slower file, 1 slower fixture, 1 higher count, 1 worse measure, "
        "1 repeated query, 1 finding of more work, 1 host not allowed, 2 broken budgets, 2 leaks, 1 flaky test, "
        "1 test with two speeds, 1 step up, 1 creeping test, 1 broken test, 1 finding of less work, 1 not confirmed "
        "· 1 test in a session of 1 s"
    )
    assert not content.is_well


def test_the_headline_says_what_stands_after_what_is_new() -> None:
    """
    A verdict that the last run of the test had too is no news.
    """
    verdicts = (
        _verdict(VerdictKind.REGRESSION, "test_a"),
        _verdict(VerdictKind.BUDGET, "test_b", standing=True),
        _verdict(VerdictKind.BUDGET, "test_c", standing=True),
    )
    headlines = [
        _content(make_run(1, started=0.0, ended=1.0, verdicts=some, compared=1)).headline
        for some in (verdicts, verdicts[1:])
    ]

    assert headlines == [
        "1 regression; still 2 broken budgets · 0 tests in a session of 1 s",
        "nothing new; still 2 broken budgets · 0 tests in a session of 1 s",
    ]


@pytest.mark.parametrize(
    ("past", "text"),
    [
        (Past(), "nothing compared (no earlier run)"),
        (Past(source="http://prometheus:9090"), "nothing compared (no history from http://prometheus:9090)"),
        (past_of([0.1] * 3), "no times compared (3 of 8 earlier runs)"),
        (past_of([0.1] * 9, "test_other"), "no times compared (no test has 8 earlier runs)"),
        (past_of([0.1] * 9), "nothing slower than usual (1 of 2 tests compared)"),
    ],
)
def test_the_headline_says_whether_times_were_compared(past: Past, text: str) -> None:
    """
    Without a past, with one that is too short, and where only some tests have one.
    """
    cases = [make_case(case_id, normalized_duration_seconds=0.01) for case_id in (TEST, "test_new")]
    headlines = {
        _content(make_run(9, cases, started=0.0, ended=1.0, compared=compared), past).headline
        for compared in (None, int("1 of 2" in text))
    }

    assert headlines == {f"all within budget, {text} · 2 tests in a session of 1 s"}


def test_findings_that_stand_are_a_line_for_each_kind() -> None:
    """
    With the names, figures and limits of the worst two; only the new ones are news.
    """
    reason = "took 150 ms (by the clock), budget 100 ms (test type unit); again 140 ms or more in 3 repeats"
    standing = [_verdict(VerdictKind.BUDGET, f"test_{number}", standing=True, reason=reason) for number in range(5)]
    leak = _verdict(VerdictKind.LEAK, standing=True, reason=110 * "x")
    verdicts = (_verdict(VerdictKind.BUDGET, "test_new"), *standing, leak)
    content = _content(make_run(1, verdicts=verdicts))

    assert [finding.case for finding in content.new_findings] == ["test_new"]
    assert content.standing == (
        "5 broken budgets: test_0 (took 150 ms, budget 100 ms), test_1 (took 150 ms, budget 100 ms) and 3 more",
        f"1 leak: {TEST} ({99 * 'x'}…)",
    )
    assert [finding.since for finding in content.findings][:2] == ["", "as in the last run of the test"]


@pytest.mark.parametrize(("tests", "expected"), [(10, 10), (11, 1)])
def test_many_broken_budgets_of_a_type_are_one_finding(tests: int, expected: int) -> None:
    """
    From eleven on, with the slowest and the setting to change; a budget of a marker is a finding of its own.
    """
    types = {"budget_seconds": 0.1, "budget_source": BudgetSource.TYPE_BUDGETS}
    cases = [make_case(f"test_{number}", 0.2 + number, **types) for number in range(tests)]
    cases.append(make_case("test_marked", 0.3, budget_seconds=0.1, budget_source=BudgetSource.MARKER))
    verdicts = tuple(_verdict(VerdictKind.BUDGET, case.id) for case in cases)
    content = _content(make_run(1, cases, verdicts=verdicts))
    first, *_, last = content.new_findings

    assert (len(content.new_findings), last.case, len(content.findings)) == (expected + 1, "test_marked", tests + 1)
    if expected == 1:
        assert first.case == "11 unit tests"
        assert first.reason == "over the budget of 100 ms for test type unit; the slowest needed 10.2 s: test_10"
        assert "set unit = N (milliseconds) in [tool.paceline.budgets_ms]" in first.advice


def test_a_regression_says_since_when_and_why() -> None:
    """
    The run, its commit, how long ago; what moved; and what to do about it.
    """
    causes = (Cause(measure="cpu_seconds", before=0.1, after=0.2), Cause(measure="read_bytes", before=0, after=1 << 20))
    since = Since(run_id="run-7", ended=1.0, commit="0123456789abcdef", runs_ago=2)
    finding = _finding(_verdict(VerdictKind.REGRESSION, causes=causes, since=since))

    assert (finding.case, finding.reason) == (TEST, "regression of tests/test_cart.py::test_total")
    assert finding.since == "since run run-7, commit 0123456789, 2 runs ago"
    assert finding.why == "CPU 100 ms → 200 ms; read 0 B → 1 MiB"
    assert finding.advice == "Profile it (python -m cProfile -m pytest …): the added time is CPU time."


def test_shares_of_the_added_time_are_those_of_a_whole() -> None:
    """
    A share that overlaps the ones before is left out: two halves and a whole contradict each other.
    """
    shares = ((UsageKey.NETWORK_SECONDS, 1.0), (UsageKey.CPU_SECONDS, 0.5))
    causes = tuple(Cause(measure=measure, before=0.1, after=0.2, share=share) for measure, share in shares)
    (finding,) = _content(make_run(9, verdicts=(_verdict(VerdictKind.REGRESSION, causes=causes),))).findings

    assert finding.why == "time on the network 100 ms → 200 ms (100% of the added time); CPU 100 ms → 200 ms"


def test_a_regression_without_a_beginning_is_new() -> None:
    """
    Nor has it a cause: then the changes are what to look at.
    """
    finding = _finding(_verdict(VerdictKind.REGRESSION), past=Past.from_runs([make_run(1, [make_case()])]))

    assert (finding.since, finding.why) == ("new in this run", "")
    assert finding.advice == "Look at the changes since the last run that was not slower."


@pytest.mark.parametrize(
    ("measure", "advice"),
    [
        ("measures.db_queries", "Find the code that adds db_queries: the time grew with this figure."),
        (
            "children_cpu_seconds",
            "Look at the programs that the test starts: the added time is CPU time of child processes.",
        ),
        (
            "idle_seconds",
            "Find out what the test waits for (sleep, network, disk, locks): its CPU time grew less.",
        ),
        ("read_bytes", "Look at the changes since the last run that was not slower."),
    ],
)
def test_the_advice_is_that_of_the_first_cause(measure: str, advice: str) -> None:
    """
    What moved most decides what to look at.
    """
    finding = _finding(_verdict(VerdictKind.REGRESSION, causes=(Cause(measure=measure, before=0, after=9),)))

    assert finding.advice == advice


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (
            VerdictKind.BUDGET,
            "Make the test faster, or give it a budget of its own: `@pytest.mark.performance(budget_ms=…)`.",
        ),
        (
            VerdictKind.LEAK,
            "Look for objects that outlive the test: module-level caches, listeners, fixtures without teardown.",
        ),
        (
            VerdictKind.FLAKY,
            "Look for dependence on time, order or shared state. Until it is fixed, --reruns can hide the failures.",
        ),
        (
            VerdictKind.DURATION_FLAKY,
            "Look for something that differs between runs: a warm cache, a retry, a timeout, a lock.",
        ),
        (VerdictKind.CHANGE_POINT, "Look at the changes of the first run that was slower."),
        (VerdictKind.TREND, "Compare with the oldest commit of the window, because no single run shows it."),
        (VerdictKind.BROKEN, "Fix or remove the test: it always fails."),
    ],
)
def test_every_kind_has_an_advice(kind: VerdictKind, advice: str) -> None:
    """
    And where nothing is known of its beginning, nothing is said of it.
    """
    finding = _finding(_verdict(kind))

    assert (finding.advice, finding.since) == (advice, "")


@pytest.mark.parametrize(
    ("case", "verdict", "advice"),
    [
        (
            {"budget_source": BudgetSource.MARKER},
            {"unit": "seconds"},
            "Make the test faster, or raise the budget in its performance marker.",
        ),
        ({}, {"unit": "count"}, "Reduce what the test uses, or change its limit."),
        ({}, {"measure": "rows"}, "Bring the measure within its limit, or change the limit in the test."),
    ],
    ids=["own budget", "limit", "measure"],
)
def test_the_advice_on_a_budget_says_where_it_is_set(
    case: dict[str, Any], verdict: dict[str, Any], advice: str
) -> None:
    """
    A test with a budget of its own needs no other budget of its own.
    """
    assert _finding(_verdict(VerdictKind.BUDGET, **verdict), make_case(**case)).advice == advice


def test_the_advice_on_the_queries_of_a_database_test_names_its_argument() -> None:
    """
    No setting ignores them.
    """
    finding = _finding(_verdict(VerdictKind.REPEATED_QUERIES, measure="database_queries"))

    assert (finding.advice, finding.example) == (
        "Load the related rows in the first query, or pass check_n_plus_one=False to the database test.",
        "",
    )


def test_a_finding_whose_figure_is_not_kept_has_no_chart() -> None:
    """
    A chart of the earlier runs alone would end with a usual time.
    """
    past = Past.from_runs([make_run(number, [make_case()]) for number in range(3)])
    verdict = _verdict(VerdictKind.UNCONFIRMED)

    assert _finding(verdict, make_case(normalized_duration_seconds=None), past=past).values == ()
    assert len(_finding(verdict, make_case(normalized_duration_seconds=0.1), past=past).values) == 4


def test_nothing_is_new_in_a_first_run() -> None:
    """
    Without an earlier run, nobody knows when a finding began.
    """
    assert _finding(_verdict(VerdictKind.REPEATED_QUERIES)).since == ""


def test_a_count_shows_the_counts_and_what_rose_with_it() -> None:
    """
    It is new in this run where no earlier one had it.
    """
    causes = tuple(Cause(measure=f"measures.{name}", before=1, after=9) for name in ("queries", "rows"))
    past = Past.from_runs([make_run(n, [make_case(measures={"queries": Measure(value=1)})]) for n in range(3)])
    finding = _finding(_verdict(VerdictKind.COUNT, causes=causes), past=past)

    assert finding.values == (1.0, 1.0, 1.0, 9.0)
    assert (finding.since, finding.why) == ("new in this run", "rows 1 → 9")
    assert finding.advice == (
        "Look at the changes since the last run with the lower count. "
        "An intended increase becomes usual after some runs."
    )


def test_a_commit_with_changes_is_not_called_by_its_name_alone() -> None:
    """
    The work tree of that run was another one.
    """
    since = Since(run_id="run-7", ended=1.0, commit="0123456789abcdef", dirty=True, runs_ago=1)

    assert _finding(_verdict(VerdictKind.REGRESSION, since=since)).since == (
        "since run run-7, commit 0123456789 with changes, 1 run ago"
    )


@pytest.mark.parametrize("kind", [VerdictKind.CHANGE_POINT, VerdictKind.BROKEN, VerdictKind.COUNT])
def test_what_began_in_an_earlier_run_says_in_which(kind: VerdictKind) -> None:
    """
    Steps, broken tests and counts as well as regressions.
    """
    since = Since(run_id="run-7", ended=1.0, commit="0123456789abcdef", runs_ago=1)

    assert _finding(_verdict(kind, since=since)).since == "since run run-7, commit 0123456789, 1 run ago"


def test_parameters_of_a_test_are_one_finding() -> None:
    """
    The worst stands for them all; another kind of verdict is another finding.
    """
    cases = [make_case(f"test_a[{name}]") for name in "xyz"]
    verdicts = [_verdict(VerdictKind.BUDGET, case.id) for case in cases] + [_verdict(VerdictKind.LEAK, "test_a[x]")]
    findings = _content(make_run(1, cases, verdicts=tuple(verdicts))).findings

    assert [(finding.kind, finding.case, finding.more) for finding in findings] == [
        (VerdictKind.BUDGET, "test_a[x]", 2),
        (VerdictKind.LEAK, "test_a[x]", 0),
    ]


def test_a_verdict_of_the_run_is_of_the_whole_suite() -> None:
    """
    It has no test and no series.
    """
    finding = _finding(_verdict(VerdictKind.REGRESSION, None))

    assert (finding.case, finding.values) == ("the whole suite", ())


def test_a_finding_shows_the_series_that_it_is_about() -> None:
    """
    A budget the time by the clock, a regression the normalised time, a leak the memory; this run's comes last.
    """
    usage = {UsageKey.MEMORY_RETAINED_BYTES: 7.0}
    cases = [make_case(seconds=1.0, normalized_duration_seconds=2.0, usage={UsageKey.MEMORY_RETAINED_BYTES: 3.0})]
    past = Past.from_runs([make_run(1, cases)])
    now = make_case(seconds=5.0, normalized_duration_seconds=6.0, usage=usage)
    kinds = (VerdictKind.BUDGET, VerdictKind.REGRESSION, VerdictKind.LEAK)

    assert [_finding(_verdict(kind), now, past=past).values for kind in kinds] == [(1.0, 5.0), (2.0, 6.0), (3.0, 7.0)]


def test_a_broken_test_shows_its_failures() -> None:
    """
    A pass is low, a failure is high, and twenty runs are enough.
    """
    past = past_of([float(number) for number in range(30)])
    now = make_case(outcome=Outcome.FAILED)

    assert _finding(_verdict(VerdictKind.BROKEN), now, past=past).values == (*[0.0] * 19, 1.0)


def test_the_five_slowest_tests_are_listed() -> None:
    """
    The slowest first, in human units; a test without a time is not among them.
    """
    cases = [make_case(f"test_{number}", number / 10) for number in range(1, 8)]
    content = _content(make_run(1, [make_case("test_skipped", None, outcome=Outcome.SKIPPED), *cases]))

    assert [(time, case.id) for time, case in content.slowest] == [
        ("700 ms", "test_7"),
        ("600 ms", "test_6"),
        ("500 ms", "test_5"),
        ("400 ms", "test_4"),
        ("300 ms", "test_3"),
    ]


def test_a_slow_suite_is_told_from_a_slow_machine() -> None:
    """
    The calibration says whether it was the machine.
    """
    past = Past(
        runs=tuple(PastRun(run_id="", ended=1.0, duration_seconds=1.0, calibration_seconds=0.002) for _ in "abc")
    )
    run = make_run(9, machine=Machine(slowdown_ratio=2.0, calibration_seconds=0.0021))

    assert compose(run, past, Rules()).machine == (
        "2.00 times slower than usual by its tests, as usual by its calibration"
    )


def test_what_another_branch_does_not_show_is_not_called_new() -> None:
    """
    A branch that is judged against the default branch may have been so for long.
    """
    past = past_of([0.1] * 9)
    verdict = _verdict(VerdictKind.REGRESSION, TEST)
    told = {
        branch: compose(make_run(9, [make_case()], branch=branch, verdicts=(verdict,)), past, Rules()).findings[0].since
        for branch in ("main", "topic")
    }

    assert told == {"main": "new in this run", "topic": "not on main"}


@pytest.mark.parametrize(
    ("machine", "text"),
    [
        (Machine(), "speed not known yet"),
        (Machine(slowdown_ratio=1.04), "as fast as usual"),
        (Machine(slowdown_ratio=1.5), "1.50 times slower than usual"),
        (Machine(slowdown_ratio=0.5), "2.00 times faster than usual"),
        (
            Machine(
                slowdown_ratio=1.0,
                cpu_percent_mean=42.4,
                others_cpu_percent=12.4,
                memory_percent_max=63.0,
                process_tree_memory_max_bytes=300 << 20,
            ),
            "as fast as usual, CPU 42%, 12% by others, memory 63%, tests up to 300 MiB",
        ),
        (
            Machine(cpu_percent_mean=97.0, memory_percent_max=95.0),
            "speed not known yet, CPU 97% (busy), memory 95% (nearly full)",
        ),
    ],
)
def test_the_machine_is_described(machine: Machine, text: str) -> None:
    """
    Its speed, and what of it was in use; what is not known is not said.
    """
    assert _content(make_run(1, machine=machine)).machine == text


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        (0, "none yet; regressions are judged from 4 on"),
        (1, "1 earlier run on main; regressions are judged from 4 on"),
        (3, "3 earlier runs on main; regressions are judged from 4 on"),
        (4, "4 earlier runs on main"),
    ],
)
def test_too_little_history_says_so(runs: int, text: str) -> None:
    """
    With the number of runs from which on regressions are judged, as configured.
    """
    past = Past.from_runs(runs_of({TEST: [0.1] * runs}))

    assert _content(make_run(9), past, Rules(regression=RegressionRule(min_runs=4))).history == text


def test_what_went_wrong_inside_is_told() -> None:
    """
    How often, and what; what never happened is not.
    """
    counts = {RunCount.IDS_MADE_SAFE: 2, RunCount.INTERNAL_FAILURES: 1, RunCount("pauses"): 0}
    counts |= {RunCount.TESTS_WITHOUT_TIME: 3, RunCount("late_imports"): 1}

    assert _content(make_run(1, counts=counts)).troubles == (
        "2 test ids are kept in a safe form: shortened, escaped, or secrets masked",
        "1 failure inside Paceline, which did not affect the tests",
        "3 tests have no usable time in the imported file",
        "1 time late_imports, which a newer Paceline counts",
    )
