"""
Who scrapes, and what each scraper has got.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from zlib import crc32

from msgspec import Struct, field, json

# A scraper that has not been seen for so long is not waited for.
FORGET_SECONDS = 6 * 3600.0
# So many are remembered: anybody may ask under any name, and each is waited for.
MOST_SCRAPERS = 100
_PROMETHEUS = re.compile(r"Prometheus/(\d+)\.(\d+)\.(\d+)")
# Of several samples of a series in one answer, these keep the first and drop the others without an error or a warning.
# Source: https://github.com/prometheus/prometheus/issues/14503.
_KEEPS_ONE: Final = (((2, 52, 0), (2, 53, 3)), ((2, 54, 0), (2, 54, 1)))


class Scraper(Struct, frozen=True, kw_only=True):
    """
    Whoever asks for run samples: its name, "" for a person, and whether it takes several samples of a series from one
    answer.
    """

    name: str = ""
    takes_many: bool = True


def takes_many(user_agent: str) -> bool:
    """
    Whether a program is known to take several samples of a series from one answer.

    Other programs than Prometheus contain its code in a version that they do not name.
    """
    found = _PROMETHEUS.match(user_agent)
    if found is None:
        return False
    major, minor, patch = map(int, found.groups())
    return not any(first <= (major, minor, patch) < fixed for first, fixed in _KEEPS_ONE)


class Visits(Struct, kw_only=True):
    """
    When a scraper came last, and how often; how often it has got each run, and in which of its answers each class
    of age was last.
    """

    last: float = 0.0
    visits: int = 0
    answers: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    turns: dict[int, int] = field(default_factory=dict)

    def lot(self, drawn: object) -> int:
        """
        A number by chance, another one for each answer.
        """
        return crc32(f"{drawn} {self.answers}".encode())

    def times(self, run_id: str) -> int:
        """
        How often the scraper has got a run.
        """
        return self.seen.get(run_id, 0)


def resumed(kept: Mapping[str, bytes], now: float) -> dict[str, Visits]:
    """
    The visits as they were kept, as if no time had passed since the last one: no scraper could come meanwhile.

    Args:
        kept: the visits as JSON, by name.
        now: seconds since 1970.
    """
    known = {name: json.decode(content, type=Visits) for name, content in kept.items()}
    latest = max((visits.last for visits in known.values()), default=now)
    for visits in known.values():
        visits.last += now - latest
    return known


class Scrapers:
    """
    The visits of all scrapers, by their names. Times are arguments.

    A scraper that was never seen before has seen nothing, so that the second of a redundant pair gets every run that is
    exposed when it comes.

    Args:
        scrapes: how often a run has to be seen.
        known: the visits before, by name.
    """

    def __init__(self, scrapes: int, known: Mapping[str, Visits] | None = None) -> None:
        self._scrapes: Final = scrapes
        self._visits: Final = dict(known or {})

    def __len__(self) -> int:
        return len(self._visits)

    def encoded(self) -> dict[str, bytes]:
        """
        The visits as JSON, by name.
        """
        return {name: json.encode(known) for name, known in self._visits.items()}

    def visits(self, name: str) -> Visits:
        """
        The visits of a scraper; without any for an unknown name.
        """
        return self._visits.get(name) or Visits()

    def note(self, name: str, run_ids: Iterable[str], age_class: int | None, now: float) -> None:
        """
        Note that a scraper has got an answer.

        Args:
            name: of the scraper.
            run_ids: the runs in the answer.
            age_class: the class of their age; None where the answer has no run.
            now: seconds since 1970.
        """
        if name not in self._visits:
            self._make_room()
        known = self._visits.setdefault(name, Visits())
        known.last = now
        known.visits += 1
        for run_id in run_ids:
            known.seen[run_id] = known.times(run_id) + 1
        if age_class is not None:
            known.answers += 1
            known.turns[age_class] = known.answers

    def forget(self, now: float) -> None:
        """
        Forget the scrapers that have been away for too long.
        """
        for name in [name for name, known in self._visits.items() if now - known.last > FORGET_SECONDS]:
            del self._visits[name]

    def unsee(self, run_ids: Iterable[str]) -> None:
        """
        Forget that anybody has seen these runs.
        """
        for run_id in run_ids:
            for known in self._visits.values():
                known.seen.pop(run_id, None)

    def least(self, run_id: str) -> int:
        """
        How often the scraper that has seen a run least has seen it; 0 without scrapers.
        """
        return min((known.times(run_id) for known in self._visits.values()), default=0)

    def _make_room(self) -> None:
        """
        Forget one where there are many: of those that came least often the one that has been away longest.
        """
        if len(self._visits) >= MOST_SCRAPERS:
            worth = {name: (min(one.visits, self._scrapes), one.last) for name, one in self._visits.items()}
            del self._visits[min(worth, key=worth.__getitem__)]
