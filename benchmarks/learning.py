"""
Detectors that learn, beside Paceline's rule, at the same false alarms: `python benchmarks/learning.py [--page PAGE]`.

Each gets the normalised times that Paceline judges, at most 30 runs before and the runs that it needs of the new level,
and gives a score. Its threshold is the one with as many false alarms on the unchanged runs as Paceline has there: it is
chosen on the same data, which is in its favour. Then the latest runs are made slower by a factor.

`uv pip install --group learning` installs ruptures and scikit-learn.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import exp, lgamma, log, pi
from pathlib import Path
from random import Random
from statistics import fmean, median, pvariance
from typing import NamedTuple

import numpy as np
import ruptures
from gate_recordings import case_of, read_recording
from recordings import Recording, read_recordings
from sklearn.ensemble import IsolationForest
from tabulate import tabulate
from trial import WINDOW, Judged

from paceline.analysis.estimators import quantile
from paceline.analysis.judgement_rules import RegressionRule
from paceline.analysis.verdicts.regression import UsualDuration
from paceline.model import Case
from paceline.usage import UsageKey

_DATA = Path(__file__).with_name("data")
_MADE, _END = "<!-- made by benchmarks/learning.py -->\n", "<!-- end of benchmarks/learning.py -->\n"
_FACTORS = (1.25, 1.5, 2.0)
_FEWEST = RegressionRule().min_runs
_SEED = 20261202
# As in judgement.py: shorter tests of a suite are not counted, and only longer ones are made slower.
_SHORTEST, _SHORTEST_SLOWED = 0.001, 0.010
# So many windows of a recording are enough, and a forest takes a tenth of a second for each.
_WINDOWS = 400
_NEAR = 3
# Besides the time: what else a test used.
_USED = (
    UsageKey.CPU_SECONDS,
    UsageKey.CPU_WAIT_SECONDS,
    UsageKey.VOLUNTARY_CONTEXT_SWITCHES,
    UsageKey.INVOLUNTARY_CONTEXT_SWITCHES,
    UsageKey.MEMORY_PEAK_BYTES,
    UsageKey.GC_COLLECTIONS,
)
_GROWS_WITH_TIME = 2


# The normalised seconds of a test in a run, and what else it used.
Vector = tuple[float, ...]


class Window(NamedTuple):
    """
    Runs of a test before, and of the level to be judged.
    """

    before: Sequence[Vector]
    after: Sequence[Vector]
    is_long: bool

    def slowed(self, factor: float) -> Sequence[Vector]:
        """
        The latest runs, with all that grows with the time made larger.
        """
        return [
            (*(factor * one for one in vector[:_GROWS_WITH_TIME]), *vector[_GROWS_WITH_TIME:]) for vector in self.after
        ]


# From runs before and several cases of what may come after: a score of each, larger where it is slower.
Scores = Callable[[Sequence[Vector], Sequence[Sequence[Vector]]], Sequence[float]]


class Detector(NamedTuple):
    """
    How a detector scores, and how many runs of the new level it needs.
    """

    scores: Scores
    runs_needed: int = 1


def _one_by_one(score: Callable[[Sequence[float], Sequence[float]], float]) -> Scores:
    """
    A detector that looks at times only, and at each case by itself; what is not slower has no score.
    """

    def scores(before: Sequence[Vector], afters: Sequence[Sequence[Vector]]) -> Sequence[float]:
        times = [one[0] for one in before]
        usual = median(times)
        news = [[one[0] for one in after] for after in afters]
        return [score(times, new) if median(new) > usual else 0.0 for new in news]

    return scores


def _rule(before: Sequence[float], after: Sequence[float]) -> float:
    """
    Paceline's own rule: the time as a multiple of its limit.
    """
    return after[-1] / UsualDuration.of(before).limit(RegressionRule())


def _kernel_change_point(before: Sequence[float], after: Sequence[float]) -> float:
    """
    ruptures, `KernelCPD` with a Gaussian kernel: the gain of its one change point where that is near the truth.

    Truong, C., Oudre, L. and Vayatis, N. (2020), "Selective review of offline change point detection methods".
    """
    signal = np.log(np.array([*before, *after]))[:, None]
    found = ruptures.KernelCPD(kernel="rbf", min_size=1).fit(signal)
    place = found.predict(n_bkps=1)[0]
    if abs(place - len(before)) > (_NEAR if len(after) > 1 else 0):
        return 0.0
    cost = ruptures.costs.CostRbf().fit(signal)
    cost.min_size = 1
    whole = len(signal)
    return float(cost.error(0, whole) - cost.error(0, place) - cost.error(place, whole))


def _forest(before: Sequence[Vector], afters: Sequence[Sequence[Vector]]) -> Sequence[float]:
    """
    scikit-learn's `IsolationForest` over all that a test used: how soon the latest run is apart from the others.

    Liu, F. T., Ting, K. M. and Zhou, Z.-H. (2008), "Isolation Forest".
    """
    usual = median(one[0] for one in before)
    forest = IsolationForest(n_estimators=100, random_state=_SEED).fit(np.array(before))
    apart = -forest.score_samples(np.array([after[-1] for after in afters]))
    return [float(score) if after[-1][0] > usual else 0.0 for score, after in zip(apart, afters, strict=True)]


def _bayesian(before: Sequence[float], after: Sequence[float]) -> float:
    """
    Bayesian online change point: the probability that the newest level began with the runs to be judged.

    Adams, R. P. and MacKay, D. J. C. (2007), "Bayesian Online Changepoint Detection"; of logarithms of times, with a
    normal-gamma prior at the level and the noise of the runs before.
    """
    times = [log(one) for one in (*before, *after)]
    mean, variance = fmean(times[: len(before)]), max(pvariance(times[: len(before)]), 1e-6)
    chances = [1.0]
    levels = [_Level(mean, 0.01, 1.0, variance)]
    for time in times:
        likely = [chance * level.density(time) for chance, level in zip(chances, levels, strict=True)]
        grown = [one * (1 - _HAZARD) for one in likely]
        chances = [sum(likely) * _HAZARD, *grown]
        whole = sum(chances) or 1.0
        chances = [one / whole for one in chances]
        levels = [_Level(mean, 0.01, 1.0, variance), *(level.after(time) for level in levels)]
    return sum(chances[: len(after) + 1])


_HAZARD = 1 / 100


class _Level(NamedTuple):
    """
    A normal-gamma belief on a level: Murphy, K. P. (2007), "Conjugate Bayesian analysis of the Gaussian distribution".
    """

    mean: float
    kappa: float
    alpha: float
    beta: float

    def density(self, value: float) -> float:
        freedom = 2 * self.alpha
        scale = self.beta * (self.kappa + 1) / (self.alpha * self.kappa)
        return exp(
            lgamma((freedom + 1) / 2)
            - lgamma(freedom / 2)
            - log(freedom * pi * scale) / 2
            - (freedom + 1) / 2 * log(1 + (value - self.mean) ** 2 / (freedom * scale))
        )

    def after(self, value: float) -> "_Level":
        kappa = self.kappa + 1
        return _Level(
            mean=(self.kappa * self.mean + value) / kappa,
            kappa=kappa,
            alpha=self.alpha + 0.5,
            beta=self.beta + self.kappa * (value - self.mean) ** 2 / (2 * kappa),
        )


_DETECTORS: Mapping[str, Detector] = {
    "Paceline": Detector(_one_by_one(_rule)),
    "isolation forest (scikit-learn)": Detector(_forest),
    "kernel change point (ruptures)": Detector(_one_by_one(_kernel_change_point)),
    "kernel change point (ruptures), four runs": Detector(_one_by_one(_kernel_change_point), 4),
    "Bayesian online change point": Detector(_one_by_one(_bayesian)),
    "Bayesian online change point, four runs": Detector(_one_by_one(_bayesian), 4),
}


def main() -> None:
    """
    Print a table of benchmarks and one of suites.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=Path, help="a Markdown page whose part on learning is made again")
    arguments = parser.parse_args()
    benchmarks = [one for one in read_recordings(_DATA / "ci_series.json.gz") if one.is_unchanged]
    suites = [_suite(path) for path in sorted(_DATA.glob("*.json.xz"))]
    text = "\n\n".join([_table("Benchmarks", benchmarks), _table("Suites", suites)])
    print(text)
    if arguments.page:
        before, _, rest = arguments.page.read_text("utf-8").partition(_MADE)
        arguments.page.write_text(f"{before}{_MADE}\n{text}\n\n{_END}{rest.partition(_END)[2]}", "utf-8")


