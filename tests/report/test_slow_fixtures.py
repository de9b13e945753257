"""
Fixtures that take much of a session.
"""

from paceline.model import FixtureScope, FixtureTime
from paceline.report.slow_fixtures import slow_fixtures
from support.values import make_run


def _words(*fixtures: FixtureTime) -> str:
    return slow_fixtures(make_run(0, fixtures=fixtures, started=0.0, ended=8.0))


def test_a_fixture_that_takes_a_tenth_of_the_session_is_named() -> None:
    """
    With its scope and its share; how often it was set up is there where that is more than once.
    """
    db = FixtureTime(name="db", scope=FixtureScope.SESSION, seconds=3.2)
    client = FixtureTime(name="client", scope=FixtureScope.FUNCTION, seconds=0.8, setups=20)
    quick = FixtureTime(name="quick", scope=FixtureScope.FUNCTION, seconds=0.7)

    assert _words(db, client, quick) == (
        "session fixture db 3.2 s of 8 s, function fixture client 800 ms of 8 s in 20 setups"
    )
    assert _words(quick) == ""


def test_a_sum_over_workers_is_no_share_of_the_session() -> None:
    """
    Four workers set up a fixture at the same time.
    """
    db = FixtureTime(name="db", scope=FixtureScope.SESSION, seconds=12.8, setups=4)

    assert _words(db) == "session fixture db 12.8 s in 4 setups"
