"""
Which runs go out with a scrape, and for how long.
"""

from collections.abc import Iterable
from typing import Any

import pytest

from paceline.history.sqlite.exporter_ledger import Exposed
from paceline.server.exposures import WINDOWS, ExposureRules, Exposures, shares_series
from paceline.server.scrapers import Scraper, Scrapers

_RULES = ExposureRules(seconds=900, scrapes=3, samples=100)
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 24 * 3600.0


def _run(number: int, **changes: object) -> Exposed:
    known: dict[str, Any] = {"suite": "shop", "branch": "main", "ended": float(number), "since": float(number)}
    run = known | changes
    return Exposed(run_id=f"run-{number}", stamp=round(run["ended"] * 1e3), **run)


def _exposures(runs: Iterable[Exposed] = (), rules: ExposureRules = _RULES) -> Exposures:
    return Exposures(rules, runs, _series, Scrapers(rules.scrapes))


def _series(run: Exposed) -> tuple[str, str]:
    return run.suite, run.branch


def _scrape(exposures: Exposures, scraper: str, now: float, samples: int = 10) -> list[str]:
    chosen = exposures.choose(Scraper(name=scraper), lambda _: samples, now)
    exposures.delivered(scraper, chosen, now)
    return [run.run_id for run in chosen]


def _retire(exposures: Exposures, now: float) -> list[str]:
    return [one.run.run_id for one in exposures.retire(now)]


def test_a_run_stays_for_its_time_however_often_it_is_seen() -> None:
    """
    Fifteen minutes, at a scrape every minute.
    """
    exposures = _exposures([_run(0)])
    seen = [
        minute
        for minute in range(20)
        if _scrape(exposures, "a", minute * _MINUTE) + _retire(exposures, minute * _MINUTE)
    ]

    assert seen == list(range(16))


def test_a_run_waits_for_three_scrapes_of_each() -> None:
    """
    One of a pair that scrapes once an hour holds it, however often the other one comes.
    """
    exposures = _exposures([_run(0)])
    _scrape(exposures, "rare", 0)
    for minute in range(1, 125):
        _scrape(exposures, "often", minute * _MINUTE)
        if minute % 60 == 0:
            _scrape(exposures, "rare", minute * _MINUTE)
        gone = _retire(exposures, minute * _MINUTE)
        if gone:
            break

    assert (minute, gone) == (120, ["run-0"])


def test_a_prometheus_that_was_away_for_an_hour_misses_nothing() -> None:
    """
    What came meanwhile is there when it is back, though the other of the pair has seen it.
    """
    exposures = _exposures()
    _scrape(exposures, "away", 0)
    for minute in range(60):
        exposures.add(_run(minute, since=minute * _MINUTE))
        _scrape(exposures, "there", minute * _MINUTE, samples=1)
        assert _retire(exposures, minute * _MINUTE) == []

    assert len(_scrape(exposures, "away", _HOUR, samples=1)) == 60


def test_one_that_never_comes_back_is_forgotten() -> None:
    """
    After six hours nobody waits for it.
    """
    exposures = _exposures([_run(0)])
    _scrape(exposures, "gone", 0)
    for hour in range(1, 8):
        _scrape(exposures, "there", hour * _HOUR)
        gone = _retire(exposures, hour * _HOUR)

    assert (hour, gone) == (7, ["run-0"])


def test_of_many_names_those_that_come_again_are_remembered() -> None:
    """
    A hundred: what one of them has had does not go first, and one that came once begins anew.
    """
    scrapers = Scrapers(_RULES.scrapes)
    exposures = Exposures(_RULES, [_run(0)], _series, scrapers)
    for now in range(3):
        _scrape(exposures, "there", now)
    for number in range(1000):
        _scrape(exposures, f"once-{number}", 10 + number)
    exposures.add(_run(1, since=2000.0))

    assert len(scrapers) == 100
    assert _scrape(exposures, "there", 2000, samples=100) == ["run-1"]
    assert _scrape(exposures, "once-0", 2000, samples=100) == ["run-0"]


def test_without_anybody_a_run_waits_a_week() -> None:
    """
    Then it is in the ledger alone.
    """
    exposures = _exposures([_run(0)])

    assert _retire(exposures, 7 * _DAY) == []
    assert _retire(exposures, 7 * _DAY + 1) == ["run-0"]


def test_a_run_that_leaves_the_window_is_exposed_no_longer() -> None:
    """
    Not even in the answer before it is retired; who had not seen it by then never will.
    """
    exposures = _exposures([_run(0), _run(1)], ExposureRules(seconds=900, scrapes=3, samples=100, window=_HOUR))
    answers = [_scrape(exposures, "a", now) for now in (_HOUR, _HOUR + 0.5)]
    exposures.add(_run(2, ended=1.0))
    retired = exposures.retire(_HOUR + 1.5)

    assert answers == [["run-0", "run-1"], ["run-1"]]
    assert [(one.run.run_id, one.is_seen) for one in retired] == [("run-0", True), ("run-1", True), ("run-2", False)]


