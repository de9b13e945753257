"""
Limits on the response time of an endpoint.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from paceline.measure import Measure
from paceline.model import EndpointTimes

_UNIT, _FIGURE = "seconds", " p95"
# A parameter of a route, as Flask and Django write it, or Starlette with its type.
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\{(\w+)(?::\w+)?\}")


class EndpointLimit(NamedTuple):
    """
    The longest that the answers of an endpoint may take, but for one in twenty. `endpoint` is a route, with or without
    the method of HTTP before it.
    """

    endpoint: str
    p95_seconds: float

    def measures(self, answered: Iterable[EndpointTimes]) -> dict[str, Measure]:
        """
        The figures that the limit is for, by name; without any, the test asked no such endpoint.

        Args:
            answered: the endpoints that answered the test.
        """
        return {
            f"{one.endpoint}{_FIGURE}": Measure(value=one.p95_seconds, unit=_UNIT, limit=self.p95_seconds)
            for one in answered
            if self.fits(one.endpoint)
        }

    def fits(self, name: str) -> bool:
        """
        Whether the limit is for an endpoint, whose name has its method: a route is the same in the words of Flask and
        Django (`<int:id>`) and in those of Starlette (`{id}`).
        """
        name = name.removesuffix(_FIGURE)
        return _plain(self.endpoint) in {_plain(name), _plain(name.partition(" ")[2])}

    def unknown(self, answered: Iterable[EndpointTimes]) -> str:
        """
        The failure of a test that asked no such endpoint.
        """
        asked = ", ".join(sorted(one.endpoint for one in answered))
        return (
            f"performance(endpoint={self.endpoint!r}): the test asked {asked or 'no endpoint'}, expected that endpoint"
        )


def _plain(route: str) -> str:
    return _PARAMETER.sub(lambda found: f"{{{found[1] or found[2]}}}", route)
