"""
The endpoints of a run, over all of its tests.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from paceline.model import Case, EndpointTimes


class EndpointTotal(NamedTuple):
    """
    The answers of an endpoint to all tests of a run: mean and maximum in seconds.
    """

    endpoint: str
    requests: int
    errors: int
    mean_seconds: float
    max_seconds: float


def endpoint_totals(cases: Iterable[Case]) -> Iterator[EndpointTotal]:
    """
    One for each endpoint, in the order of their names.
    """
    found: dict[str, list[EndpointTimes]] = {}
    for case in cases:
        for times in case.endpoints:
            found.setdefault(times.endpoint, []).append(times)
    for endpoint, answers in sorted(found.items()):
        requests = sum(one.requests for one in answers)
        yield EndpointTotal(
            endpoint,
            requests,
            errors=sum(one.errors for one in answers),
            mean_seconds=sum(one.seconds for one in answers) / requests,
            max_seconds=max(one.max_seconds for one in answers),
        )
