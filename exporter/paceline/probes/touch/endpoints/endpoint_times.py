"""
From the answers as they were timed to those that are kept with a test.
"""

from collections.abc import Mapping

from paceline.analysis.estimators import quantile
from paceline.model import EndpointTimes
from paceline.probes.touch.endpoints.responses import RouteAnswers


def endpoint_times(endpoints: Mapping[str, RouteAnswers]) -> tuple[EndpointTimes, ...]:
    """
    The endpoints, all answers together, those first that took most time.
    """
    most = sorted(endpoints.items(), key=lambda one: -one[1].total)
    return tuple(_times(name, answers) for name, answers in most)


def _times(name: str, answers: RouteAnswers) -> EndpointTimes:
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
