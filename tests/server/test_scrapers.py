"""
Who scrapes, and what is kept of it.
"""

import pytest

from paceline.server.scrapers import FORGET_SECONDS, Scrapers, resumed, takes_many

_NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("user_agent", "is_so"),
    [
        ("Prometheus/2.40.0", True),
        ("Prometheus/2.51.2", True),
        ("Prometheus/2.52.0-rc.1", False),
        ("Prometheus/2.53.2", False),
        ("Prometheus/2.53.3", True),
        ("Prometheus/2.54.0", False),
        ("Prometheus/2.54.1", True),
        ("Prometheus/3.5.0", True),
        ("otelcol-contrib/0.103.0 (linux/amd64)", False),
        ("", False),
    ],
)
def test_the_versions_that_keep_one_sample_of_a_series_are_known(user_agent: str, is_so: bool) -> None:
    """
    A program that does not say which Prometheus is in it may be one of them.
    """
    assert takes_many(user_agent) is is_so


def test_the_time_without_an_exporter_is_not_the_absence_of_a_scraper() -> None:
    """
    One of a pair was there a minute ago and one five hours ago, and so it is after a night without the exporter.
    """
    scrapers = Scrapers(3)
    scrapers.note("there", ["run-1"], 0, _NOW)
    scrapers.note("away", [], None, _NOW - 5 * 3600)
    morning = _NOW + 12 * 3600
    again = Scrapers(3, resumed(scrapers.encoded(), morning))
    again.forget(morning)

    assert (len(again), again.visits("there").seen, again.least("run-1")) == (2, {"run-1": 1}, 0)
    again.forget(morning + FORGET_SECONDS - 4 * 3600)
    assert (len(again), again.least("run-1")) == (1, 1)
