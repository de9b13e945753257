"""
The committed rules and alerts, as the command writes them and as promtool reads them.
"""

import re
import subprocess
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pytest
import yaml
from promql_parser import parse

from paceline.alerting.rule_files import render
from paceline.alerting.rule_options import Options
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.verdicts.count import NOUNS, WORK
from paceline.metrics.catalogue import CATALOGUE, Kind
from support.foreign import OF_PROMETHEUS
from support.installed import prometheus_folder
from support.promql import labels_of, selectors_of

ROOT = Path(__file__).parents[2]
FILES = {path: text for path, text in render(Options()).items() if path.endswith(".rules.yml")}
RULES: list[dict[str, Any]] = [
    rule for text in FILES.values() for group in yaml.safe_load(text)["groups"] for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDS = {rule["record"] for rule in RULES if "record" in rule}
TESTS = sorted((ROOT / "alerts" / "tests").glob("*.test.yml"))
# What Prometheus adds.
_TARGET = {"job", "instance"}
_WHOSE = ("suite", "branch", "test", "test_type", "instance", "measure")
_SLOWER = (
    ("test:paceline_regression:seconds", ""),
    ("paceline_test_normalized_duration_seconds", ""),
    ("test:paceline_normalized_duration_seconds:median", ""),
    ("test:paceline_regression:part_of", ',part_of="none"'),
)
_ANNOTATED = re.compile(r"printf `(.*?)`")


def _expressions() -> Iterator[str]:
    for rule in RULES:
        yield rule["expr"]
        for text in (*rule.get("labels", {}).values(), *rule.get("annotations", {}).values()):
            for query in _ANNOTATED.findall(text):
                if "(" in query:
                    yield re.sub(r"%(\[\d\])?s", "", re.sub(r"%(\[\d\])?q", '"x"', query))


def _known() -> dict[str, AbstractSet[str]]:
    suffixes = ("_bucket", "_sum", "_count")
    known = {metric.name: {*metric.labels} for metric in CATALOGUE}
    known |= {
        metric.name + suffix: {*metric.labels}
        for metric in CATALOGUE
        if metric.kind is Kind.HISTOGRAM
        for suffix in suffixes
    }
    recorded = {
        name: {"suite", "branch", "test", "test_type", "measure", "unit", "better", "probe", "part_of"}
        for name in RECORDS
    }
    return {name: labels | _TARGET for name, labels in {**OF_PROMETHEUS, **known, **recorded}.items()}


def _promtool(*arguments: str | Path) -> str:
    done = subprocess.run([prometheus_folder() / "promtool", *arguments], check=False, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("path", FILES)
def test_promtool_reads_the_rules(path: str) -> None:
    """
    Without a flag, and with everything that it warns of.
    """
    assert _promtool("check", "rules", "--lint=all", "--lint-fatal", ROOT / path) == ""


def test_promtool_reads_the_configuration() -> None:
    """
    It finds all files of rules from where it is.
    """
    assert _promtool("check", "config", ROOT / "prometheus" / "prometheus.yml") == ""


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_alerts_fire_as_their_tests_say(path: Path) -> None:
    """
    promtool feeds series, and compares alerts with their labels and annotations.
    """
    assert _promtool("test", "rules", path) == ""


def _is_silent_for_some(check: dict[str, Any], series: list[dict[str, str]]) -> bool:
    """
    Whether no alert fires, or the input has series of another suite, test or machine than all alerts that fire.
    """
    firing = [alert["exp_labels"] for alert in check["exp_alerts"]]
    inputs = [dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', one["series"])) for one in series]
    return any(
        all(any(one.get(name, alert.get(name)) != alert.get(name) for name in _WHOSE) for alert in firing)
        for one in inputs
    )


@pytest.mark.parametrize("alert", sorted({rule["alert"] for rule in ALERTS}))
def test_an_alert_is_tested_firing_and_silent(alert: str) -> None:
    """
    Silent at another time, or for another suite, test or machine.
    """
    tests = [test for path in TESTS for test in yaml.safe_load(path.read_text("utf-8"))["tests"]]
    checks = [
        (check, test["input_series"])
        for test in tests
        for check in test["alert_rule_test"]
        if check["alertname"] == alert
    ]

    assert [check for check, _ in checks if check["exp_alerts"]], f"no test in alerts/tests in which {alert} fires"
    assert any(_is_silent_for_some(*one) for one in checks), f"no test in which {alert} is silent"


@pytest.mark.parametrize("expression", sorted(set(_expressions())))
def test_every_metric_and_label_is_known(expression: str) -> None:
    """
    A name that the catalogue does not have, or a label that its metric does not have, is never found.
    """
    known, tree = _known(), parse(expression)

    for name, labels in selectors_of(tree):
        assert labels <= known[name], name
    assert labels_of(tree) <= {
        "suite",
        "branch",
        "test",
        "test_type",
        "partial",
        "measure",
        "unit",
        "better",
        "part_of",
        "job",
        "instance",
        "pod",
    }


def test_thresholds_are_those_that_travel_with_a_run() -> None:
    """
    Each is used, and no rule asks for another.
    """
    used = {name for rule in RULES for name in re.findall(r'rule="(\w+)"', rule["expr"])}

    assert used == set(Rules().thresholds())


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_an_alert_says_what_to_know(rule: dict[str, Any]) -> None:
    """
    A severity, a sentence, the figures, a runbook that is there, and a dashboard.
    """
    assert re.fullmatch(r"Paceline([A-Z][a-z]+)+", rule["alert"])
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert {"summary", "description", "runbook_url", "dashboard"} <= {*rule["annotations"]}
    assert re.fullmatch(r"[A-Z][^{}]*\.", rule["annotations"]["summary"])
    assert (ROOT / rule["annotations"]["runbook_url"]).is_file()
    assert "value" in rule["annotations"]["description"] or re.search(r"== [01]\b", rule["expr"])


def test_a_whole_is_known_before_its_parts() -> None:
    """
    Rules of a group are evaluated one after another, and those of another group at another time.
    """
    groups = [group["rules"] for text in FILES.values() for group in yaml.safe_load(text)["groups"]]
    parts = [
        (rule["record"], whole, [before["record"] for before in rules[:place]])
        for rules in groups
        for place, rule in enumerate(rules)
        for whole in re.findall(r"[a-z]+:\w+:whole", rule["expr"])
    ]

    assert {whole for _, whole, _ in parts} >= {
        "suite:paceline_slower_tests:whole",
        "suite:paceline_many_budgets:whole",
    }
    assert [(part, whole) for part, whole, before in parts if whole not in before] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("record") or rule["alert"])
def test_a_rule_has_at_most_ten_lines(rule: dict[str, Any]) -> None:
    """
    A longer expression is split into recording rules, each of which has a name.
    """
    assert len(rule["expr"].strip().splitlines()) <= 10


def test_one_rule_lists_what_counts_work() -> None:
    """
    All other rules read what this one recorded.
    """
    listing = [rule["record"] for rule in RULES if next(iter(NOUNS)) in rule.get("expr", "")]

    assert listing == ["test:paceline_counting_measure:runs"]


def test_the_window_of_tests_is_read_every_ten_minutes_at_most() -> None:
    """
    Sorting the runs of each test and measure costs most of what the rules cost.
    """
    groups = [group for text in FILES.values() for group in yaml.safe_load(text)["groups"]]
    reading = {
        group["interval"]
        for group in groups
        for rule in group["rules"]
        if re.search(r"\bpaceline_test_\w+(\{[^}]*\})?\[14d\]", rule["expr"])
    }

    assert reading == {"600s"}


def test_no_label_is_a_template() -> None:
    """
    Labels of alerts are severities, and labels of recorded series are counts of usage.
    """
    alerts, records = (
        {value for rule in RULES if kind in rule for value in rule.get("labels", {}).values()}
        for kind in ("alert", "record")
    )

    assert alerts == {"critical", "warning", "info"}
    assert records == {key for key in WORK if key.quantity.is_exported}


def test_what_is_a_part_asks_for_no_alert_that_fires() -> None:
    """
    A Prometheus that has just started knows of none.
    """
    assert [rule for rule in RULES if "ALERTS" in rule["expr"]] == []


def test_a_broken_budget_is_part_of_many_and_of_nothing_else() -> None:
    """
    A budget is a promise, and a test that is slower, or a run that is wrecked, does not tell of it.
    """
    (whole,) = (rule["expr"] for rule in RULES if rule.get("record") == "suite:paceline_many_budgets:whole")
    (part,) = (rule["expr"] for rule in RULES if rule.get("record") == "test:paceline_budget:part_of")

    assert re.findall(r'"(Paceline\w+)"', whole + part) == ["PacelineManyBudgetsBroken"]


def test_a_budget_that_is_kept_and_broken_by_turns_is_told_once(tmp_path: Path) -> None:
    """
    Where that is asked for: the alert goes on between; promtool of 2.42 reads it.
    """
    file = tmp_path / "alerts.rules.yml"
    file.write_text(render(Options(keep_firing_hours=24))["alerts/budget.rules.yml"], "utf-8")
    rules = yaml.safe_load(file.read_text("utf-8"))["groups"][0]["rules"]

    assert {(rule["alert"], rule.get("keep_firing_for")) for rule in rules} == {
        ("PacelineManyBudgetsBroken", None),
        ("PacelineBudgetBroken", "24h"),
    }
    assert _promtool("check", "rules", file) == ""


def test_each_runbook_has_an_alert() -> None:
    """
    What is not asked any more has no answer.
    """
    runbooks = {path.stem for path in (ROOT / "docs" / "how-to" / "runbooks").glob("*.md")}

    assert runbooks == {rule["alert"] for rule in ALERTS}


@pytest.mark.parametrize("record", sorted(RECORDS))
def test_a_recorded_series_is_named_by_level_metric_and_operation(record: str) -> None:
    """
    The level is the labels that are left: those of a test, or those of a suite.
    """
    assert re.fullmatch(r"(test|suite):paceline_\w+:\w+", record)


@pytest.mark.parametrize("path", [path for path in FILES if path.startswith("alerts/")])
def test_a_label_of_yours_tells_suites_apart_in_texts_too(path: str) -> None:
    """
    Wherever an alert asks for its suite and branch, or names them, it asks for the label as well, and names it.
    """
    text = render(Options(by=("python",)))[path]

    assert text.count("suite=%q,branch=%q") == text.count("suite=%q,branch=%q,python=%q")
    assert text.count("$labels.suite $labels.branch") == text.count("$labels.suite $labels.branch $labels.python")
    assert text.count("{{ $labels.branch }}") == text.count("{{ $labels.branch }}, {{ $labels.python }}") + text.count(
        "({{ $labels.branch }}){{ else }}"
    )


def test_a_label_of_yours_tells_messages_apart() -> None:
    """
    One team's alerts are not grouped with another's, and silence none of them.
    """
    config = yaml.safe_load(render(Options(by=("python",)))["alerts/alertmanager.yml"])
    equal = [rule["equal"] for rule in config["inhibit_rules"] if "suite" in rule.get("equal", ())]

    assert config["route"]["routes"][0]["group_by"] == ["alertname", "suite", "branch", "python"]
    assert len(equal) == 2
    assert all("python" in labels for labels in equal)


def test_each_of_two_that_a_label_tells_apart_has_its_own_figures(tmp_path: Path) -> None:
    """
    Though suite, branch and test are the same.
    """
    files = render(Options(by=("python",)))
    (tmp_path / "alerts.rules.yml").write_text(files["alerts/regression.rules.yml"], "utf-8")
    figures = {"3.12": ("0.2", "0.2", "0.1"), "3.13": ("0.9", "0.9", "0.6")}
    series = [
        {"series": f'{name}{{suite="shop",branch="main",python="{python}",test="a"{more}}}', "values": value}
        for python, values in figures.items()
        for (name, more), value in zip(_SLOWER, (*values, "1"), strict=True)
    ]
    expected = [_slower("3.12", "200ms", "100ms"), _slower("3.13", "900ms", "600ms")]
    check = {"eval_time": "1m", "alertname": "PacelineTestSlower", "exp_alerts": expected}
    tests = [{"interval": "1m", "input_series": series, "alert_rule_test": [check]}]
    (tmp_path / "it.yml").write_text(yaml.safe_dump({"rule_files": ["alerts.rules.yml"], "tests": tests}), "utf-8")

    assert _promtool("test", "rules", tmp_path / "it.yml") == ""


def _slower(python: str, took: str, usually: str) -> dict[str, Any]:
    return {
        "exp_labels": {
            "severity": "warning",
            "part_of": "none",
            "suite": "shop",
            "branch": "main",
            "python": python,
            "test": "a",
        },
        "exp_annotations": {
            "summary": "A test is slower than usual.",
            "description": f"a (shop, main, {python}) took {took} normalised, usually {usually}.",
            "cause": "Neither its CPU time nor an exact count rose.",
            "runbook_url": "docs/how-to/runbooks/PacelineTestSlower.md",
            "dashboard": "http://127.0.0.1:3000/d/paceline-test?var-suite=shop&var-branch=main&var-test=a",
        },
    }


@pytest.mark.parametrize(("window", "retention"), [(14, "100d"), (365, "375d")])
def test_the_retention_is_longer_than_the_window(window: int, retention: str) -> None:
    """
    Or what is usual would be that of a shorter one.
    """
    text = render(Options(window_days=window))["prometheus/prometheus.yml"]

    assert f"--storage.tsdb.retention.time={retention}:" in text
