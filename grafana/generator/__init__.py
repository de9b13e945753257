"""
The program that makes the dashboards of Grafana, which the wheel has as JSON.
"""

import json

from grafana.generator.benchmarks_dashboard import BENCHMARKS
from grafana.generator.compare_dashboard import COMPARE
from grafana.generator.dashboard import Dashboard
from grafana.generator.live_dashboard import LIVE
from grafana.generator.load_dashboard import LOAD
from grafana.generator.per_test_dashboard import TEST
from grafana.generator.pipeline_dashboard import PIPELINE
from grafana.generator.suite_dashboard import SUITE

DASHBOARDS: tuple[Dashboard, ...] = (SUITE, TEST, LIVE, COMPARE, BENCHMARKS, LOAD, PIPELINE)


def dashboard_files() -> dict[str, str]:
    """
    The text of each dashboard, by its path from the root of the repository.
    """
    return {f"grafana/dashboards/{one.uid}.json": _as_text(one) for one in DASHBOARDS}


def _as_text(dashboard: Dashboard) -> str:
    return json.dumps(dashboard.as_json(), indent=2, ensure_ascii=False) + "\n"
