"""
Read back what was written, with the official parser.
"""

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families


def read_openmetrics(text: str) -> list[Metric]:
    """
    The families of a text.
    """
    return list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