def test_what_one_of_two_has_not_seen_is_not_seen() -> None:
    """
    Nor is what nobody came for.
    """
    exposures = _exposures([_run(0)], ExposureRules(seconds=900, scrapes=3, samples=100, window=_HOUR))
    _scrape(exposures, "away", -1)
    exposures.add(_run(0))
    _scrape(exposures, "there", 0)

    assert [one.is_seen for one in exposures.retire(_HOUR + 1)] == [False]


def test_what_has_no_room_goes_with_the_next_scrape() -> None:
    """
    Those first that were seen least, so that all come in turn; each answer is in the order of their ends.
    """
    exposures = _exposures([_run(number) for number in range(5)])
    answers = [_scrape(exposures, "a", 0, samples=40) for _ in range(5)]

    assert answers == [
        ["run-0", "run-1"],
        ["run-2", "run-3"],
        ["run-0", "run-4"],
        ["run-1", "run-2"],
        ["run-3", "run-4"],
    ]


def test_a_run_that_is_too_large_goes_alone() -> None:
    """
    It would wait for ever otherwise.
    """
    exposures = _exposures([_run(0), _run(1)])

    assert _scrape(exposures, "a", 0, samples=1000) == ["run-0"]
    assert _scrape(exposures, "a", 0, samples=1000) == ["run-1"]


def test_a_run_that_came_again_is_seen_by_nobody() -> None:
    """
    A whole one in the place of what a crash left.
    """
    exposures = _exposures([_run(0)])
    for _ in range(3):
        _scrape(exposures, "a", 0)
    exposures.add(_run(0, since=1.0))

    assert _retire(exposures, _HOUR) == []


@pytest.mark.parametrize("window", WINDOWS)
def test_a_run_within_a_window_is_never_beside_one_that_is_not(window: float) -> None:
    """
    As a Prometheus with that window refuses the whole answer then; those of one class are in one.
    """
    exposures = _exposures([_run(number, ended=-window - number / 2) for number in range(3)])

    assert [_scrape(exposures, "a", 0) for _ in range(2)] == [["run-0"], ["run-2", "run-1"]]


def test_classes_of_age_take_turns() -> None:
    """
    However often a new run comes, those that are late are seen as often as they have to.
    """
    exposures = _exposures([_run(100, ended=-_DAY), _run(200, ended=-3 * _HOUR)])
    answers = []
    for number in range(9):
        exposures.add(_run(number))
        answers.append(_scrape(exposures, "a", 9.0)[0])

    assert answers == ["run-0", "run-200", "run-100"] * 3


def test_a_class_that_was_seen_waits_for_one_that_was_not() -> None:
    """
    So that what is new is there with the next scrape.
    """
    exposures = _exposures([_run(100, ended=-_DAY)])
    for _ in range(3):
        _scrape(exposures, "a", 0)
    exposures.add(_run(0))

    assert [_scrape(exposures, "a", 0) for _ in range(3)] == [["run-0"]] * 3


def test_a_person_sees_all() -> None:
    """
    Who looks refuses nothing.
    """
    exposures = _exposures([_run(100, ended=-_DAY), _run(0)])

    assert [run.run_id for run in exposures.choose(Scraper(), lambda _: 10, 0.0)] == ["run-100", "run-0"]


@pytest.mark.parametrize(
    ("changes", "is_so"),
    [({}, True), ({"suite": "other"}, False), ({"branch": "mine"}, False), ({"branch": "main2"}, False)],
)
def test_runs_of_one_suite_and_branch_share_series(changes: dict[str, object], is_so: bool) -> None:
    """
    All others have series of their own.
    """
    assert shares_series([_run(0), _run(1, **changes)], _series) is is_so


def test_a_scraper_that_keeps_one_sample_of_a_series_gets_one() -> None:
    """
    Of each suite and branch the run that it has seen least; the next answer has the next run.
    """
    scraper = Scraper(name="a", takes_many=False)
    exposures = _exposures([_run(0), _run(1), _run(2, suite="other"), _run(3, branch="mine")])
    answers = []
    for _ in range(2):
        chosen = exposures.choose(scraper, lambda _: 10, 0.0)
        exposures.delivered(scraper.name, chosen, 0.0)
        answers.append([run.run_id for run in chosen])

    assert answers == [["run-0", "run-2", "run-3"], ["run-1", "run-2", "run-3"]]
