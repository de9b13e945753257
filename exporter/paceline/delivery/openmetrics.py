"""
Samples as OpenMetrics text, as `promtool tsdb create-blocks-from openmetrics` reads it.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from paceline.metrics.catalogue import CATALOGUE, Metric
from paceline.metrics.run_samples import Sample, quoted

_NONE: Mapping[str, str] = MappingProxyType({})
# Of a series: a timestamp, a value, the next timestamp.
_Points: TypeAlias = "array[float]"


def exposition(samples: Iterable[Sample], constant: Mapping[str, str] = _NONE) -> Iterator[str]:
    """
    The lines of the text, each with its end.

    OpenMetrics wants the samples of a family together, those of a series within them too, and by time. A second
    sample of a series at one time is left out.

    Args:
        samples: in any order.
        constant: labels of every series beside its own.

    Source: OpenMetrics 1.0, "Overall structure" and "MetricFamily".
    """
    families: defaultdict[Metric, dict[tuple[str, ...], _Points]] = defaultdict(dict)
    for metric, labels, value, timestamp in samples:
        families[metric].setdefault(labels, array("d")).extend((timestamp, value))
    for metric in CATALOGUE:
        if metric in families:
            yield from _family(metric, families[metric], constant)
    yield "# EOF\n"


def _family(metric: Metric, series: dict[tuple[str, ...], _Points], constant: Mapping[str, str]) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind.value}\n"
    for labels, points in series.items():
        named = {**dict(zip(metric.labels, labels, strict=True)), **constant}
        pairs = ",".join(f"{name}={quoted(value)}" for name, value in named.items())
        for stamp, value in _by_time(points).items():
            yield f"{metric.name}{{{pairs}}} {value!r} {stamp}\n"


def _by_time(points: _Points) -> dict[str, float]:
    stamped: dict[str, float] = {}
    for timestamp, value in sorted(zip(points[::2], points[1::2], strict=True)):
        # Prometheus counts in milliseconds, and takes one sample of a series for each.
        stamped.setdefault(f"{timestamp:.3f}", value)
    return stamped
