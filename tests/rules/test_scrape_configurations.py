"""
The Prometheus configurations and snippets that this repository ships.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).parents[2]
_REMOTE_WRITE = _ROOT / "prometheus" / "beyond" / "remote-write.yml"
_FENCED = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def _snippets() -> list[tuple[str, str]]:
    files = [(path.name, path.read_text("utf-8")) for path in sorted((_ROOT / "prometheus").glob("**/*.yml"))]
    pages = sorted((_ROOT / "docs" / "how-to").glob("*.md"))
    files += [(page.name, found) for page in pages for found in _FENCED.findall(page.read_text("utf-8"))]
    return [(name, text) for name, text in files if "metrics_path: /metrics/runs" in text]


@pytest.mark.parametrize(("name", "text"), _snippets(), ids=[name for name, _ in _snippets()])
def test_series_of_runs_outlive_the_address_of_the_exporter(name: str, text: str) -> None:
    """
    Each scrape of run samples writes one fixed instance.
    """
    settings = yaml.safe_load(text)
    if "receivers" in settings:
        settings = settings["receivers"]["prometheus"]["config"]
    (job,) = (job for job in settings["scrape_configs"] if job["job_name"] == "paceline-runs")

    assert {"target_label": "instance", "replacement": "paceline"} in job.get("metric_relabel_configs", []), name


@pytest.mark.parametrize(
    ("metric", "is_shared"),
    [
        ("paceline_test_passed", True),
        ("test:paceline_normalized_duration_seconds:median", False),
        ("up", False),
    ],
)
def test_only_run_samples_of_a_pair_are_written_as_one(metric: str, *, is_shared: bool) -> None:
    """
    Recorded series have the job of the runs, and each server records them at its own times.
    """
    stores: list[dict[str, Any]] = yaml.safe_load(_REMOTE_WRITE.read_text("utf-8"))["remote_write"]
    labels = {"__name__": metric, "job": "paceline-runs"}
    for store in stores:
        (rule,) = store["write_relabel_configs"]
        joined = ";".join(labels[name] for name in rule["source_labels"])

        assert (re.fullmatch(rule["regex"], joined) is not None) is is_shared


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        (r"out_of_order_time_window(?:: | to )|--tsdb\.out-of-order\.time-window=|--expose-window=", "7d"),
        (r"--storage\.tsdb\.retention\.time=|^ *retention: (?=\d+d)", "100d"),
    ],
    ids=["window", "retention"],
)
def test_servers_keep_samples_for_the_same_time_everywhere(setting: str, value: str) -> None:
    """
    Each file and page that sets the window for late samples, or the retention, sets the same.
    """
    pages = [*_ROOT.glob("docs/**/*.md"), *_ROOT.glob("*.md"), *_ROOT.glob("*.yml"), *_ROOT.glob("kubernetes/*.yml")]
    files = [*_ROOT.glob("prometheus/**/*.yml"), *_ROOT.glob("exporter/paceline/stack/*.py"), *pages]
    found = {
        (path.name, match)
        for path in files
        for match in re.findall(rf"(?:{setting})(\w+)", path.read_text("utf-8"), re.MULTILINE)
    }

    assert found
    assert {one for one in found if one[1] != value} == set()
