"""
Which runs go out with a scrape, and when one has been seen by all who scrape.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from math import inf
from typing import Final
from zlib import crc32

from msgspec import Struct

from paceline.history.sqlite.exporter_ledger import Exposed
from paceline.metrics.runs_under_way import BranchLabel

# A Prometheus that has not been seen for so long is not waited for.
FORGET_SECONDS = 6 * 3600.0
# So many are remembered: anybody may ask under any name, and each is waited for.
MOST_SCRAPERS = 100
# Without anybody who scrapes, a run waits so long. It stays in the ledger.
LONGEST_SECONDS = 7 * 24 * 3600.0
# A run leaves so long before the window closes on it: Prometheus counts from its newest sample, which may be a minute
# ahead of now, as far as a clock that is off is let be, and a scrape that is under way may take up to a minute.
MARGIN_SECONDS = 120.0
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

    A scraper is whoever asks as a Prometheus does, told apart by a name. One that was never seen before has seen
    nothing, so that the second of a redundant pair gets every run that is exposed when it comes.
    """

    def __init__(self, rules: ExposureRules, runs: Iterable[Exposed] = ()) -> None:
        self._rules: Final = rules
        self._runs: Final = {run.run_id: run for run in runs}
        self._scrapers: Final[dict[str, _Scraper]] = {}

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def scrapers(self) -> int:
        return len(self._scrapers)

    def add(self, run: Exposed) -> None:
        """
        Expose a run from now on; nobody has seen it as it is now.
        """
        self._runs[run.run_id] = run
        self._unsee([run.run_id])

    def choose(self, scraper: str, samples_of: Callable[[Exposed], int], now: float) -> list[Exposed]:
        """
        The runs for one answer, in the order of their ends: of one class of age, those first that this scraper has
        seen least, then those that came first, as many as there is room for. Those that it has seen often enough come
        by lot: two Prometheus that are taken for one would each get their share only, if all went in turn.

        Args:
            scraper: who asks; "" for a person, who sees all classes.
            samples_of: tells how many samples a run has; asked only for runs that there may be room for.
            now: seconds since 1970.
        """
        known = self._scrapers.get(scraper) or _Scraper()
        room = self._rules.samples
        chosen: list[Exposed] = []
        current = [run for run in self._runs.values() if now - run.ended <= self._rules.window]
        runs = self._next_class(known, current, now) if scraper else current
        for run in sorted(runs, key=partial(self._place, known)):
            room -= samples_of(run)
            if room < 0 and chosen:
                break
            chosen.append(run)
        return sorted(chosen, key=lambda run: (run.stamp, run.run_id))

    def delivered(self, scraper: str, runs: Sequence[Exposed], now: float) -> None:
        """
        Note that a scraper has got the runs of an answer.
        """
        if scraper not in self._scrapers:
            self._make_room()
        known = self._scrapers.setdefault(scraper, _Scraper())
        known.last = now
        known.visits += 1
        known.seen.update(run.run_id for run in runs)
        if runs:
            known.answers += 1
            known.turns[age_class(now - runs[0].ended)] = known.answers

    def retire(self, now: float) -> list[Retired]:
        """
        Take out the runs that have been exposed long enough, or that the window has closed on.
        """
        for name in [name for name, known in self._scrapers.items() if now - known.last > FORGET_SECONDS]:
            del self._scrapers[name]
        over = [run for run in self._runs.values() if self._is_over(run, now)]
        retired = [Retired(run=run, is_seen=self._least_seen(run) > 0) for run in over]
        for run in over:
            del self._runs[run.run_id]
        self._unsee(run.run_id for run in over)
        return retired

    def _make_room(self) -> None:
        """
        Forget one where there are many: of those that came least often the one that has been away longest.
        """
        if len(self._scrapers) >= MOST_SCRAPERS:
            worth = {name: (min(one.visits, self._rules.scrapes), one.last) for name, one in self._scrapers.items()}
            del self._scrapers[min(worth, key=worth.__getitem__)]

    def _next_class(self, scraper: "_Scraper", runs: Iterable[Exposed], now: float) -> Collection[Exposed]:
        """
        The runs whose turn it is: those of the class of age that was answered longest ago, the recent ones first.
        Classes in which nothing is wanted any more wait for the others, and then come by lot.
        """
        classes: defaultdict[int, list[Exposed]] = defaultdict(list)
        for run in runs:
            classes[age_class(now - run.ended)].append(run)

        def rank(number: int) -> tuple[bool, int, int]:
            is_seen = all(scraper.seen[run.run_id] >= self._rules.scrapes for run in classes[number])
            return (is_seen, scraper.lot(number) if is_seen else scraper.turns.get(number, 0), number)

        return classes[min(classes, key=rank)] if classes else ()

    def _place(self, scraper: "_Scraper", run: Exposed) -> tuple[int, float]:
        seen, enough = scraper.seen[run.run_id], self._rules.scrapes
        return (seen, run.since) if seen < enough else (enough, scraper.lot(run.run_id))

    def _unsee(self, run_ids: Iterable[str]) -> None:
        for run_id in run_ids:
            for scraper in self._scrapers.values():
                scraper.seen.pop(run_id, None)

    def _is_over(self, run: Exposed, now: float) -> bool:
        waited = now - run.since
        if waited > LONGEST_SECONDS or now - run.ended > self._rules.window:
            return True
        return waited >= self._rules.seconds and self._least_seen(run) >= self._rules.scrapes

    def _least_seen(self, run: Exposed) -> int:
        return min((scraper.seen[run.run_id] for scraper in self._scrapers.values()), default=0)


class _Scraper:
    """
    When somebody came last, and how often; how often they have got each run, and in which of their answers each class
    of age was last.
    """

    def __init__(self) -> None:
        self.last = 0.0
        self.visits = 0
        self.answers = 0
        self.seen: Final[Counter[str]] = Counter()
        self.turns: Final[dict[int, int]] = {}

    def lot(self, drawn: object) -> int:
        """
        A number by chance, another one for each answer.
        """
        return crc32(f"{drawn} {self.answers}".encode())


def age_class(seconds: float) -> int:
    """
    The number of the class of an age: how many of the windows it is beyond.
    """
    return bisect_left(WINDOWS, seconds)


def shares_series(runs: Sequence[Exposed], branch_label: BranchLabel) -> bool:
    """
    Whether two of these runs may have a series in common.
    """
    return len({(run.suite, branch_label(run.branch, run.default_branch)) for run in runs}) < len(runs)
