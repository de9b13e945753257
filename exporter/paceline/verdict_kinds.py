"""
The table of the kinds of verdicts.

A row is a member of `VerdictKind`: its name in documents, and all else that is known of it. The rows stand in the order
of reports. Reports, the kinds to fail on, dashboards and the reference are made from them.
"""

from typing import Self

from msgspec import Struct

from paceline import colors
from paceline.values import OpenEnum


class KindFacts(Struct, frozen=True):
    """
    All that is known of a kind of verdict besides its name.

    `nouns` are one and many of it, `meaning` and `figures` explain it in the reference, `severity` says how severe it
    is. `heading` stands before a verdict in the terminal, "" for the name. `shown` is the column of the past beside a
    verdict. A verdict that `is_new_by_default` began with this run unless it says since when it is so. One of the
    `whole_window` judges the time up to this run, and so nothing against a pinned baseline. One that `is_explained` has
    causes. `color` is that of the kind in dashboards.
    """

    nouns: tuple[str, str]
    meaning: str
    advice: str
    severity: str
    figures: str
    color: str
    heading: str = ""
    shown: str = "normalized_duration_seconds"
    can_fail: bool = True
    is_new_by_default: bool = False
    is_of_whole_window: bool = False
    is_explained: bool = False


_UNKNOWN = KindFacts(
    ("finding of a newer Paceline", "findings of a newer Paceline"),
    "A finding that this release does not know.",
    "Read about it in the documentation of the newer Paceline that found it.",
    severity="",
    figures="",
    color=colors.QUIET,
    can_fail=False,
)


