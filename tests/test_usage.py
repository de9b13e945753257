"""
The table of quantities.
"""

from pathlib import Path

import pytest

from paceline.quantity import CauseRole, Unit
from paceline.usage import UsageKey
from support.other_tables import ask_with_row

_FIXTURE_ROW = """
FIXTURE_SECONDS = (
        "fixture_seconds",
        Quantity(
            "fixtures",
            "Time that the fixtures of a test took.",
            Unit.SECONDS,
            cause=CauseRole.SYSTEM,
            floor=0.005,
            curve=Curve("Fixtures", "setup", colors.GOOD),
            phase=Phase.TEST,
        ),
    )
"""
_FIXTURES = """
import json
from grafana.generator import dashboard_files
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.explanation import explain
from paceline.analysis.past import Past
from paceline.delivery.openmetrics import exposition
from paceline.documents import decode_run, encode_run
from paceline.metrics.run_samples import run_samples
from paceline.model import Case, Outcome, Run, RunOutcome
from paceline.report.content import compose
from paceline.report.text import lines
from paceline.usage import UsageKey
from tools.reference_pages import reference_pages


def run(number, seconds, fixtures):
    case = Case(id="t", family="t", test_type="unit", outcome=Outcome.PASSED, duration_seconds=seconds,
                usage={UsageKey.FIXTURE_SECONDS: fixtures})
    return Run(run_id=f"r{number}", suite="shop", branch="main", outcome=RunOutcome.PASSED, started=number,
               ended=number, cases=(case,))


past = Past.from_runs([run(number, 0.1 + number % 3 / 1e4, 0.01) for number in range(20)])
judged = explain(judge(run(20, 0.3, 0.2), past, Rules()), past)
text = "".join(span.text for line in lines(compose(judged, past, Rules()), width=200) for span in line)
print(json.dumps({
    "exposed": "".join(exposition(run_samples(judged, {"main"}), {})),
    "causes": [cause.measure for verdict in judged.verdicts for cause in verdict.causes],
    "report": text,
    "pages": "".join(reference_pages().values()),
    "dashboards": "".join(dashboard_files().values()),
    "is_known": decode_run(encode_run(judged), "it").cases[0].usage["fixture_seconds"],
}))
"""
_QUERY_ROW = """
MAIL_MESSAGES = "mail_messages", Quantity("mail messages", "Messages of a test.", cause=CauseRole.WORK, probe="mail")
"""
_QUERIES = """
import json
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.model import Case, Outcome, Run, RunOutcome
from paceline.usage import UsageKey


def run(number, queries):
    case = Case(id="t", family="t", test_type="unit", outcome=Outcome.PASSED, duration_seconds=0.1,
                usage={UsageKey.MAIL_MESSAGES: queries, UsageKey.GC_COLLECTIONS: queries})
    return Run(run_id=f"r{number}", suite="shop", branch="main", outcome=RunOutcome.PASSED, started=number,
               ended=number, cases=(case,))


judged = judge(run(20, 101), Past.from_runs([run(number, 1) for number in range(20)]), Rules())
print(json.dumps([(verdict.kind, verdict.reason) for verdict in judged.verdicts]))
"""
_NEW_QUERIES = """
import json
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.model import Case, Outcome, Run, RunOutcome
from paceline.usage import UsageKey


def case(name, seconds, **queries):
    return Case(id=name, family=name, test_type="unit", outcome=Outcome.PASSED, duration_seconds=seconds,
                usage={UsageKey("mail_messages"): count for count in queries.values()})


def run(number, case, probes):
    return Run(run_id=f"r{number}", suite="shop", branch="main", outcome=RunOutcome.PASSED, started=number,
               ended=number, probes=probes, cases=(case,))


def found(*probes):
    before = [run(number, case("t", 0.1), probes) for number in range(9)]
    judged = judge(run(9, case("t", 0.3, queries=5), probes), Past.from_runs(before), Rules())
    return [[one.kind, one.reason.partition(" normalised")[0], [(c.measure, c.before, c.after) for c in one.causes]]
            for one in judged.verdicts]


print(json.dumps([found(), found("mail")]))
"""


@pytest.mark.parametrize("key", UsageKey)
def test_a_row_is_complete(key: UsageKey) -> None:
    """
    The key ends with its unit, words and help are there, and only what the system counted has a floor.
    """
    quantity = key.quantity
    units = [unit for unit in Unit if key.endswith(f"_{unit}")]

    assert units == ([] if quantity.unit is Unit.COUNT else [quantity.unit])
    assert quantity.words
    assert quantity.help.endswith(".")
    assert (quantity.floor > 0) is (quantity.cause is CauseRole.SYSTEM)


def test_curves_of_a_panel_are_told_apart() -> None:
    """
    By their legends and by their colours.
    """
    curves = [key.quantity.curve for key in UsageKey if key.quantity.curve]

    assert len({(curve.panel, curve.legend) for curve in curves}) == len(curves)
    assert len({(curve.panel, curve.color) for curve in curves}) == len(curves)


def test_an_unknown_quantity_is_not_exported_and_no_cause() -> None:
    """
    It is a key as it is, and nothing is known of it.
    """
    unknown = UsageKey("from_tomorrow")

    assert (unknown.quantity.is_exported, unknown.quantity.cause) == (False, CauseRole.NEVER)


def test_a_row_is_all_that_a_quantity_needs(tmp_path: Path) -> None:
    """
    With one row more, a quantity is a metric with a help, a cause, a line of the report, a row of the reference, and a
    panel of the dashboard.
    """
    found = ask_with_row(tmp_path, "usage", _FIXTURE_ROW, _FIXTURES)

    assert "# HELP paceline_test_fixture_seconds Time that the fixtures of a test took.\n" in found["exposed"]
    assert 'paceline_test_fixture_seconds{suite="shop",branch="main",test="t",test_type="unit"} 0.2' in found["exposed"]
    assert found["causes"] == ["fixture_seconds"]
    assert "why: fixtures 10 ms → 200 ms" in found["report"]
    assert "| `paceline_test_fixture_seconds`" in found["pages"]
    assert "| `fixture_seconds`" in found["pages"]
    assert '"title": "Fixtures"' in found["dashboards"]
    assert '"description": "Time that the fixtures of a test took."' in found["dashboards"]
    assert found["is_known"] == 0.2


def test_a_row_of_work_is_judged_exactly(tmp_path: Path) -> None:
    """
    As the table says, whatever the key is; a count of the system is not.
    """
    assert ask_with_row(tmp_path, "usage", _QUERY_ROW, _QUERIES) == [
        ["count", "101 mail messages, was 1 in each of the last 20 runs"]
    ]


def test_a_test_without_messages_had_none_where_the_probe_was_on(tmp_path: Path) -> None:
    """
    From nothing to 5 is a rise where the probe looked, and else nobody knows.
    """
    off, on = ask_with_row(tmp_path, "usage", _QUERY_ROW, _NEW_QUERIES)
    rise = ["mail_messages", 0.0, 5.0]

    assert off == [["regression", "took 300 ms", []]]
    assert on == [
        ["regression", "took 300 ms", [rise]],
        ["count", "5 mail messages, was 0 in each of the last 9 runs", [rise]],
    ]
