"""
What is exposed arrives, whatever a Prometheus refuses.
"""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from paceline.history.sqlite.exporter_ledger import Exposed
from paceline.server.exposures import WINDOWS, ExposureRules, Exposures
from paceline.server.scrapers import Scraper, Scrapers

_NOW = 1_700_000_000.0
_SCRAPES = 3

_ages = st.floats(-60, 40 * 86400) | st.sampled_from(WINDOWS) | st.sampled_from(WINDOWS).map(lambda age: age + 0.001)
_rules = st.builds(ExposureRules, seconds=st.just(900), scrapes=st.just(_SCRAPES), samples=st.integers(1, 100))


def _run(name: str, ended: float) -> Exposed:
    return Exposed(run_id=name, suite="shop", branch="main", ended=ended, stamp=round(ended * 1e3), since=_NOW)


def _runs(ages: list[float]) -> list[Exposed]:
    return [_run(f"run-{number}", _NOW - age) for number, age in enumerate(ages)]


def _series(run: Exposed) -> tuple[str, str]:
    return run.suite, run.branch


def _scrape(exposures: Exposures, now: float, window: float) -> set[str]:
    """
    A Prometheus: it takes all of an answer, or nothing where one sample is older than its window.
    """
    answer = exposures.choose(Scraper(name="it"), lambda _: 10, now)
    exposures.delivered("it", answer, now)
    return {run.run_id for run in answer} if all(now - run.ended <= window for run in answer) else set()


@given(ages=st.lists(_ages, max_size=12), window=st.sampled_from(WINDOWS), rules=_rules)
def test_what_is_within_a_window_arrives(ages: list[float], window: float, rules: ExposureRules) -> None:
    """
    union(answers taken) == {run: age <= window}, in as many scrapes as the runs have to be seen.
    """
    runs = _runs(ages)
    exposures = Exposures(rules, runs, _series, Scrapers(_SCRAPES))
    arrived = set().union(*(_scrape(exposures, _NOW, window) for _ in range(_SCRAPES * len(runs))))

    assert arrived == {run.run_id for run in runs if _NOW - run.ended <= window}


@given(ages=st.lists(_ages, max_size=12), rules=_rules)
def test_every_run_is_seen_and_then_over(ages: list[float], rules: ExposureRules) -> None:
    """
    After so many scrapes as all have to be seen, none waits: nothing starves.
    """
    runs = _runs(ages)
    exposures = Exposures(rules, runs, _series, Scrapers(_SCRAPES))
    for _ in range(_SCRAPES * len(runs)):
        _scrape(exposures, _NOW, 0.0)

    assert {one.run.run_id for one in exposures.retire(_NOW + 900)} == {run.run_id for run in runs}


@given(ages=st.lists(_ages, min_size=1, max_size=12), rules=_rules)
def test_what_comes_later_holds_up_nothing(ages: list[float], rules: ExposureRules) -> None:
    """
    With a new run at every scrape, each of the others is seen all the same.
    """
    runs = _runs(ages)
    exposures = Exposures(rules, runs, _series, Scrapers(_SCRAPES))
    arrived: set[str] = set()
    for number in range(len(runs) + (len(WINDOWS) + 1) * len(runs)):
        now = _NOW + number / 1000
        exposures.add(_run(f"new-{number}", now))
        arrived |= _scrape(exposures, now, float("inf"))

    assert arrived >= {run.run_id for run in runs}


@given(ages=st.lists(_ages, max_size=12), rules=_rules, window=st.sampled_from(WINDOWS))
def test_nothing_leaves_its_window_unseen_and_untold(ages: list[float], rules: ExposureRules, window: float) -> None:
    """
    answered + retired unseen == all, and max(age answered) <= window, whether or not it is tended to between.
    """
    runs = _runs(ages)
    exposures = Exposures(replace(rules, window=window), runs, _series, Scrapers(_SCRAPES))
    answered = set().union(*(_scrape(exposures, _NOW, window) for _ in range(_SCRAPES * len(runs))))
    retired = {one.run.run_id: one.is_seen for one in exposures.retire(_NOW)}

    assert answered == {run.run_id for run in runs if _NOW - run.ended <= window}
    assert retired == {run.run_id: False for run in runs if run.run_id not in answered}


@given(suites=st.lists(st.sampled_from("abc"), max_size=12), rules=_rules)
def test_a_scraper_that_keeps_one_sample_of_a_series_gets_all_runs(suites: list[str], rules: ExposureRules) -> None:
    """
    union(the first run of each suite of an answer) == runs, though what else an answer has is lost.
    """
    runs = [replace(_run(f"run-{number}", _NOW - number), suite=suite) for number, suite in enumerate(suites)]
    exposures = Exposures(rules, runs, _series, Scrapers(_SCRAPES))
    kept: set[str] = set()
    for _ in range(_SCRAPES * len(runs)):
        answer = exposures.choose(Scraper(name="it", takes_many=False), lambda _: 10, _NOW)
        exposures.delivered("it", answer, _NOW)
        kept.update({run.suite: run.run_id for run in reversed(answer)}.values())

    assert kept == {run.run_id for run in runs}