def _suite(path: Path) -> Recording:
    recording = read_recording(path)
    return Recording(
        name=recording.name,
        runs=[[case_of(test, figures) for test, figures in run.cases.items()] for run in recording.runs],
        calibrations=[run.calibration for run in recording.runs],
        is_suite=True,
    )


def _table(kind: str, recordings: Sequence[Recording]) -> str:
    series = [(recording.is_suite, vectors) for recording in recordings for vectors in _series(recording)]
    share = 0.0
    rows: list[tuple[str, ...]] = []
    for name, detector in _DETECTORS.items():
        unchanged, slowed = _scored(detector, _windows(series, detector.runs_needed))
        if not rows:
            share = _share_above(1.0, unchanged)  # of Paceline's own limit
        threshold = quantile(sorted(unchanged), 1 - share) if rows else 1.0
        found = (f"{_share_above(threshold, [one[place] for one in slowed]):.0%}" for place in range(len(_FACTORS)))
        rows.append((name, str(detector.runs_needed), f"{100 * _share_above(threshold, unchanged):.2f}", *found))
    head = ("detector", "runs needed", "false / 100", *(f"{factor:g}x" for factor in _FACTORS))
    return f"### {kind}\n\n{tabulate(rows, head, tablefmt='github', disable_numparse=True)}"


