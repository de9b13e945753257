"""
Results of the test kit in a report.
"""

from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.kit_results.database import DatabaseResult
from paceline.kit_results.load import Latency, LoadResult
from paceline.report.content import Content, compose
from paceline.report.markdown import markdown
from paceline.report.text import lines
from support.values import make_case, make_run

_LOAD = LoadResult(
    duration_seconds=2,
    elapsed_seconds=2,
    requests=1000,
    latency=Latency(p50=0.004, p95=0.009, p99=0.012),
)
_SHOWN = "1,000 requests in 2 s, 500.0 a second succeeded, p50 4 ms, p95 9 ms, p99 12 ms, errors 0.00%"


def _content(databases: int = 0) -> Content:
    queries = tuple(
        DatabaseResult(
            name=f"list{n}", iterations=1, mean_seconds=0.001, median_seconds=0.001, max_seconds=0.001, queries=1
        )
        for n in range(databases)
    )
    cases = [make_case("test_orders", results=queries), make_case("test_load", results=(_LOAD,))]
    return compose(make_run(1, cases), Past(), Rules())


def _text(content: Content, verbosity: int = 0) -> str:
    shown = lines(content, width=200, verbosity=verbosity)
    return "\n".join("".join(span.text for span in line) for line in shown)


def test_a_load_test_that_is_well_says_what_it_measured() -> None:
    """
    In a terminal and in Markdown: requests, rate, latencies and errors.
    """
    content = _content()

    assert f"load        test_load: {_SHOWN}" in _text(content)
    assert f"- load: test_load: {_SHOWN}\n" in markdown(content)


def test_a_report_has_three_results_and_counts_the_others() -> None:
    """
    Load tests come first, `-v` shows all, and a quiet report has no result.
    """
    content = _content(databases=4)
    short = _text(content).splitlines()
    first = next(number for number, line in enumerate(short) if line.startswith("load "))

    assert [line.split()[0] for line in short[first : first + 3]] == ["load", "database", "database"]
    assert short[first + 3].strip() == "… and 2 more results; `paceline report -v` shows all"
    assert "list3: " in _text(content, verbosity=1)
    assert "load" not in _text(content, verbosity=-1)
