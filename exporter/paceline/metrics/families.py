"""
Rows of the catalogue as families of prometheus-client.
"""

from collections.abc import Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from paceline.metrics.catalogue import Kind, Metric

_FAMILIES = {Kind.COUNTER: CounterMetricFamily, Kind.GAUGE: GaugeMetricFamily}


def family(
    metric: Metric, samples: Mapping[tuple[str, ...], float], labels: tuple[str, ...] | None = None
) -> CounterMetricFamily | GaugeMetricFamily:
    """
    A family of counters or gauges.

    Args:
        metric: the row.
        samples: values by the values of the labels.
        labels: their names, where they are not those of the row.
    """
    made: CounterMetricFamily | GaugeMetricFamily = _FAMILIES[metric.kind](
        metric.name, metric.help, labels=metric.labels if labels is None else labels
    )
    for values, value in samples.items():
        made.add_metric(values, value)
    return made
