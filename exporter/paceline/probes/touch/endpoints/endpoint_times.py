"""
From the answers as they were timed to those that are kept with a test.
"""

from collections.abc import Mapping

from paceline.analysis.estimators import quantile
from paceline.model import EndpointTimes
from paceline.probes.touch.endpoints.responses import Answers

_KEPT = 20


def endpoint_times(endpoints: Mapping[str, Answers]) -> tuple[EndpointTimes, ...]:
    """
    The endpoints that took most time, all answers together.
    """
    most = sorted(endpoints.items(), key=lambda one: -one[1].total)
    return tuple(_times(name, answers) for name, answers in most[:_KEPT])


def _times(name: str, answers: Answers) -> EndpointTimes:
    seconds = sorted(answers.seconds)
    return EndpointTimes(
        endpoint=name,
        requests=answers.count,
        errors=answers.errors,
        seconds=answers.total,
        p50_seconds=quantile(seconds, 0.5),
        p95_seconds=quantile(seconds, 0.95),
        max_seconds=seconds[-1],
    )
