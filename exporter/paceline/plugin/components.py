"""
What the plugin is made of.
"""

from dataclasses import dataclass

from paceline.plugin.collect.plan import Planner
from paceline.plugin.guard import Guard
from paceline.plugin.measure.meter import Meter
from paceline.plugin.measure.repeat import Repeats
from paceline.probes.own_overhead import OwnWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """
    The parts that hooks share. There is no meter where xdist's workers run the tests.
    """

    planner: Planner
    meter: Meter | None
    own: OwnWork
    guard: Guard
    repeats: Repeats
