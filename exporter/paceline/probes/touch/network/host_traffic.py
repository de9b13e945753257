"""
From the traffic as it was counted to that which is kept with a test.
"""

from collections.abc import Mapping

from paceline.model import HostTraffic
from paceline.probes.touch.network.requests import Traffic

_KEPT = 10


def host_traffic(hosts: Mapping[str, Traffic]) -> tuple[HostTraffic, ...]:
    """
    The hosts that a test talked to most, by requests and connections.
    """
    most = sorted(hosts.items(), key=lambda one: -(one[1].requests + one[1].connections))
    return tuple(
        HostTraffic(
            host=host,
            requests=traffic.requests,
            errors=traffic.errors,
            connections=traffic.connections,
            seconds=traffic.seconds,
            received_bytes=traffic.received,
        )
        for host, traffic in most[:_KEPT]
    )
