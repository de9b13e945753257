"""
The fixtures whose setups take much of a session, in words.
"""

from paceline.formatting import counted, duration
from paceline.model import FixtureTime, Run

_SHARE = 0.1
_SHORTEST_SECONDS = 0.1
_MOST = 3


def slow_fixtures(run: Run) -> str:
    """
    The fixtures that took at least a tenth of the session, the slowest first; "" if there are none.
    """
    least = max(_SHARE * run.duration_seconds, _SHORTEST_SECONDS)
    slow = [fixture for fixture in run.fixtures if fixture.seconds >= least][:_MOST]
    return ", ".join(_words(fixture, run.duration_seconds) for fixture in slow)


def _words(fixture: FixtureTime, session: float) -> str:
    # Workers set up fixtures at the same time, so that the sum may be longer than the session.
    share = f" of {duration(session)}" if fixture.seconds <= session else ""
    setups = f" in {counted(fixture.setups, 'setup')}" if fixture.setups > 1 else ""
    return f"{fixture.scope} fixture {fixture.name} {duration(fixture.seconds)}{share}{setups}"
