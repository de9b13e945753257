"""
Which runs go out with a scrape, and when one has been seen by all who scrape.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from paceline.history.served import Exposed

# A Prometheus that has not been seen for so long is not waited for.
FORGET_SECONDS = 6 * 3600.0
# Without anybody who scrapes, a run waits so long. It stays in the ledger.
LONGEST_SECONDS = 7 * 24 * 3600.0


class Rules(Struct, frozen=True, kw_only=True):
    """
    A run is exposed for at least so many seconds, and to each who scrapes at least so often. One answer has at
    most so many samples, unless the first run alone has more.
    """

    seconds: float
    scrapes: int
    samples: int


class Exposures:
    """
    The runs on their way, and how often each scraper has seen each. Times are arguments.

    A scraper is whoever asks as a Prometheus does, told apart by a name. One that was never seen before has seen
    nothing, so that the second of a redundant pair gets every run that is exposed when it comes.
    """

    def __init__(self, rules: Rules, runs: Iterable[Exposed] = ()) -> None:
        self._rules = rules
        self._runs = {run.run_id: run for run in runs}
        self._seen: dict[str, Counter[str]] = {}
        self._last: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def scrapers(self) -> int:
        return len(self._last)

    def add(self, run: Exposed) -> None:
        """
        Expose a run from now on; nobody has seen it as it is now.
        """
        self._runs[run.run_id] = run
        for seen in self._seen.values():
            seen.pop(run.run_id, None)

    def choose(self, scraper: str, samples_of: Callable[[Exposed], int]) -> list[Exposed]:
        """
        The runs for one answer, in the order of their ends: those first that this scraper has seen least, then those
        that came first, as many as there is room for.

        Args:
            scraper: who asks.
            samples_of: tells how many samples a run has; asked only for runs that there may be room for.
        """
        seen = self._seen.get(scraper, Counter())
        room = self._rules.samples
        chosen: list[Exposed] = []
        for run in sorted(self._runs.values(), key=lambda run: (seen[run.run_id], run.since)):
            room -= samples_of(run)
            if room < 0 and chosen:
                break
            chosen.append(run)
        return sorted(chosen, key=lambda run: (run.ended, run.run_id))

    def delivered(self, scraper: str, runs: Sequence[Exposed], now: float) -> None:
        """
        Note that a scraper has got runs.
        """
        self._last[scraper] = now
        self._seen.setdefault(scraper, Counter()).update(run.run_id for run in runs)

    def retire(self, now: float) -> list[str]:
        """
        Take out the runs that have been exposed long enough.
        """
        for scraper in [name for name, last in self._last.items() if now - last > FORGET_SECONDS]:
            del self._last[scraper], self._seen[scraper]
        over = [run_id for run_id, run in self._runs.items() if self._is_over(run, now)]
        for run_id in over:
            del self._runs[run_id]
            for seen in self._seen.values():
                seen.pop(run_id, None)
        return over

    def _is_over(self, run: Exposed, now: float) -> bool:
        age = now - run.since
        if age > LONGEST_SECONDS:
            return True
        is_seen = bool(self._seen) and all(seen[run.run_id] >= self._rules.scrapes for seen in self._seen.values())
        return is_seen and age >= self._rules.seconds


def shares_series(runs: Sequence[Exposed], branch_label: Callable[[str], str]) -> bool:
    """
    Whether two of these runs may have a series in common.
    """
    return len({(run.suite, branch_label(run.branch)) for run in runs}) < len(runs)