def _series(recording: Recording) -> Iterator[Sequence[Vector]]:
    """
    The vectors of each test, run by run, with times as Paceline normalises them.
    """
    used = {(number, case.id): _used(case) for number, run in enumerate(recording.runs) for case in run}
    for test, series in Judged(recording).series.items():
        yield [
            (seconds, *used[number, test])
            for number, seconds in zip(series.runs, series.values, strict=True)
            if seconds > 0
        ]


def _used(case: Case) -> Vector:
    return tuple(case.usage.get(key, 0.0) for key in _USED)


def _windows(series: Sequence[tuple[bool, Sequence[Vector]]], needed: int) -> Sequence[Window]:
    windows = []
    for is_suite, vectors in series:
        for place in range(_FEWEST, len(vectors) - needed + 1):
            before = vectors[max(place - WINDOW, 0) : place]
            usual = median(one[0] for one in before)
            if not is_suite or usual >= _SHORTEST:
                is_long = not is_suite or usual >= _SHORTEST_SLOWED
                windows.append(Window(before, vectors[place : place + needed], is_long))
    return Random(_SEED).sample(windows, min(_WINDOWS, len(windows)))


def _scored(detector: Detector, windows: Sequence[Window]) -> tuple[Sequence[float], Sequence[Sequence[float]]]:
    """
    The scores of unchanged windows, and of long tests those with each factor.
    """
    scores = [
        (window.is_long, detector.scores(window.before, [window.slowed(factor) for factor in (1.0, *_FACTORS)]))
        for window in windows
    ]
    return [one[0] for _, one in scores], [one[1:] for is_long, one in scores if is_long]


def _share_above(threshold: float, scores: Sequence[float]) -> float:
    return fmean(score > threshold for score in scores) if scores else 0.0


if __name__ == "__main__":
    main()
