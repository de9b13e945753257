"""
The line on counted calls.
"""

from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.report.content import compose
from paceline.usage import UsageKey
from paceline.work import Function, Work
from support.values import make_case, make_run


def test_a_report_says_what_was_counted() -> None:
    """
    How many calls, functions and tests, how many were compared, and that no times were.
    """
    case = make_case(usage={UsageKey.CALLS: 1234.0})
    work = Work(mode="all", functions=(Function(name="shop:total"),), compared=1, varying=2)
    content = compose(make_run(1, [case], work=work), Past(), Rules())

    assert content.work == "1,234 calls of 1 function in 1 test; 1 compared"
    assert "no times compared (calls were counted)" in content.headline
    assert "calls of 2 tests were not compared, because earlier runs differ" in content.troubles


def test_a_run_that_counted_nothing_says_nothing() -> None:
    """
    Its report has no such line.
    """
    assert compose(make_run(1, [make_case()]), Past(), Rules()).work == ""
