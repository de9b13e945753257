"""
How much of the error rate of benchmarks is owed to thresholds chosen on them: `python benchmarks/held_out.py`.

Each group of benchmarks in `data/ci_series.json.gz` is judged with thresholds that were chosen on the other groups, and
with those that were chosen on the group itself: no thresholds of this form can do better there. Chosen are those that
find most slowdowns by a quarter with at most half a false alarm in a hundred. Beside them are the thresholds of
Paceline, and both halves of each group by these. The last lines draw groups and series with replacement, as if others
had been recorded.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, product
from pathlib import Path
from random import Random
from typing import NamedTuple

from recordings import Recording, read_recordings
from tabulate import tabulate
from trial import Judged, Trial

from paceline.analysis.judgement_rules import RegressionRule
from paceline.analysis.verdicts.regression import UsualDuration

_DATA = Path(__file__).with_name("data") / "ci_series.json.gz"
_MADE, _END = "<!-- made by benchmarks/held_out.py -->\n", "<!-- end of benchmarks/held_out.py -->\n"
_FACTOR = 1.25
_MOST_FALSE = 0.5
# Robust standard deviations of a window, as shares of its median.
_NOISES = (0.0, 0.02, 0.04, 0.07, 1.0)
_DRAWS = 2000
_SEED = 20261202

Groups = Mapping[str, Mapping[str, Sequence[Trial]]]


class Thresholds(NamedTuple):
    """
    A rule, and how many times the median the usual spikes of a test count at most.
    """

    ratio: float = RegressionRule().ratio
    spreads: float = RegressionRule().spreads
    spikes: float = 1.3

    def limit(self, level: UsualDuration) -> float:
        usual = level._replace(high=min(level.high, self.spikes * level.median))
        return usual.limit(RegressionRule(ratio=self.ratio, spreads=self.spreads))

    def __str__(self) -> str:
        return f"{self.ratio:g}, {self.spreads:g}, {self.spikes:g}"


_OWN = Thresholds()
_CHOICE = [
    Thresholds(*one)
    for one in product(
        (1.06, 1.08, 1.1, 1.12, 1.15, 1.18, 1.2, 1.25), (2.0, 2.5, 3.5, 5.0, 7.0), (1.0, 1.05, 1.1, 1.2, 1.3)
    )
]


class Rates(NamedTuple):
    """
    Of so many trials, those with a false alarm, and those found when made slower.
    """

    trials: int
    false: int
    found: int

    @property
    def false_percent(self) -> float:
        return 100 * self.false / max(self.trials, 1)

    @property
    def found_percent(self) -> float:
        return 100 * self.found / max(self.trials, 1)

    def __str__(self) -> str:
        return f"{self.false_percent:.2f}, {self.found_percent:.0f}%"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what thresholds owe to the data they were chosen on.")
    parser.add_argument("--data", type=Path, default=_DATA, help="a file of benchmarks, as of recordings.py")
    parser.add_argument("--page", type=Path, help="a Markdown page whose part on held-out groups is made again")
    asked = parser.parse_args()
    unchanged = [one for one in read_recordings(asked.data) if one.is_unchanged and not one.is_suite]
    groups = {recording.name: _by_test(recording) for recording in unchanged}
    text = f"{_held_out(groups)}\n\n{_by_noise(groups)}\n\n{_resampled(groups)}\n"
    print(text)
    if asked.page:
        before, _, rest = asked.page.read_text("utf-8").partition(_MADE)
        asked.page.write_text(f"{before}{_MADE}\n{text}\n{_END}{rest.partition(_END)[2]}", "utf-8")


def _by_test(recording: Recording) -> Mapping[str, Sequence[Trial]]:
    tests: dict[str, list[Trial]] = {}
    for trial in Judged(recording).trials:
        tests.setdefault(trial.test, []).append(trial)
    return tests


def _rates(trials: Iterable[Trial], rule: Thresholds) -> Rates:
    judged = [(trial.seconds, rule.limit(trial.level)) for trial in trials]
    false = sum(seconds > limit for seconds, limit in judged)
    found = sum(_FACTOR * seconds > limit for seconds, limit in judged)
    return Rates(len(judged), false, found)


def _trials(groups: Groups, names: Iterable[str]) -> list[Trial]:
    return [trial for name in names for trials in groups[name].values() for trial in trials]


def _best(trials: Sequence[Trial]) -> Thresholds:
    """
    The thresholds that find most with few false alarms; those with fewest where none has few.
    """
    rates = [(rule, _rates(trials, rule)) for rule in _CHOICE]
    few = [one for one in rates if one[1].false_percent <= _MOST_FALSE]
    if not few:
        return min(rates, key=lambda one: (one[1].false, -one[1].found))[0]
    return max(few, key=lambda one: (one[1].found, -one[1].false))[0]


def _held_out(groups: Groups) -> str:
    rows = []
    for name in groups:
        own, others = _trials(groups, [name]), _trials(groups, [one for one in groups if one != name])
        middle = max(trial.run for trial in own) // 2
        halves = [[trial for trial in own if (trial.run > middle) is is_late] for is_late in (False, True)]
        chosen = [_OWN, _best(others), _best(own)]
        rows.append(
            (
                name,
                *(f"{_rates(own, rule)}" for rule in chosen),
                " / ".join(map(str, chosen[1:])),
                *(f"{_rates(half, _OWN)}" for half in halves),
            )
        )
    whole = _trials(groups, groups)
    best = _best(whole)
    rows.append(
        (
            "**all**",
            str(_rates(whole, _OWN)),
            "",
            str(_rates(whole, best)),
            str(best),
            "",
            "",
        )
    )
    head = (
        "group",
        "Paceline",
        "chosen on the others",
        "chosen on itself",
        "thresholds of both",
        "first half",
        "second half",
    )
    return tabulate(rows, head, tablefmt="github", disable_numparse=True)


def _by_noise(groups: Groups) -> str:
    """
    The same by how much a test varied in the runs before.
    """
    whole = _trials(groups, groups)
    rows = []
    for low, high in pairwise(_NOISES):
        own = [trial for trial in whole if low <= trial.level.spread / trial.level.median < high]
        best, large = (
            _best(own),
            [one for one in own if one.seconds > max(_OWN.limit(one.level), _FACTOR * one.level.median)],
        )
        rates = _rates(own, _OWN)
        name = f"{low:.0%} to {high:.0%}" if high < 1 else f"more than {low:.0%}"
        rows.append((name, f"{len(own):,}", str(rates), str(_rates(own, best)), f"{len(large)} of {rates.false}"))
    head = ("noise of the runs before", "runs", "Paceline", "chosen on these", "false alarms above 1.25x")
    return tabulate(rows, head, tablefmt="github", disable_numparse=True)


def _resampled(groups: Groups) -> str:
    random = Random(_SEED)
    of_series = {name: [_rates(trials, _OWN) for trials in tests.values()] for name, tests in groups.items()}
    drawn = [_drawn(of_series, random) for _ in range(_DRAWS)]
    rows = []
    for name, rates in (
        ("false alarms / 100", sorted(one.false_percent for one in drawn)),
        ("1.25x found, %", sorted(one.found_percent for one in drawn)),
    ):
        rows.append((name, *(f"{rates[int(share * (len(rates) - 1))]:.2f}" for share in (0.05, 0.5, 0.95))))
    return tabulate(rows, ("groups drawn anew", "5%", "median", "95%"), tablefmt="github", disable_numparse=True)


def _drawn(of_series: Mapping[str, Sequence[Rates]], random: Random) -> Rates:
    names = random.choices(list(of_series), k=len(of_series))
    series = [one for name in names for one in random.choices(of_series[name], k=len(of_series[name]))]
    return Rates(*map(sum, zip(*series, strict=True)))


if __name__ == "__main__":
    main()
