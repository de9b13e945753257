"""
Which runs go out with a scrape, and when one has been seen by all who scrape.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from functools import partial
from math import inf
from typing import Final, TypeAlias

from msgspec import Struct

from paceline.history.sqlite.exporter_ledger import Exposed
from paceline.server.scrapers import Scraper, Scrapers, Visits

# Without anybody who scrapes, a run waits so long. It stays in the ledger.
LONGEST_SECONDS = 7 * 24 * 3600.0
# A run leaves so long before the window closes on it: Prometheus counts from its newest sample, which may be a minute
# ahead of now, as far as a clock that is off is let be, and a scrape that is under way may take up to a minute.
MARGIN_SECONDS = 120.0
SeriesKey: TypeAlias = Callable[[Exposed], Hashable]
_HOUR, _DAY = 3600.0, 24 * 3600.0
# One sample that is older than its out_of_order_time_window, and Prometheus refuses the whole answer. These are the
# windows that people set: runs that are within one of them never share an answer with runs that are not.
WINDOWS = (
    *(hours * _HOUR for hours in (0.5, 1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 3, 7, 14, 30)),
)


class ExposureRules(Struct, frozen=True, kw_only=True):
    """
    A run is exposed for at least so many seconds, and to each who scrapes at least so often. One answer has at
    most so many samples, unless the first run alone has more. What ended longer than `window` seconds ago is exposed
    no longer.
    """

    seconds: float
    scrapes: int
    samples: int
    window: float = inf


class Retired(Struct, frozen=True, kw_only=True):
    """
    A run that is exposed no longer, and whether everybody who scrapes had it.
    """

    run: Exposed
    is_seen: bool


class Exposures:
    """
    The runs on their way, and how often each scraper has seen each. Times are arguments.

    Args:
        rules: for how long, and how many at once.
        runs: what is exposed already.
        series: a key of the series of a run: runs with equal keys may have series in common.
        scrapers: who has seen which run.
    """

    def __init__(self, rules: ExposureRules, runs: Iterable[Exposed], series: SeriesKey, scrapers: Scrapers) -> None:
        self._rules: Final = rules
        self._runs: Final = {run.run_id: run for run in runs}
        self._series: Final = series
        self._scrapers: Final = scrapers

    def __len__(self) -> int:
        return len(self._runs)

    def add(self, run: Exposed) -> None:
        """
        Expose a run from now on; nobody has seen it as it is now.
        """
        self._runs[run.run_id] = run
        self._scrapers.unsee([run.run_id])

    def choose(self, scraper: Scraper, samples_of: Callable[[Exposed], int], now: float) -> list[Exposed]:
        """
        The runs for one answer, in the order of their ends: of one class of age, those first that this scraper has
        seen least, then those that came first, as many as there is room for. Those that it has seen often enough come
        by lot: two Prometheus that are taken for one would each get their share only, if all went in turn.

        Args:
            scraper: who asks; a person, whose name is "", sees all classes.
            samples_of: tells how many samples a run has; asked only for runs that there may be room for.
            now: seconds since 1970.
        """
        known = self._scrapers.visits(scraper.name)
        room = self._rules.samples
        chosen: list[Exposed] = []
        current = [run for run in self._runs.values() if now - run.ended <= self._rules.window]
        turn = self._next_class(known, current, now) if scraper.name else current
        runs = sorted(turn, key=partial(self._place, known))
        for run in runs if scraper.takes_many else self._first_of_each_series(runs):
            room -= samples_of(run)
            if room < 0 and chosen:
                break
            chosen.append(run)
        return sorted(chosen, key=lambda run: (run.stamp, run.run_id))

    def delivered(self, scraper: str, runs: Sequence[Exposed], now: float) -> None:
        """
        Note that a scraper has got the runs of an answer.
        """
        klass = age_class(now - runs[0].ended) if runs else None
        self._scrapers.note(scraper, [run.run_id for run in runs], klass, now)

    def retire(self, now: float) -> list[Retired]:
        """
        Take out the runs that have been exposed long enough, or that the window has closed on.
        """
        self._scrapers.forget(now)
        over = [run for run in self._runs.values() if self._is_over(run, now)]
        retired = [Retired(run=run, is_seen=self._scrapers.least(run.run_id) > 0) for run in over]
        for run in over:
            del self._runs[run.run_id]
        self._scrapers.unsee(run.run_id for run in over)
        return retired

    def _next_class(self, scraper: Visits, runs: Iterable[Exposed], now: float) -> Collection[Exposed]:
        """
        The runs whose turn it is: those of the class of age that was answered longest ago, the recent ones first.
        Classes in which nothing is wanted any more wait for the others, and then come by lot.
        """
        classes: defaultdict[int, list[Exposed]] = defaultdict(list)
        for run in runs:
            classes[age_class(now - run.ended)].append(run)

        def rank(number: int) -> tuple[bool, int, int]:
            is_seen = all(scraper.times(run.run_id) >= self._rules.scrapes for run in classes[number])
            return (is_seen, scraper.lot(number) if is_seen else scraper.turns.get(number, 0), number)

        return classes[min(classes, key=rank)] if classes else ()

    def _place(self, scraper: Visits, run: Exposed) -> tuple[int, float]:
        seen, enough = scraper.times(run.run_id), self._rules.scrapes
        return (seen, run.since) if seen < enough else (enough, scraper.lot(run.run_id))

    def _first_of_each_series(self, runs: Iterable[Exposed]) -> Iterator[Exposed]:
        taken: set[Hashable] = set()
        for run in runs:
            key = self._series(run)
            if key not in taken:
                taken.add(key)
                yield run

    def _is_over(self, run: Exposed, now: float) -> bool:
        waited = now - run.since
        if waited > LONGEST_SECONDS or now - run.ended > self._rules.window:
            return True
        return waited >= self._rules.seconds and self._scrapers.least(run.run_id) >= self._rules.scrapes


def age_class(seconds: float) -> int:
    """
    The number of the class of an age: how many of the windows it is beyond.
    """
    return bisect_left(WINDOWS, seconds)


def shares_series(runs: Sequence[Exposed], series: SeriesKey) -> bool:
    """
    Whether two of these runs may have a series in common.
    """
    return len({series(run) for run in runs}) < len(runs)