class VerdictKind(OpenEnum):
    """
    The kinds of verdicts, in the order of reports.
    """

    _value_: str
    facts: KindFacts

    def __new__(cls, name: str, facts: KindFacts = _UNKNOWN) -> Self:
        member = str.__new__(cls, name)
        member._value_, member.facts = name, facts
        return member

    @classmethod
    def of_unknown(cls, name: str) -> Self:
        member = super().of_unknown(name)
        member.facts = _UNKNOWN
        return member

    @property
    def can_fail(self) -> bool:
        """
        Whether a run can fail by it. An unconfirmed finding and a kind of a newer release cannot.
        """
        return self.facts.can_fail

    SUITE_REGRESSION = (
        "suite_regression",
        KindFacts(
            ("regression of the suite", "regressions of the suite"),
            "The suite as a whole got slower, and the machine did not.",
            "Look for a part that all tests share: fixtures, settings, a dependency, the interpreter. `paceline ab` "
            "compares two commits on this machine, and counted work is exact.",
            severity="critical from a factor of 2 on, else warning",
            figures="times as long as the machine explains",
            color=colors.WINE,
            heading="suite",
        ),
    )
    REGRESSION = (
        "regression",
        KindFacts(
            ("regression", "regressions"),
            "The test takes 15% longer than in nearly all earlier runs, and longer than usual by 5 ms and by more than "
            "its noise. A test below 5 ms has to take twice as long.",
            "Look at the changes since the last run that was not slower.",
            severity="critical from a factor of 2 and 50 ms on, else warning",
            figures="normalised seconds",
            color=colors.WARNING,
            is_new_by_default=True,
            is_explained=True,
        ),
    )
    FILE_REGRESSION = (
        "file_regression",
        KindFacts(
            ("slower file", "slower files"),
            "The short tests of the file, class or family together got slower; each is too short to be judged alone.",
            "Look at code that these tests share: a function that all call, a helper, a fixture.",
            severity="critical from a factor of 2 on, else warning",
            figures="normalised seconds of its short tests together",
            color=colors.PURPLE,
            heading="file",
            is_new_by_default=True,
        ),
    )
    FIXTURE_REGRESSION = (
        "fixture_regression",
        KindFacts(
            ("slower fixture", "slower fixtures"),
            "A setup of the fixture takes longer than usual.",
            "Look at what the fixture starts, loads or connects to; a wider scope sets it up less often.",
            severity="warning",
            figures="mean seconds of a setup",
            color=colors.TEAL,
            heading="fixture",
            is_new_by_default=True,
        ),
    )
    COUNT = (
        "count",
        KindFacts(
            ("higher count", "higher counts"),
            "A count that was the same in all earlier runs, of queries for example, is higher.",
            "Look at the changes since the last run with the lower count. An intended increase becomes usual after "
            "some runs.",
            severity="warning",
            figures="the count now; its earlier value",
            color=colors.GREEN,
            is_new_by_default=True,
        ),
    )
    MEASURE = (
        "measure",
        KindFacts(
            ("worse measure", "worse measures"),
            "A measure of the test is worse than usual; the test says whether higher or lower is worse.",
            "Look at the changes since the last run in which the measure was as usual.",
            severity="warning",
            figures="the measure now; its worst usual value",
            color=colors.ROSE,
            heading="measure",
            is_new_by_default=True,
        ),
    )
    REPEATED_QUERIES = (
        "repeated_queries",
        KindFacts(
            ("repeated query", "repeated queries"),
            "The test sends a query once for each row of another query (N+1).",
            "Load the related rows in the first query, or ignore the query in [tool.paceline.queries], with a reason.",
            severity="warning from 10 times on, else info",
            figures="number of repeats",
            color=colors.YELLOW,
            heading="N+1",
            shown="db_queries",
            is_new_by_default=True,
        ),
    )
    WORK = (
        "work",
        KindFacts(
            ("finding of more work", "findings of more work"),
            "Functions of the project were called more often than in each of the last runs that counted calls, or in "
            "one of the base commit.",
            "Look at changes in the callers of the function: a new loop, a removed cache. An intended increase becomes "
            "usual after some runs.",
            severity="critical if the calls of the tests double and those of the suite grow by 10%, else warning",
            figures="calls now; earlier calls",
            color=colors.BLUE,
            shown="calls",
            is_new_by_default=True,
        ),
    )
    NETWORK = (
        "network",
        KindFacts(
            ("host not allowed", "hosts not allowed"),
            "The test contacted a host that its test type must not contact.",
            "Replace the server in the test, or allow the host: [tool.paceline.rules.network] allowed_hosts.",
            severity="warning",
            figures="requests or connections",
            color=colors.INDIGO,
            shown="network_requests",
            is_new_by_default=True,
        ),
    )
    BUDGET = (
        "budget",
        KindFacts(
            ("broken budget", "broken budgets"),
            "The call needed more time than the budget of the test, without the wait for a CPU.",
            "Make the test faster, or give it a budget of its own: `@pytest.mark.performance(budget_ms=…)`.",
            severity="critical from a factor of 2 on, else warning",
            figures="seconds",
            color=colors.BAD,
            shown="duration_seconds",
        ),
    )
    LEAK = (
        "leak",
        KindFacts(
            ("leak", "leaks"),
            "The test keeps memory in each run.",
            "Look for objects that outlive the test: module-level caches, listeners, fixtures without teardown.",
            severity="warning",
            figures="bytes kept",
            color=colors.SKY,
            shown="memory_retained_bytes",
        ),
    )
    FLAKY = (
        "flaky",
        KindFacts(
            ("flaky test", "flaky tests"),
            "The test passes and fails on the same code, or passes when it is tried again.",
            "Look for dependence on time, order or shared state. Until it is fixed, --reruns can hide the failures.",
            severity="warning",
            figures="share of failed attempts; 0",
            color=colors.SAND,
            shown="outcome",
        ),
    )
    DURATION_FLAKY = (
        "duration_flaky",
        KindFacts(
            ("test with two speeds", "tests with two speeds"),
            "The test has two speeds, and changes between them.",
            "Look for something that differs between runs: a warm cache, a retry, a timeout, a lock.",
            severity="info",
            figures="seconds of the slower mode; seconds of the quicker mode, times the factor",
            color=colors.OLIVE,
            heading="two speeds",
            is_of_whole_window=True,
        ),
    )
    CHANGE_POINT = (
        "change_point",
        KindFacts(
            ("step up", "steps up"),
            "The test got slower at an earlier run, and has stayed slow.",
            "Look at the changes of the first run that was slower.",
            severity="info",
            figures="seconds after the step; seconds before it, times the factor",
            color=colors.BROWN,
            heading="step up",
            is_of_whole_window=True,
            is_explained=True,
        ),
    )
    TREND = (
        "trend",
        KindFacts(
            ("creeping test", "creeping tests"),
            "The test gets slower from run to run; no single run is a regression.",
            "Compare with the oldest commit of the window, because no single run shows it.",
            severity="info",
            figures="seconds at the end of the fitted line; seconds at its start, times the factor",
            color=colors.MAGENTA,
            is_of_whole_window=True,
            is_explained=True,
        ),
    )
    BROKEN = (
        "broken",
        KindFacts(
            ("broken test", "broken tests"),
            "The test failed in each of the last runs.",
            "Fix or remove the test: it always fails.",
            severity="info",
            figures="number of failed runs in a row; 0",
            color=colors.SALMON,
            shown="outcome",
        ),
    )
    LESS_WORK = (
        "less_work",
        KindFacts(
            ("finding of less work", "findings of less work"),
            "Functions of the project were called less often than in each of the last runs that counted calls, or in "
            "one of the base commit.",
            "There is nothing to do.",
            severity="info",
            figures="calls now; earlier calls",
            color=colors.GOOD,
            heading="less work",
            shown="calls",
            can_fail=False,
            is_new_by_default=True,
        ),
    )
    UNCONFIRMED = (
        "unconfirmed",
        KindFacts(
            ("not confirmed", "not confirmed"),
            "A finding that did not appear again when the test was measured again; or a leak, or a regression below a "
            "factor of 2, that could not be measured again.",
            "There is nothing to do, unless it is reported again.",
            severity="info",
            figures="those of the first measurement",
            color=colors.QUIET,
            can_fail=False,
        ),
    )


FAILING_KINDS = tuple(kind for kind in VerdictKind if kind.can_fail)
