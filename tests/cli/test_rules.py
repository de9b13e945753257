"""
`paceline rules`.
"""

from pathlib import Path

import pytest
import yaml

from support.command import Ended, run_command
from support.wording import ERROR, invalid


def _call(folder: Path, *arguments: str) -> Ended:
    return run_command(("rules", str(folder), *arguments))


def test_all_files_are_written(tmp_path: Path) -> None:
    """
    Rules, alerts, both configurations and the templates, in folders that are made.
    """
    result = _call(tmp_path / "new")
    written = {str(path.relative_to(tmp_path / "new")) for path in (tmp_path / "new").rglob("*.*")}

    assert result.output == f"wrote {len(written)} files to {tmp_path / 'new'}\n"
    assert written >= {
        "prometheus/prometheus.yml",
        "prometheus/rules/regression.rules.yml",
        "alerts/regression.rules.yml",
        "alerts/alertmanager.yml",
        "alerts/templates/paceline.tmpl",
    }


def test_what_was_edited_is_kept(tmp_path: Path) -> None:
    """
    Files that are the same do not matter; one that differs is replaced only where that is asked.
    """
    _call(tmp_path)
    edited = tmp_path / "alerts" / "budget.rules.yml"
    edited.write_text("groups: []\n")
    results = [_call(tmp_path), _call(tmp_path, "--force"), _call(tmp_path)]

    assert [result.exit_code for result in results] == [1, 0, 0]
    assert results[0].output == f"{ERROR}{edited} exists and differs; --force replaces it\n"


def test_the_configuration_is_left_to_whom_it_is_for(tmp_path: Path) -> None:
    """
    A channel or a target that was edited in is gone only where that is asked in so many words.
    """
    _call(tmp_path)
    edited = tmp_path / "alerts" / "alertmanager.yml"
    edited.write_text("mine\n")
    result = _call(tmp_path, "--force")
    kept = edited.read_text()
    _call(tmp_path, "--force", "--force-configuration")

    assert result.output == (
        f"wrote 17 files to {tmp_path}\n"
        f"kept {edited}; --force --force-configuration replaces it\n"
        f"kept {tmp_path}/prometheus/prometheus.yml; --force --force-configuration replaces it\n"
    )
    assert kept == "mine\n"
    assert edited.read_text() != "mine\n"


def test_options_reach_every_rule(tmp_path: Path) -> None:
    """
    The window and its quarters, what is judged, whose names, how often, and what tells suites apart.
    """
    _call(
        tmp_path,
        *[
            "--window",
            "30",
            "--hold",
            "3",
            "--interval",
            "30",
            "--prefix",
            "acme_",
            "--by",
            "python",
            "--match",
            'branch="main"',
        ],
    )
    rules = (tmp_path / "prometheus" / "rules" / "trend.rules.yml").read_text()

    assert "interval: 300s" in rules
    assert 'acme_test_normalized_duration_seconds{branch="main"}[180h] offset 540h' in rules
    assert "on (suite, branch, python, test) last_over_time(acme_test_passed" in rules
    assert "[3d]" in rules
    assert "paceline_" not in rules


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            "--match=main",
            "'main', expected matchers as in PromQL, for example branch=\"main\"",
        ),
        ("--by=py-3", "'py-3', expected the name of a label of yours, for example python"),
        ("--by=suite", "'suite', expected the name of a label of yours, for example python"),
        (
            "--by=part_of",
            "'part_of', expected the name of a label of yours, for example python",
        ),
        (
            '--match=branch!="o\'ther\\d"',
            ('\'branch!="o\\\'ther\\\\d"\', expected matchers as in PromQL, for example branch="main"'),
        ),
        (
            '--match=branch=~"main("',
            "'main(', expected a regular expression, for example main|release-.*",
        ),
        (
            '--match=branch=~"(?!main)"',
            "'(?!main)', expected a regular expression, for example main|release-.*",
        ),
        (
            '--dashboards=x "y" {{ .x }}',
            ("'x \"y\" {{ .x }}', expected an address, for example https://grafana.example.org"),
        ),
        (
            "--runbooks=- a: b",
            ("'- a: b', expected an address or a path, for example https://wiki.example.org/runbooks"),
        ),
        (
            "--prefix=1_",
            "'1_', expected the beginning of a metric's name, for example acme_paceline_",
        ),
    ],
)
def test_what_prometheus_would_not_read_is_refused(tmp_path: Path, option: str, message: str) -> None:
    """
    With what was found and what was expected, and nothing is written.
    """
    result = _call(tmp_path / "new", option)

    assert result.output.endswith(invalid(option.partition("=")[0], message))
    assert not (tmp_path / "new").exists()


def test_an_interval_has_a_range(tmp_path: Path) -> None:
    """
    More than 120 seconds are refused by the name of the option, and nothing is written.
    """
    result = _call(tmp_path / "new", "--interval=300")

    assert result.exit_code == 2
    assert "'--interval'" in result.output.splitlines()[-1]
    assert not (tmp_path / "new").exists()


def test_rules_for_the_operator_are_one_file(tmp_path: Path) -> None:
    """
    Written with the same options, and as careful with what is there.
    """
    first = _call(tmp_path, "--format", "prometheusrule", "--window", "30")
    second = _call(tmp_path, "--format", "prometheusrule")

    assert first.output == f"wrote 1 file to {tmp_path}\n"
    assert "[30d]" in (tmp_path / "rules.yml").read_text()
    assert second.output == f"{ERROR}{tmp_path / 'rules.yml'} exists and differs; --force replaces it\n"


@pytest.mark.parametrize(
    "match", ['branch=~"main|release-\\\\d{2}"', 'team="a: b #1"', 'branch!~"x.*", team=~"\\u0041"']
)
def test_what_prometheus_reads_is_written(tmp_path: Path, match: str) -> None:
    """
    Whatever the matchers hold, the files can be read.
    """
    result = _call(tmp_path, "--match", match)
    texts = [path.read_text() for path in tmp_path.rglob("*.rules.yml")]

    assert result.exit_code == 0
    assert all(yaml.safe_load(text)["groups"] for text in texts)
    assert all(match in text for text in texts if "paceline_run_duration_seconds" in text)
