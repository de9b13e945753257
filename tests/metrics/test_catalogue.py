"""
The table of metrics.
"""

import re

import pytest

from paceline.metrics.catalogue import CATALOGUE, Kind, Metric


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_a_metric_is_named_as_prometheus_asks(metric: Metric) -> None:
    """
    Our prefix, small letters, `_total` for a counter and for nothing else, and a help of one sentence.
    """
    assert re.fullmatch(r"paceline_[a-z0-9_]+", metric.name)
    assert metric.name.endswith("_total") is (metric.kind is Kind.COUNTER)
    assert re.fullmatch(r"[A-Z][^.]*\.", metric.help)


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_a_metric_has_no_label_that_others_own(metric: Metric) -> None:
    """
    Prometheus sets job and instance, histograms and summaries set le and quantile.
    """
    assert not {"type", "job", "instance", "le", "quantile", "__name__"} & {*metric.labels}
    assert len({*metric.labels}) == len(metric.labels)


def test_a_name_is_there_once() -> None:
    """
    Two rows of one name would be two families of one name.
    """
    names = [metric.name for metric in CATALOGUE]

    assert len({*names}) == len(names) > 20
